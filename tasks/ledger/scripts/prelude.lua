-- Put before every script, after clocks.lua and counters.lua: names of keys, and the transitions that scripts have in common.
-- Every redemption that is not settled has exactly one member in its account's wake-ups; a settled one has none.

local HEALTH_KEPT_MS = 90 * 86400 * 1000 -- a fingerprint nobody uses any more is forgotten after this
local UNPROVEN_PACE = 4                  -- calls at once to an account that has never answered
local FULL_PACE = 64                     -- from here on an account counts as well
local HISTORY_BYTES = 16384

local function record_key(id) return P .. 'redemption:' .. id end
local function wake_key(account) return P .. 'wake:' .. account end
local function account_key(account) return P .. 'account:' .. account end
local function health_key(account, fp) return P .. 'health:' .. account .. ':' .. fp end
local function flight_key(account, fp) return P .. 'flight:' .. account .. ':' .. fp end

-- What was erased is known by a hash only, so that an order that comes again is not reported again.
local SALT = P .. 'erased-salt'
local function tombstone_key(salt, id) return P .. 'erased:' .. redis.sha1hex(salt .. id) end

-- One line of JSON a happening, the newest last, bounded.
local function history(key, line)
  local kept = redis.call('HGET', key, 'history') or ''
  if #kept > HISTORY_BYTES then
    kept = string.sub(kept, (string.find(kept, '\n', HISTORY_BYTES / 4, true)) + 1)
  end
  redis.call('HSET', key, 'history', kept .. '{"at":' .. text(WALL) .. ',' .. string.sub(line, 2) .. '\n')
end

local SETTLED = { redeemed = true, presumed = true, dead = true, discarded = true }

local function is_paused(account)
  return redis.call('HEXISTS', account_key(account), 'paused_at') == 1
end

-- The give-up clock: since acceptance or replay, less the time the account was paused or its key refused. What the
-- server's clock leapt ahead did not pass.
local function give_up_clock() return NOW - LEAPT end

-- Whether the time since the wakers' last look passed or was leapt over, only the next look can tell: until then
-- nothing is given up by it.
local function untold_ms() return (is_watched() or PULSE == 0) and 0 or NOW - PULSE end

local function stood_ms(account)
  local a = redis.call('HMGET', account_key(account), 'stood', 'stood_since')
  return tonumber(a[1] or 0) + (a[2] and give_up_clock() - tonumber(a[2]) or 0)
end

local function waited_ms(account, clock_at, clock_stood)
  return give_up_clock() - untold_ms() - tonumber(clock_at) - (stood_ms(account) - tonumber(clock_stood))
end

local function stand_still(account)
  redis.call('HSETNX', account_key(account), 'stood_since', text(give_up_clock() - untold_ms()))
end

-- A limit of 0 still means one attempt.
local function too_late(account, tries, clock_at, clock_stood, give_up_ms)
  return waited_ms(account, clock_at, clock_stood) >= give_up_ms and (give_up_ms > 0 or tries ~= '0')
end

local function stand_no_longer(account)
  local since = redis.call('HGET', account_key(account), 'stood_since')
  if since then
    redis.call('HINCRBY', account_key(account), 'stood', text(give_up_clock() - tonumber(since)))
    redis.call('HDEL', account_key(account), 'stood_since')
  end
end

-- Health of an account under one set of settings.
--   ramping  at most `pace` calls at once; doubles with every success; where a new account starts
--   closed   well, no limit
--   open     ill: from `probe_at` on, the first redemption to ask is the probe, one at a time, at growing intervals
--   refused  its key is wrong: nothing, until an operator resumes it or the settings change
-- CHANGE is what this script run did to it, for the log: opened, refused, recovering, closed, or nothing.
local CHANGE = ''

local function health(account, fp)
  local h = redis.call('HMGET', health_key(account, fp),
    'state', 'pace', 'failures', 'probe', 'probe_at', 'probe_every', 'relapse', 'probe_rung_at')
  return {
    state = h[1] or 'ramping', pace = tonumber(h[2] or UNPROVEN_PACE), failures = tonumber(h[3] or 0), probe = h[4],
    probe_at = tonumber(h[5] or 0), probe_every = tonumber(h[6] or 0), relapse = h[7] == '1',
    probe_rung_at = tonumber(h[8] or 0),
  }
end

local function set_health(account, fp, ...)
  redis.call('SADD', P .. 'fingerprints:' .. account, fp)
  redis.call('HSET', health_key(account, fp), ...)
  redis.call('PEXPIRE', health_key(account, fp), HEALTH_KEPT_MS)
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
    set_health(account, fp, 'state', 'closed', 'failures', '0', 'relapse', '0', 'proven', '1', 'since', text(WALL))
  else
    if h.state ~= 'ramping' then CHANGE = 'recovering' end
    local relapse = (h.state ~= 'ramping' or h.relapse) and '1' or '0'
    set_health(account, fp, 'state', 'ramping', 'pace', text(pace), 'failures', '0', 'relapse', relapse,
      'proven', '1', 'since', text(WALL))
  end
end

local function open_breaker(account, fp, every, was)
  if was ~= 'open' then
    CHANGE = 'opened'
    set_health(account, fp, 'since', text(WALL))
  end
  set_health(account, fp, 'state', 'open', 'probe_every', text(every), 'probe_at', text(NOW + every), 'probe', '')
end

-- A transient failure, and what it was. `breaker` has failures, probe_after, probe_cap (ms).
local function unhealthy(account, fp, id, breaker, why)
  local h = health(account, fp)
  set_health(account, fp, 'failures', text(h.failures + 1), 'why', why)
  if h.state == 'open' then
    if h.probe == id then open_breaker(account, fp, math.min(h.probe_every * 2, breaker.probe_cap), h.state) end
  elseif h.state == 'ramping' and h.relapse then
    open_breaker(account, fp, math.min(math.max(h.probe_every, breaker.probe_after), breaker.probe_cap),
      h.state)
  elseif h.state ~= 'refused' and h.failures + 1 >= breaker.failures then
    open_breaker(account, fp, breaker.probe_after, h.state)
  end
end

local function refused(account, fp)
  if health(account, fp).state ~= 'refused' then CHANGE = 'refused' end
  set_health(account, fp, 'state', 'refused', 'since', text(WALL))
  stand_still(account)
end

-- Does the account take a call now? To one that is ill only the waker sends anything, so opening and replaying do
-- not ask for `may_probe`: nothing circulates meanwhile.
local function takes_calls(account, fp, may_probe)
  if is_paused(account) then return false end
  local h = health(account, fp)
  if h.state == 'closed' then return true end
  if h.state == 'ramping' then return in_flight(account, fp) < h.pace end
  return may_probe and h.state == 'open' and NOW >= h.probe_at and in_flight(account, fp) == 0
end

-- A call begins: counted, and the probe if its account is ill.
local function takes_off(account, fp, id, lease_until)
  redis.call('ZADD', flight_key(account, fp), text(lease_until), id)
  local h = health(account, fp)
  if h.state == 'open' then
    set_health(account, fp, 'probe', id, 'probe_at', text(NOW + h.probe_every))
  end
end

local function landed(account, fp, id)
  redis.call('ZREM', flight_key(account, fp), id)
end

-- A write whose answer was lost is made again: what an attempt recorded is known by its owner.
local function is_repeated(key, owner) return redis.call('HGET', key, 'recorded_by') == owner end

-- An entry in the outcome stream: what reconciliation and lag are told from. `at` is when it came about by the server's
-- clock, which the entry's own id does not follow back. The record of a dead letter keeps that id: of a letter that
-- died twice only the last death counts.
local OUTCOME = { 'id', 'partner', 'shop', 'order_id', 'code', 'state', 'attempts', 'order_value', 'currency',
  'completed_at', 'accepted_at', 'reported_at', 'reason', 'error_code', 'error_message', 'receipt', 'test' }

local function outcome(id, keep_ms)
  local values = redis.call('HMGET', record_key(id), unpack(OUTCOME))
  local entry = { 'at', text(WALL) }
  for i, name in ipairs(OUTCOME) do
    local value = name == 'id' and id or values[i]
    if value then
      entry[#entry + 1] = name
      entry[#entry + 1] = value
    end
  end
  return redis.call('XADD', P .. 'outcomes', 'MINID', '~', text(WALL - keep_ms), '*', unpack(entry))
end

local function leave_wake(account, id) redis.call('ZREM', wake_key(account), id) end

-- To the dead letters. The record keeps all that a replay needs, and does not expire.
local function bury(id, account, reason, code, message, keep_ms)
  local key = record_key(id)
  redis.call('HDEL', key, 'owner', 'lease_until')
  redis.call('HSET', key, 'state', 'dead', 'died_at', text(WALL), 'reason', reason, 'error_code', code,
    'error_message', message)
  leave_wake(account, id)
  redis.call('ZADD', P .. 'dead', text(WALL), id)
  redis.call('HSET', key, 'outcome', outcome(id, keep_ms))
  if redis.call('HGET', key, 'test') ~= '1' then count_death(account, reason, code) end
end

local function gave_up(id, account, waited, keep_ms)
  local last = redis.call('HGET', record_key(id), 'error_message') or ''
  local message = string.format('gave up after %d s', math.floor(waited / 1000))
  if last ~= '' then message = message .. ': ' .. last end
  bury(id, account, 'gave_up', redis.call('HGET', record_key(id), 'error_code') or '', message, keep_ms)
end

-- Whose doorbell to ring, and the wake-up that follows if nobody hears it.
local function ring(id, account, ring_ms)
  local rings = redis.call('HINCRBY', record_key(id), 'rings', 1)
  redis.call('ZADD', wake_key(account), text(NOW + ring_ms * math.min(rings, 3)), id)
end
