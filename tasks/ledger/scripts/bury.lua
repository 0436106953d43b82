-- To the dead letters, by the owner only: ARGV prefix, id, fp, owner, reason, error_code, error_message,
-- history line, keep_ms, answered ("1": the partner answered, so the account is well).
-- Returns {result, CHANGE}: "buried" or "late".

local id, fp, owner = ARGV[2], ARGV[3], ARGV[4]
local key = record_key(id)
local r = redis.call('HMGET', key, 'state', 'owner', 'account')
if not r[1] then return { 'late', CHANGE } end
if is_repeated(key, owner) then return { 'buried', CHANGE } end
history(key, ARGV[8])
if r[1] ~= 'sending' or r[2] ~= owner then return { 'late', CHANGE } end
landed(r[3], fp, id)
redis.call('HSET', key, 'recorded_by', owner)
bury(id, r[3], ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[9]))
if ARGV[10] == '1' then
  count_call(r[3], ARGV[8])
  healthy(r[3], fp)
end
return { 'buried', CHANGE }
