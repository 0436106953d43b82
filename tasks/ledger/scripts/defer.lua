-- Put off what this worker cannot send (its settings lack the account): ARGV prefix, id, delay_ms, error_message,
-- give_up_ms, keep_ms. No attempt is counted. Returns "deferred", "gave_up", or "settled" where there is nothing to do.

local id = ARGV[2]
local key = record_key(id)
local r = redis.call('HMGET', key, 'state', 'account', 'clock_at', 'clock_stood')
if r[1] ~= 'queued' and r[1] ~= 'retrying' then return 'settled' end
redis.call('HSET', key, 'error_message', ARGV[4], 'rings', '0')
redis.call('ZADD', wake_key(r[2]), text(NOW + tonumber(ARGV[3])), id)
local waited = waited_ms(r[2], r[3], r[4])
if waited >= tonumber(ARGV[5]) then
  gave_up(id, r[2], waited, tonumber(ARGV[6]))
  return 'gave_up'
end
return 'deferred'
