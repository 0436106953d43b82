#!lua flags=allow-oom
-- Which installations have workers that take from this database's queues: ARGV key prefix without its colon, ms without a
-- heartbeat that count as dead, and what to do: "claim" notes this installation's heartbeat unless another one is alive,
-- "beat" notes it in any case, "leave" forgets it, unless workers of its are left. Returns prefix, ms since its heartbeat,
-- … of the others that are alive.
-- The queues' names have no prefix, so neither has this key: whoever shares them must find it.

local KEY = 'redeem-installations'
local KEPT_MS = 3600000
local prefix, dead_after, act = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local t = redis.call('TIME')
local NOW = t[1] * 1000 + math.floor(t[2] / 1000)

local function text(n) return string.format('%.0f', n) end

local others = {}
local all = redis.call('ZRANGE', KEY, '0', '-1', 'WITHSCORES')
for i = 1, #all, 2 do
  local silent = NOW - tonumber(all[i + 1])
  if silent < 0 then -- the server's clock was set back
    redis.call('ZADD', KEY, text(NOW), all[i])
    silent = 0
  end
  if silent > dead_after then
    redis.call('ZREM', KEY, all[i])
  elseif all[i] ~= prefix then
    others[#others + 1] = all[i]
    others[#others + 1] = text(silent)
  end
end
if act == 'beat' or act == 'claim' and #others == 0 then
  redis.call('ZADD', KEY, text(NOW), prefix)
  redis.call('PEXPIRE', KEY, KEPT_MS)
elseif act == 'leave' and redis.call('ZCARD', prefix .. ':consumers') == 0 then
  redis.call('ZREM', KEY, prefix)
end
return others
