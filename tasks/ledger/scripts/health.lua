-- Shared: the health of an account under one set of settings.
--   ramping  at most `pace` calls at once; doubles with every success; where a new account starts
--   closed   well, no limit
--   open     ill: from `probe_at` on, the first redemption to ask is the probe, one at a time, at growing intervals
--   refused  its key is wrong: nothing, until an operator resumes it or the settings change

local HEALTH_KEPT_MS = 90 * 86400 * 1000 -- a fingerprint nobody uses any more is forgotten after this
local UNPROVEN_PACE = 4                  -- calls at once to an account that has never answered
local FULL_PACE = 64                     -- from here on an account counts as well

-- What this script run did to it, for the log: opened, refused, recovering, closed, or nothing.
local CHANGE = ''

-- Of an account that is well only what is asked of such.
local function health(account, fp)
  local key = health_key(account, fp)
  local h = redis.call('HMGET', key, 'state', 'failures')
  local state, failures = h[1] or 'ramping', tonumber(h[2] or 0)
  if state == 'closed' then return { state = state, failures = failures } end
  h = redis.call('HMGET', key, 'pace', 'probe', 'probe_at', 'probe_every', 'relapse', 'probe_rung_at')
  return {
    state = state, failures = failures, pace = tonumber(h[1] or UNPROVEN_PACE), probe = h[2],
    probe_at = tonumber(h[3] or 0), probe_every = tonumber(h[4] or 0), relapse = h[5] == '1',
    probe_rung_at = tonumber(h[6] or 0),
  }
end

local function set_health(account, fp, ...)
  redis.call('SADD', P .. 'fingerprints:' .. account, fp)
  redis.call('HSET', health_key(account, fp), ...)
  redis.call('PEXPIRE', health_key(account, fp), HEALTH_KEPT_MS)
end

-- A worker looks after the account with these settings: when it last did stands in the account's hash. Settings that no
-- worker has had for as long as health is kept are forgotten with the first look of new ones.
local function note_used(account, fp)
  local key = account_key(account)
  if redis.call('HSET', key, 'known_at', NOW, 'used:' .. fp, NOW) == 0 then return end
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 5) == 'used:' and NOW - tonumber(fields[i + 1]) > HEALTH_KEPT_MS then
      redis.call('HDEL', key, fields[i])
    end
  end
end

local function in_flight(account, fp)
  redis.call('ZREMRANGEBYSCORE', flight_key(account, fp), '-inf', NOW)
  return redis.call('ZCARD', flight_key(account, fp))
end

local function healthy(account, fp)
  local h = health(account, fp)
  if h.state == 'closed' then
    if h.failures > 0 then set_health(account, fp, 'failures', '0') end
    return
  end
  local pace = (h.state == 'ramping' and h.pace or 1) * 2
  if pace >= FULL_PACE then
    if h.relapse then CHANGE = 'closed' end
    set_health(account, fp, 'state', 'closed', 'failures', '0', 'relapse', '0', 'proven', '1', 'since', WALL)
  else
    if h.state ~= 'ramping' then CHANGE = 'recovering' end
    local relapse = (h.state ~= 'ramping' or h.relapse) and '1' or '0'
    set_health(account, fp, 'state', 'ramping', 'pace', pace, 'failures', '0', 'relapse', relapse,
      'proven', '1', 'since', WALL)
  end
end

-- In how many ms to probe an account that failed once more; nil where that does not open its breaker.
local function probe_every(h, id, breaker)
  if h.state == 'open' then
    return h.probe == id and math.min(h.probe_every * 2, breaker.probe_cap) or nil
  elseif h.state == 'ramping' and h.relapse then
    return math.min(math.max(h.probe_every, breaker.probe_after), breaker.probe_cap)
  elseif h.state ~= 'refused' and h.failures + 1 >= breaker.failures then
    return breaker.probe_after
  end
end

-- A transient failure, and what it was. `breaker` has failures, probe_after, probe_cap (ms).
local function unhealthy(account, fp, id, breaker, why)
  local h = health(account, fp)
  local told = { 'failures', h.failures + 1, 'why', why }
  local every = probe_every(h, id, breaker)
  if every and h.state ~= 'open' then
    CHANGE = 'opened'
    told[5], told[6] = 'since', WALL
  end
  if every then
    set_health(account, fp, 'state', 'open', 'probe_every', every, 'probe_at', NOW + every, 'probe', '', unpack(told))
  else
    set_health(account, fp, unpack(told))
  end
end

local function refused(account, fp)
  if health(account, fp).state ~= 'refused' then CHANGE = 'refused' end
  set_health(account, fp, 'state', 'refused', 'since', WALL)
  stand_still(account)
end

-- Does the account, whose state is `a` and whose health is `h`, take a call now? To one that is ill only the waker sends
-- anything, so opening and replaying do not ask for `may_probe`: nothing circulates meanwhile.
local function takes_calls(a, fp, h, may_probe)
  if a.paused then return false end
  if h.state == 'closed' then return true end
  if h.state == 'ramping' then return in_flight(a.name, fp) < h.pace end
  return may_probe and h.state == 'open' and NOW >= h.probe_at and in_flight(a.name, fp) == 0
end

-- A call begins: counted, and the probe if its account is ill.
local function takes_off(account, fp, id, lease_until, h)
  redis.call('ZADD', flight_key(account, fp), lease_until, id)
  if h.state == 'open' then set_health(account, fp, 'probe', id, 'probe_at', NOW + h.probe_every) end
end

local function landed(account, fp, id)
  redis.call('ZREM', flight_key(account, fp), id)
end
