-- Bring a retry forward to now: ARGV prefix, id. Returns 1, or 0 where it does not wait for one.

local id = ARGV[2]
local r = redis.call('HMGET', record_key(id), 'state', 'account', 'due')
if r[1] ~= 'retrying' or tonumber(r[3]) <= NOW then return 0 end
redis.call('HSET', record_key(id), 'due', NOW)
redis.call('ZADD', wake_key(r[2]), NOW, id)
return 1
