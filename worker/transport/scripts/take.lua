#!lua flags=allow-oom
-- Take messages off a queue and book them in the same step: ARGV prefix, consumer, queue, first number, how many, bytes
-- at the most (the first message may be larger), "1" where this very call may have been made before (its answer was
-- lost), then the tags of messages that are done with. A message's tag is queue:number, its number one the caller has
-- not used before. Returns tag, message, tag, message, …; what was booked by the first call comes again, and nothing is
-- taken twice.
-- Celery keeps messages of other priorities in lists of their own, named like the queue with a suffix.

local P, consumer, queue = ARGV[1], ARGV[2], ARGV[3]
local first, most, bytes_left = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local taken = P .. 'taken:' .. consumer
local lists = { queue, queue .. '\6\0223', queue .. '\6\0226', queue .. '\6\0229' }

local function now_ms()
  local t = redis.call('TIME')
  return string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
end

for done = 8, #ARGV do redis.call('HDEL', taken, ARGV[done]) end

local found = {}
local function add(tag, message)
  found[#found + 1] = tag
  found[#found + 1] = message
  bytes_left = bytes_left - #message
end

local number = first
if ARGV[7] == '1' then
  for n = first, first + most - 1 do
    local tag = queue .. ':' .. n
    local message = redis.call('HGET', taken, tag)
    if message then
      add(tag, message)
      number = n + 1
    end
  end
end
for _, list in ipairs(lists) do
  while number < first + most and bytes_left > 0 do
    local message = redis.call('RPOP', list)
    if not message then break end
    local tag = queue .. ':' .. number
    redis.call('HSET', taken, tag, message)
    add(tag, message)
    number = number + 1
  end
end
if #found > 0 then redis.call('ZADD', P .. 'consumers', now_ms(), consumer) end
return found
