-- Claim a redemption for one attempt: ARGV prefix, id, fp, owner, lease_ms, give_up_ms, crashes_allowed.
-- The attempt is counted before the call. Returns a status and, where the caller now owns it, the record:
--   claimed    send it
--   crashed    its lease ran out too often in a row, bury it
--   gave_up    it waited too long, bury it
-- or: settled, busy (a live owner), early (it waits for its backoff), resting (its account takes nothing), unknown.

local id, fp, owner = ARGV[2], ARGV[3], ARGV[4]
local lease_ms, give_up_ms, crashes_allowed = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local key = record_key(id)
local r = redis.call('HMGET', key, 'state', 'account', 'due', 'lease_until', 'crashes', 'clock_at', 'clock_stood', 'test',
  'tries')
local state, account, due, test = r[1], r[2], tonumber(r[3] or 0), r[8] == '1'

if not state then return { 'unknown' } end
if SETTLED[state] then return { 'settled' } end
if state == 'retrying' and due > NOW then return { 'early' } end

local crashes = tonumber(r[5] or 0)
if state == 'sending' then
  local reap_after = tonumber(redis.call('GET', P .. 'reap_after') or 0)
  if tonumber(r[4]) > NOW or reap_after > NOW then return { 'busy' } end
  -- Its owner died between sending and recording, or is about to find out that it no longer owns it.
  crashes = crashes + 1
  redis.call('HSET', key, 'ambiguous', '1', 'crashes', text(crashes), 'state', 'retrying', 'due', text(NOW))
  redis.call('HDEL', key, 'owner', 'lease_until')
  redis.call('ZADD', wake_key(account), text(NOW), id)
  history(key, '{"outcome":"lease_expired","ambiguous":true}')
  due = NOW
end

-- A limit of 0 still means one attempt.
local function too_late()
  return waited_ms(account, r[6], r[7]) >= give_up_ms and (give_up_ms > 0 or r[9] ~= '0')
    and not is_paused(account) and health(account, fp).state ~= 'refused'
end

local status = 'claimed'
if crashes >= crashes_allowed then
  status = 'crashed'
elseif too_late() then
  status = 'gave_up'
elseif not test and not may_send(account, fp, id, lease_ms) then
  redis.call('ZADD', wake_key(account), text(due), id)
  return { 'resting' }
end

local lease_until = NOW + lease_ms
redis.call('HSET', key, 'state', 'sending', 'owner', owner, 'lease_until', text(lease_until), 'rings', '0')
redis.call('ZADD', wake_key(account), text(lease_until), id)
if status == 'claimed' then
  redis.call('HINCRBY', key, 'attempts', 1)
  redis.call('HINCRBY', key, 'tries', 1)
  if not test then redis.call('ZADD', flight_key(account, fp), text(lease_until), id) end
end
return { status, redis.call('HGETALL', key) }
