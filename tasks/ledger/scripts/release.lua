-- Give a claim back unsent (too little of the lease was left): ARGV prefix, id, fp, owner.
-- The attempt is not counted; it is due at once. Returns 1, or 0 where somebody else owns it by now.

local id, fp, owner = ARGV[2], ARGV[3], ARGV[4]
local key = record_key(id)
local r = read(key, { 'owner', 'account', 'state', 'attempts', 'tries' })
if r.state ~= 'sending' or r.owner ~= owner then return 0 end
redis.call('HDEL', key, 'owner', 'lease_until')
redis.call('HSET', key, 'state', r.tries == '1' and 'queued' or 'retrying', 'due', NOW, 'attempts', r.attempts - 1,
  'tries', r.tries - 1)
redis.call('ZADD', wake_key(r.account), NOW, id)
landed(r.account, fp, id)
return 1
