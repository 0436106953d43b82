#!lua flags=allow-oom
-- Take messages off a queue and book them in the same step: ARGV prefix, consumer, queue, first number, how many, bytes
-- at the most (the first message may be larger), "1" where this very call may have been made before (its answer was
-- lost), then the tags of messages that are done with. A message's tag is queue:number, its number one the caller has
-- not used before. Returns tag, message, tag, message, …; what was booked by the first call comes again, and nothing is
-- taken twice.
-- Celery keeps messages with a priority in lists of their own, named like the queue with a suffix, as tasks/queue_lists.py
-- has them; the queue's own list comes first. One question tells whether any of them is there, as seldom one is. A user
-- who may not ask it, under an older users.acl, goes without them.

local P, consumer, queue = ARGV[1], ARGV[2], ARGV[3]
local first, most, bytes_left = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local taken = P .. 'taken:' .. consumer

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
local function room() return number < first + most and bytes_left > 0 end

-- Returns the error where the name is that of something else than a list: another program's key may be orders:1.
local function take_from(list)
  while room() do
    local message = redis.pcall('RPOP', list)
    if type(message) ~= 'string' then return message end
    local tag = queue .. ':' .. number
    redis.call('HSET', taken, tag, message)
    add(tag, message)
    number = number + 1
  end
end

local failed = take_from(queue)
if type(failed) == 'table' then return failed end
if room() then
  local others = {}
  for step = 1, 9 do
    others[step], others[step + 9] = queue .. '\6\022' .. step, queue .. ':' .. step
  end
  local there = redis.pcall('EXISTS', unpack(others))
  if type(there) == 'number' and there > 0 then
    for step = 1, 9 do
      take_from(others[step])
      take_from(others[step + 9])
    end
  end
end
if #found > 0 then redis.call('ZADD', P .. 'consumers', now_ms(), consumer) end
return found
