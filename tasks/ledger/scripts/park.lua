-- A failed attempt that is worth another: ARGV prefix, id, fp, owner, delay_ms, ambiguous ("1"), kind (transient |
-- refused), error_code, error_message, history line, give_up_ms, keep_ms, breaker failures, probe_after_ms, probe_cap_ms.
-- Returns {result, CHANGE}: "parked", "gave_up" where it has waited too long, or "late" where the caller no longer owns it.

local id, fp, owner, kind = ARGV[2], ARGV[3], ARGV[4], ARGV[7]
local key = record_key(id)
local r = redis.call('HMGET', key, 'state', 'owner', 'account', 'clock_at', 'clock_stood')
local account = r[3]
if not r[1] then return { 'late', CHANGE } end
if is_repeated(key, owner) then return { r[1] == 'dead' and 'gave_up' or 'parked', CHANGE } end
history(key, ARGV[10])
if ARGV[6] == '1' and not SETTLED[r[1]] then redis.call('HSET', key, 'ambiguous', '1') end
if r[1] ~= 'sending' or r[2] ~= owner then return { 'late', CHANGE } end

count_call(account, ARGV[10])
redis.call('HDEL', key, 'owner', 'lease_until')
landed(account, fp, id)
local due = NOW + tonumber(ARGV[5])
redis.call('HSET', key, 'state', 'retrying', 'due', text(due), 'crashes', '0', 'error_code', ARGV[8],
  'error_message', ARGV[9], 'recorded_by', owner)
redis.call('ZADD', wake_key(account), text(due), id)
if kind == 'refused' then
  redis.call('HINCRBY', key, 'tries', -1) -- the account's fault: the order's backoff does not grow by it
  refused(account, fp)
  return { 'parked', CHANGE }
end
unhealthy(account, fp, id, { failures = tonumber(ARGV[13]), probe_after = tonumber(ARGV[14]), probe_cap = tonumber(ARGV[15]) },
  ARGV[9])
local waited = waited_ms(account, r[4], r[5])
if waited >= tonumber(ARGV[11]) and not is_paused(account) then
  gave_up(id, account, waited, tonumber(ARGV[12]))
  return { 'gave_up', CHANGE }
end
return { 'parked', CHANGE }
