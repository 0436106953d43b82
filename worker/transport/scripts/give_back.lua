#!lua flags=allow-oom
-- Put booked messages back onto their queues: ARGV prefix, consumer, "last" (behind everything that waits) or "next",
-- then their tags; without any, all that the consumer has, and the consumer is forgotten. Returns how many.

local P, consumer, where = ARGV[1], ARGV[2], ARGV[3]
local taken = P .. 'taken:' .. consumer
local tags = {}
for i = 4, #ARGV do tags[#tags + 1] = ARGV[i] end
if #tags == 0 then
  tags = redis.call('HKEYS', taken)
  redis.call('ZREM', P .. 'consumers', consumer)
end

local function number(tag) return tonumber(string.match(tag, '(%d+)$')) end
-- The oldest was taken first: it goes back as the last of those that go to the front.
table.sort(tags, function(a, b) return number(a) > number(b) end)

local count = 0
for _, tag in ipairs(tags) do
  local message = redis.call('HGET', taken, tag)
  if message then
    local queue = string.match(tag, '^(.*):%d+$')
    redis.call(where == 'last' and 'LPUSH' or 'RPUSH', queue, message)
    redis.call('HDEL', taken, tag)
    count = count + 1
  end
end
return count
