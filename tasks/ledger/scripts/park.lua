-- A failed attempt that is worth another: ARGV prefix, id, fp, owner, delay_ms, ambiguous ("1"), kind (transient |
-- refused), error_code, error_message, history line, outcome and ms of the call ("" where nobody tells), give_up_ms,
-- keep_ms, breaker failures, probe_after_ms, probe_cap_ms.
-- Returns {result, CHANGE}: "parked", "gave_up" where it has waited too long, or "late" where the caller no longer owns it.

local id, fp, owner, kind = ARGV[2], ARGV[3], ARGV[4], ARGV[7]
local give_up_ms, keep_ms = tonumber(ARGV[13]), tonumber(ARGV[14])
local breaker = { failures = tonumber(ARGV[15]), probe_after = tonumber(ARGV[16]), probe_cap = tonumber(ARGV[17]) }
local key = record_key(id)
local r = read(key, { 'state', 'owner', 'account', 'clock_at', 'clock_stood', 'tries', 'recorded_by', 'history' })
local account = r.account
if not r.state then return { 'late', CHANGE } end
if r.recorded_by == owner then return { r.state == 'dead' and 'gave_up' or 'parked', CHANGE } end
local changes = { 'history', lengthened(r.history, ARGV[10]) }
if ARGV[6] == '1' and not SETTLED[r.state] then changes[3], changes[4] = 'ambiguous', '1' end
if r.state ~= 'sending' or r.owner ~= owner then
  redis.call('HSET', key, unpack(changes))
  return { 'late', CHANGE }
end

count_call(account, ARGV[11], ARGV[12])
redis.call('HDEL', key, 'owner', 'lease_until')
landed(account, fp, id)
local due = NOW + tonumber(ARGV[5])
-- A refused key is the account's fault: the order's backoff does not grow by it.
local tries = r.tries - (kind == 'refused' and 1 or 0)
redis.call('HSET', key, 'state', 'retrying', 'due', due, 'crashes', '0', 'tries', tries, 'error_code', ARGV[8],
  'error_message', ARGV[9], 'recorded_by', owner, unpack(changes))
redis.call('ZADD', wake_key(account), due, id)
if kind == 'refused' then
  refused(account, fp)
  return { 'parked', CHANGE }
end
unhealthy(account, fp, id, breaker, ARGV[9])
local a = account_state(account)
local waited = waited_ms(a, r.clock_at, r.clock_stood)
if waited >= give_up_ms and not a.paused then
  gave_up(id, account, waited, keep_ms)
  return { 'gave_up', CHANGE }
end
return { 'parked', CHANGE }
