-- A dead letter that is no redemption: ARGV prefix, id, what came, ms that this is kept for ("": as long as the letter),
-- then names and values of the record's fields.
-- What came stands under a key of its own, so that looking through many letters does not fetch it.
-- Returns 1, or 0 where that id is known: the answer to the first time was lost.

local id = ARGV[2]
local key = record_key(id)
if redis.call('EXISTS', key) == 1 then return 0 end
redis.call('ZADD', P .. 'dead', WALL, id) -- first, since it alone can fail: on a key of another type
redis.call('SET', P .. 'raw:' .. id, ARGV[3])
if ARGV[4] ~= '' then
  redis.call('PEXPIRE', P .. 'raw:' .. id, ARGV[4])
  redis.call('HSET', key, 'raw_until', WALL + ARGV[4])
end
redis.call('HSET', key, 'state', 'dead', 'accepted_at', WALL, 'died_at', WALL, unpack(ARGV, 5))
count_death('', redis.call('HGET', key, 'reason') or '', '') -- it is no account's
return 1
