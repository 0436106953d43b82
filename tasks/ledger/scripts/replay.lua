-- Bring a dead letter back: ARGV prefix, id, fp, ring_ms, history line, JSON of fields to change; an empty
-- one goes.
-- The clock and the backoff start anew; history and an earlier ambiguous attempt stay.
-- Returns "ring", "rest" (its account takes nothing now), or "no" where it is no dead letter.

local id, fp, ring_ms = ARGV[2], ARGV[3], tonumber(ARGV[4])
local key = record_key(id)
local r = redis.call('HMGET', key, 'state', 'account', 'test')
if r[1] ~= 'dead' then return 'no' end
local account = r[2]
for name, value in pairs(cjson.decode(ARGV[6])) do
  if value == '' then redis.call('HDEL', key, name) else redis.call('HSET', key, name, value) end
end
redis.call('HDEL', key, 'reason', 'error_code', 'error_message', 'died_at')
redis.call('HSET', key, 'state', 'queued', 'tries', '0', 'crashes', '0', 'rings', '0', 'due', text(NOW),
  'clock_at', text(give_up_clock()), 'clock_stood', text(stood_ms(account)))
history(key, ARGV[5])
redis.call('ZREM', P .. 'dead', id)
if r[3] ~= '1' then count(account, 'replayed') end
if takes_calls(account, fp) then
  ring(id, account, ring_ms)
  return 'ring'
end
redis.call('ZADD', wake_key(account), text(NOW), id)
return 'rest'
