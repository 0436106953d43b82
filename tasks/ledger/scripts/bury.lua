-- To the dead letters, by the owner only: ARGV prefix, id, fp, owner, reason, error_code, error_message,
-- history line, outcome and ms of the call ("" where nobody tells), keep_ms, answered ("1": the partner answered, so the
-- account is well).
-- Returns {result, CHANGE}: "buried" or "late".

local id, fp, owner = ARGV[2], ARGV[3], ARGV[4]
local key = record_key(id)
local r = read(key, { 'state', 'owner', 'account', 'recorded_by', 'history' })
if not r.state then return { 'late', CHANGE } end
if r.recorded_by == owner then return { 'buried', CHANGE } end
local story = lengthened(r.history, ARGV[8])
if r.state ~= 'sending' or r.owner ~= owner then
  redis.call('HSET', key, 'history', story)
  return { 'late', CHANGE }
end
landed(r.account, fp, id)
bury(id, r.account, ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[11]), 'recorded_by', owner, 'history', story)
if ARGV[12] == '1' then
  count_call(r.account, ARGV[9], ARGV[10])
  healthy(r.account, fp)
end
return { 'buried', CHANGE }
