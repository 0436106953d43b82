-- Put another message where one waits in a list, or nothing where none is given: ARGV prefix, list, the message as it
-- waits, the other or "". How often workers died with it in hand is forgotten. Returns 1, or 0 where it waits no more.

local list, message, other = ARGV[2], ARGV[3], ARGV[4]
redis.call('DEL', P .. 'deaths:' .. redis.sha1hex(message))
if other == '' then return redis.call('LREM', list, 1, message) end
local position = redis.call('LPOS', list, message)
if not position then return 0 end
redis.call('LSET', list, position, other)
return 1
