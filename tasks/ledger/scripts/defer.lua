-- Put off what this worker cannot send now (its settings lack the account, say): ARGV prefix, id, delay_ms,
-- error_message, give_up_ms, keep_ms. No attempt is counted, and a retry does not come before its time. Returns
-- "deferred", "gave_up", or "settled" where there is nothing to do.

local id = ARGV[2]
local key = record_key(id)
local r = read(key, { 'state', 'account', 'clock_at', 'clock_stood', 'tries', 'due' })
if r.state ~= 'queued' and r.state ~= 'retrying' then return 'settled' end
redis.call('HSET', key, 'error_message', ARGV[4], 'rings', '0')
redis.call('ZADD', wake_key(r.account), math.max(NOW + tonumber(ARGV[3]), tonumber(r.due)), id)
local a = account_state(r.account)
if too_late(a, r.tries, r.clock_at, r.clock_stood, tonumber(ARGV[5])) then
  gave_up(id, r.account, waited_ms(a, r.clock_at, r.clock_stood), tonumber(ARGV[6]))
  return 'gave_up'
end
return 'deferred'
