-- Claim a redemption for one attempt: ARGV prefix, id, fp, owner, lease_ms, give_up_ms, crashes_allowed.
-- The attempt is counted before the call. Returns a status and, where the caller now owns it, the record, in which what
-- stands last of a name counts:
--   claimed    send it
--   crashed    its lease ran out too often in a row, bury it
--   gave_up    it waited too long, bury it
-- or: settled, busy (a live owner), early (it waits for its backoff), resting (its account takes nothing), unknown.
-- Made again by the same owner, because the answer was lost, it renews the lease and counts nothing.

local id, fp, owner = ARGV[2], ARGV[3], ARGV[4]
local lease_ms, give_up_ms, crashes_allowed = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local key = record_key(id)
local record, r = redis.call('HGETALL', key), {}
for i = 1, #record, 2 do r[record[i]] = record[i + 1] end
local state, account, due, test = r.state, r.account, tonumber(r.due or 0), r.test == '1'

if not state then return { 'unknown' } end
if SETTLED[state] then return { 'settled' } end
if state == 'retrying' and due > NOW then return { 'early' } end

local changes = {}
local function change(name, value)
  changes[#changes + 1] = name
  changes[#changes + 1] = value
end

local crashes = tonumber(r.crashes or 0)
local mine = state == 'sending' and r.owner == owner
if state == 'sending' and not mine then
  if tonumber(r.lease_until) > NOW or not may_reap() then return { 'busy' } end
  -- Its owner died between sending and recording, or is about to find out that it no longer owns it.
  crashes, due = crashes + 1, NOW
  change('ambiguous', '1')
  change('crashes', text(crashes))
  change('state', 'retrying')
  change('due', text(NOW))
  change('history', lengthened(r.history, '{"outcome":"lease_expired","ambiguous":true}'))
  redis.call('HDEL', key, 'owner', 'lease_until')
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
  redis.call('HSET', key, 'rings', '0', unpack(changes))
  redis.call('ZADD', wake_key(account), due, id)
  return { 'resting' }
end

local lease_until = NOW + lease_ms
change('state', 'sending')
change('owner', owner)
change('claimed_as', status)
change('lease_until', text(lease_until))
change('rings', '0')
if status == 'claimed' and not mine then
  change('attempts', text(r.attempts + 1))
  change('tries', text(r.tries + 1))
end
redis.call('HSET', key, unpack(changes))
redis.call('ZADD', wake_key(account), lease_until, id)
if status == 'claimed' and not test then takes_off(account, fp, id, lease_until, h) end
for _, text_or_name in ipairs(changes) do record[#record + 1] = text_or_name end
return { status, record }
