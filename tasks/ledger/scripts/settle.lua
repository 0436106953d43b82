-- The partner's yes: ARGV prefix, id, fp, owner, state (redeemed | presumed), receipt, history line, ms that the call
-- took ("" where nobody tells), keep_ms.
-- A former owner's definite yes counts too, as long as nobody else settled: even over a dead letter, which a replay
-- would send again. A presumed one counts only from the owner.
-- Returns {result, CHANGE}: "settled", or "late" where it was settled already or is another's to presume.

local READ = { 'partner', 'shop', 'order_id', 'code', 'state', 'attempts', 'order_value', 'currency', 'completed_at',
  'accepted_at', 'test', 'owner', 'account', 'recorded_by', 'history' }
local id, fp, owner, state, receipt = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local keep_ms = tonumber(ARGV[9])
local key = record_key(id)
local r = read(key, READ)
local was = r.state
if not was then return { 'late', CHANGE } end
if r.recorded_by == owner then return { 'settled', CHANGE } end
local story = lengthened(r.history, ARGV[7])
if SETTLED[was] and not (was == 'dead' and state == 'redeemed') or r.owner ~= owner and state ~= 'redeemed' then
  redis.call('HSET', key, 'history', story)
  return { 'late', CHANGE }
end

redis.call('HDEL', key, 'personal', 'owner', 'lease_until', 'reason', 'error_code', 'error_message', 'died_at')
redis.call('HSET', key, 'state', state, 'receipt', receipt, 'reported_at', WALL, 'recorded_by', owner, 'history', story)
redis.call('PEXPIRE', key, keep_ms)
leave_wake(r.account, id)
if was == 'dead' then redis.call('ZREM', P .. 'dead', id) end
landed(r.account, fp, id)
r.state, r.receipt, r.reported_at = state, receipt, WALL
outcome(id, r, keep_ms)
if r.test ~= '1' then
  count_yes(r.account, state, r.completed_at, ARGV[8])
  healthy(r.account, fp)
end
return { 'settled', CHANGE }
