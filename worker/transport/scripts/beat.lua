#!lua flags=allow-oom
-- A consumer's sign of life, and a look after those that give none any more: ARGV prefix, consumer, ms without a sign
-- that count as dead, intake queue, deaths allowed. Their messages go back to the front of their queues. A message of
-- the intake queue that was in dead hands too often may be what kills them: it is booked for the caller instead.
-- Returns tag, message, … of those; their tags are crashed:queue:number.

local P, me, dead_after, intake, allowed = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local COUNTED_MS = 86400000
local t = redis.call('TIME')
local NOW = t[1] * 1000 + math.floor(t[2] / 1000)
local crashed = {}

local function text(n) return string.format('%.0f', n) end
local function number(tag) return tonumber(string.match(tag, '(%d+)$')) end

local function deaths(message)
  local key = P .. 'deaths:' .. redis.sha1hex(message)
  local count = redis.call('INCR', key)
  redis.call('PEXPIRE', key, COUNTED_MS)
  return count
end

local function inherit(consumer)
  local taken = P .. 'taken:' .. consumer
  local tags = redis.call('HKEYS', taken)
  table.sort(tags, function(a, b) return number(a) > number(b) end)
  for _, tag in ipairs(tags) do
    local message = redis.call('HGET', taken, tag)
    local queue = string.match(tag, '^(.*):%d+$')
    local suspect = string.match(queue, '^crashed:(.*)$')
    if suspect or (queue == intake and deaths(message) > allowed) then
      local mine = 'crashed:' .. (suspect or queue) .. ':' .. redis.call('INCR', P .. 'crashed')
      redis.call('HSET', P .. 'taken:' .. me, mine, message)
      crashed[#crashed + 1] = mine
      crashed[#crashed + 1] = message
    else
      redis.call('RPUSH', queue, message)
    end
  end
  redis.call('DEL', taken)
  redis.call('ZREM', P .. 'consumers', consumer)
end

redis.call('ZADD', P .. 'consumers', text(NOW), me)
local all = redis.call('ZRANGE', P .. 'consumers', '0', '-1', 'WITHSCORES')
for i = 1, #all, 2 do
  local consumer, seen = all[i], tonumber(all[i + 1])
  if seen > NOW then
    redis.call('ZADD', P .. 'consumers', text(NOW), consumer) -- the server's clock was set back
  elseif NOW - seen > dead_after and consumer ~= me then
    inherit(consumer)
  end
end
return crashed
