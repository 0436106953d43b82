-- Claim a redemption for one attempt: ARGV prefix, id, fp, owner, lease_ms, give_up_ms, crashes_allowed.
-- The attempt is counted before the call. Returns a status and, where the caller now owns it, the record:
--   claimed    send it
--   crashed    its lease ran out too often in a row, bury it
--   gave_up    it waited too long, bury it
-- or: settled, busy (a live owner), early (it waits for its backoff), resting (its account takes nothing), unknown.
-- Made again by the same owner, because the answer was lost, it renews the lease and counts nothing.

local id, fp, owner = ARGV[2], ARGV[3], ARGV[4]
local lease_ms, give_up_ms, crashes_allowed = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local key = record_key(id)
local r = redis.call('HMGET', key, 'state', 'account', 'due', 'lease_until', 'crashes', 'clock_at', 'clock_stood', 'test',
  'tries', 'owner', 'claimed_as')
local state, account, due, test = r[1], r[2], tonumber(r[3] or 0), r[8] == '1'

if not state then return { 'unknown' } end
if SETTLED[state] then return { 'settled' } end
if state == 'retrying' and due > NOW then return { 'early' } end

local crashes = tonumber(r[5] or 0)
local mine = state == 'sending' and r[10] == owner
if state == 'sending' and not mine then
  if tonumber(r[4]) > NOW or not may_reap() then return { 'busy' } end
  -- Its owner died between sending and recording, or is about to find out that it no longer owns it.
  crashes = crashes + 1
  redis.call('HSET', key, 'ambiguous', '1', 'crashes', text(crashes), 'state', 'retrying', 'due', text(NOW))
  redis.call('HDEL', key, 'owner', 'lease_until')
  history(key, '{"outcome":"lease_expired","ambiguous":true}')
  count(account, 'lease_expired')
  due = NOW
end

local status = 'claimed'
if mine then
  status = r[11]
elseif crashes >= crashes_allowed then
  status = 'crashed'
elseif too_late(account, r[9], r[6], r[7], give_up_ms) and not is_paused(account)
    and health(account, fp).state ~= 'refused' then
  status = 'gave_up'
elseif not test and not takes_calls(account, fp, true) then
  -- Its doorbell was heard: the next one is not a repetition.
  redis.call('HSET', key, 'rings', '0')
  redis.call('ZADD', wake_key(account), text(due), id)
  return { 'resting' }
end

local lease_until = NOW + lease_ms
redis.call('HSET', key, 'state', 'sending', 'owner', owner, 'claimed_as', status, 'lease_until', text(lease_until),
  'rings', '0')
redis.call('ZADD', wake_key(account), text(lease_until), id)
if status == 'claimed' then
  if not mine then
    redis.call('HINCRBY', key, 'attempts', 1)
    redis.call('HINCRBY', key, 'tries', 1)
  end
  if not test then takes_off(account, fp, id, lease_until) end
end
return { status, redis.call('HGETALL', key) }
