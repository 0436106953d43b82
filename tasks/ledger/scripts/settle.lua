-- The partner's yes: ARGV prefix, id, fp, owner, state (redeemed | presumed), receipt, history line, keep_ms.
-- A former owner's definite yes counts too, as long as nobody else settled: even over a dead letter, which a replay
-- would send again. A presumed one counts only from the owner.
-- Returns {result, CHANGE}: "settled", or "late" where it was settled already or is another's to presume.

local id, fp, owner, state, receipt = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local keep_ms = tonumber(ARGV[8])
local key = record_key(id)
local r = redis.call('HMGET', key, 'state', 'owner', 'account', 'test', 'completed_at')
if not r[1] then return { 'late', CHANGE } end
if is_repeated(key, owner) then return { 'settled', CHANGE } end
history(key, ARGV[7])
if SETTLED[r[1]] and not (r[1] == 'dead' and state == 'redeemed') then return { 'late', CHANGE } end
if r[2] ~= owner and state ~= 'redeemed' then return { 'late', CHANGE } end

local account, test = r[3], r[4] == '1'
redis.call('HDEL', key, 'personal', 'owner', 'lease_until', 'reason', 'error_code', 'error_message', 'died_at')
redis.call('HSET', key, 'state', state, 'receipt', receipt, 'reported_at', text(WALL), 'recorded_by', owner)
redis.call('PEXPIRE', key, text(keep_ms))
leave_wake(account, id)
redis.call('ZREM', P .. 'dead', id)
landed(account, fp, id)
outcome(id, keep_ms)
if not test then
  count_yes(account, state, r[5], ARGV[7])
  healthy(account, fp)
end
return { 'settled', CHANGE }
