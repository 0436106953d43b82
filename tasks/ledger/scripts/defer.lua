-- Put off what this worker cannot send now (its settings lack the account, say): ARGV prefix, id, delay_ms,
-- error_message, give_up_ms, keep_ms. No attempt is counted, and a retry does not come before its time. Returns
-- "deferred", "gave_up", or "settled" where there is nothing to do.

local id = ARGV[2]
local key = record_key(id)
local r = redis.call('HMGET', key, 'state', 'account', 'clock_at', 'clock_stood', 'tries', 'due')
if r[1] ~= 'queued' and r[1] ~= 'retrying' then return 'settled' end
redis.call('HSET', key, 'error_message', ARGV[4], 'rings', '0')
redis.call('ZADD', wake_key(r[2]), text(math.max(NOW + tonumber(ARGV[3]), tonumber(r[6]))), id)
if too_late(r[2], r[5], r[3], r[4], tonumber(ARGV[5])) then
  gave_up(id, r[2], waited_ms(r[2], r[3], r[4]), tonumber(ARGV[6]))
  return 'gave_up'
end
return 'deferred'
