-- Open an account's breaker by hand: ARGV prefix, account, who, why (may be empty). Nothing is sent and the give-up
-- clock stands still until it is resumed. Returns 1, or 0 where it was paused already.

local account = ARGV[2]
if account_state(account).paused then return 0 end
redis.call('SADD', P .. 'accounts', account)
redis.call('HSET', account_key(account), 'paused_at', WALL, 'paused_by', ARGV[3],
  'paused_why', ARGV[4])
stand_still(account)
return 1
