-- Bring a dead letter back, and ring: ARGV prefix, id, fp, ring_ms, history line, JSON of fields to change; an empty
-- one goes.
-- The clock and the backoff start anew; history and an earlier ambiguous attempt stay.
-- Returns "ring" (its doorbell rang), "rest" (its account takes nothing now), or "no" where it is no dead letter.

local id, fp, ring_ms = ARGV[2], ARGV[3], tonumber(ARGV[4])
local key = record_key(id)
local r = read(key, { 'state', 'account', 'test', 'attempts', 'history' })
if r.state ~= 'dead' then return 'no' end
local account = r.account
local a = account_state(account)
for name, value in pairs(cjson.decode(ARGV[6])) do
  if value == '' then redis.call('HDEL', key, name) else redis.call('HSET', key, name, value) end
end
redis.call('HDEL', key, 'reason', 'error_code', 'error_message', 'died_at')
redis.call('HSET', key, 'state', 'queued', 'tries', '0', 'crashes', '0', 'rings', '0', 'due', NOW,
  'clock_at', give_up_clock(), 'clock_stood', stood_ms(a), 'history', lengthened(r.history, ARGV[5]))
redis.call('ZREM', P .. 'dead', id)
if r.test ~= '1' then count(account, 'replayed') end
if takes_calls(a, fp, health(account, fp)) then
  ring_and_wait(id, account, ring_ms, 1, r.attempts)
  let_ring()
  return 'ring'
end
redis.call('ZADD', wake_key(account), NOW, id)
return 'rest'
