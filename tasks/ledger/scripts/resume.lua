-- Close an account's breaker by hand, whatever opened it: ARGV prefix, account, fp.
-- The account starts anew, a few calls at once until it answers well. Returns 1, or 0 where there was nothing to close.

local account, fp = ARGV[2], ARGV[3]
local state = health(account, fp).state
local was_shut = redis.call('HDEL', account_key(account), 'paused_at') == 1 or state == 'open' or state == 'refused'
if not was_shut then return 0 end
local proven = redis.call('HGET', health_key(account, fp), 'proven')
redis.call('DEL', health_key(account, fp), flight_key(account, fp))
if proven then set_health(account, fp, 'proven', proven) end
stand_no_longer(account)
return 1
