-- Shared: what an operator and a refused key decide for a whole account, and the give-up clock that heeds it.

-- What stands in an account's hash, read once: its name, whether it is paused, and how long its clock stood.
local function account_state(account)
  local a = redis.call('HMGET', account_key(account), 'paused_at', 'stood', 'stood_since')
  return { name = account, paused = a[1] and true, stood = tonumber(a[2] or 0), since = a[3] and tonumber(a[3]) }
end

-- The give-up clock: since acceptance or replay, less the time the account was paused or its key refused. What the
-- server's clock leapt ahead did not pass.
local function give_up_clock() return NOW - LEAPT end

-- Whether the time since the wakers' last look passed or was leapt over, only the next look can tell, and that of a new
-- worker cannot: until then nothing is given up by it.
local function untold_ms() return unsure_ms() + ((is_watched() or PULSE == 0) and 0 or NOW - PULSE) end

local function stood_ms(a) return a.stood + (a.since and give_up_clock() - a.since or 0) end

local function waited_ms(a, clock_at, clock_stood)
  return give_up_clock() - untold_ms() - tonumber(clock_at) - (stood_ms(a) - tonumber(clock_stood))
end

-- A limit of 0 still means one attempt.
local function too_late(a, tries, clock_at, clock_stood, give_up_ms)
  return waited_ms(a, clock_at, clock_stood) >= give_up_ms and (give_up_ms > 0 or tries ~= '0')
end

local function stand_still(account)
  redis.call('HSETNX', account_key(account), 'stood_since', give_up_clock() - untold_ms())
end

local function stand_no_longer(a)
  if not a.since then return end
  a.stood, a.since = stood_ms(a), nil
  redis.call('HSET', account_key(a.name), 'stood', a.stood)
  redis.call('HDEL', account_key(a.name), 'stood_since')
end
