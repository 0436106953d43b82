-- Claim a redemption for one attempt: ARGV prefix, id, fp, owner, lease_ms, give_up_ms, crashes_allowed.
-- The attempt is counted before the call. Returns a status and, where the caller now owns it, JSON of what a
-- call needs of it (TOLD):
--   claimed    send it
--   crashed    its lease ran out too often in a row, bury it
--   gave_up    it waited too long, bury it
-- or: settled, busy (a live owner), early (it waits for its backoff), resting (its account takes nothing), unknown.
-- Made again by the same owner, because the answer was lost, it renews the lease and counts nothing.

local TOLD = { 'partner', 'shop', 'order_id', 'code', 'order_value', 'currency', 'discount', 'completed_at', 'details',
  'personal', 'test', 'ambiguous', 'error_message', 'state', 'attempts', 'tries' }
local READ = { 'account', 'due', 'owner', 'lease_until', 'claimed_as', 'crashes', 'clock_at', 'clock_stood', unpack(TOLD) }
local id, fp, owner = ARGV[2], ARGV[3], ARGV[4]
local lease_ms, give_up_ms, crashes_allowed = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local key = record_key(id)
local r = read(key, READ)
local state, account, due, test = r.state, r.account, tonumber(r.due or 0), r.test == '1'

if not state then return { 'unknown' } end
if SETTLED[state] then return { 'settled' } end
if state == 'retrying' and due > NOW then return { 'early' } end

local crashes = tonumber(r.crashes or 0)
local mine = state == 'sending' and r.owner == owner
if state == 'sending' and not mine then
  if tonumber(r.lease_until) > NOW or not may_reap() then return { 'busy' } end
  -- Its owner died between sending and recording, or is about to find out that it no longer owns it.
  crashes, due, r.ambiguous = crashes + 1, NOW, '1'
  redis.call('HSET', key, 'ambiguous', '1', 'crashes', crashes, 'state', 'retrying', 'due', NOW)
  redis.call('HDEL', key, 'owner', 'lease_until')
  history(key, '{"outcome":"lease_expired","ambiguous":true}')
  count(account, 'lease_expired')
end

local a, h, status = account_state(account), health(account, fp), 'claimed'
if mine then
  status = r.claimed_as
elseif crashes >= crashes_allowed then
  status = 'crashed'
elseif too_late(a, r.tries, r.clock_at, r.clock_stood, give_up_ms) and not a.paused and h.state ~= 'refused' then
  status = 'gave_up'
elseif not test and not takes_calls(a, fp, h, true) then
  -- Its doorbell was heard: the next one is not a repetition.
  redis.call('HSET', key, 'rings', '0')
  redis.call('ZADD', wake_key(account), due, id)
  return { 'resting' }
end

local lease_until, counts = NOW + lease_ms, status == 'claimed' and not mine and 1 or 0
r.state, r.attempts, r.tries = 'sending', text(r.attempts + counts), text(r.tries + counts)
redis.call('HSET', key, 'state', r.state, 'owner', owner, 'claimed_as', status, 'lease_until', lease_until, 'rings', '0',
  'attempts', r.attempts, 'tries', r.tries)
redis.call('ZADD', wake_key(account), lease_until, id)
if status == 'claimed' and not test then takes_off(account, fp, id, lease_until, h) end
local told = {}
for _, name in ipairs(TOLD) do told[name] = r[name] end
return { status, cjson.encode(told) }
