-- Give a claim back unsent (too little of the lease was left): ARGV prefix, id, fp, owner.
-- The attempt is not counted; it is due at once. Returns 1, or 0 where somebody else owns it by now.

local id, fp, owner = ARGV[2], ARGV[3], ARGV[4]
local key = record_key(id)
local r = redis.call('HMGET', key, 'owner', 'account', 'state')
if r[3] ~= 'sending' or r[1] ~= owner then return 0 end
redis.call('HINCRBY', key, 'attempts', -1)
redis.call('HINCRBY', key, 'tries', -1)
redis.call('HDEL', key, 'owner', 'lease_until')
redis.call('HSET', key, 'state', redis.call('HGET', key, 'tries') == '0' and 'queued' or 'retrying', 'due', text(NOW))
redis.call('ZADD', wake_key(r[2]), text(NOW), id)
landed(r[2], fp, id)
return 1
