-- Close a dead letter for good: ARGV prefix, id, history line, keep_ms.
-- Its personal data goes at once, the record when the ledger forgets. Returns "discarded", or "no" where it is none.

local id, keep_ms = ARGV[2], tonumber(ARGV[4])
local key = record_key(id)
local r = redis.call('HMGET', key, 'state', 'account', 'test')
if r[1] ~= 'dead' then return 'no' end
redis.call('HSET', key, 'state', 'discarded')
redis.call('HDEL', key, 'personal')
redis.call('DEL', P .. 'raw:' .. id)
history(key, ARGV[3])
redis.call('PEXPIRE', key, keep_ms)
redis.call('ZREM', P .. 'dead', id)
outcome(id, read(key, OUTCOME), keep_ms)
if r[2] and r[3] ~= '1' then count(r[2], 'discarded') end
return 'discarded'
