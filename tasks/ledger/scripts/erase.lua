-- An order leaves the ledger, all of it or nothing: ARGV prefix, keep_ms, unreported ("1": what waits to be sent goes
-- too), a salt to begin with, JSON list of ids (redemptions and letters), JSON list of ids that are not in the ledger and
-- shall not come in. Returns {"erased", how many were there}, or {"sending" | "waiting", ids that stand against it}.
-- A tombstone stays for each redemption: a hash, salted, so that nobody reads an order's number in it. The salt goes
-- with the last of them.

local keep_ms, unreported = tonumber(ARGV[2]), ARGV[3] == '1'
local SALT_OUTLIVES_MS = 3600000

local sending, waiting = {}, {}
local ids = cjson.decode(ARGV[5])
for _, id in ipairs(ids) do
  local r = redis.call('HMGET', record_key(id), 'state', 'lease_until')
  -- What was claimed by a worker that died may be given up, but not before a yes that waits had its time.
  if r[1] == 'sending' and not (unreported and tonumber(r[2]) <= NOW and may_reap()) then
    sending[#sending + 1] = id
  elseif (r[1] == 'queued' or r[1] == 'retrying') and not unreported then
    waiting[#waiting + 1] = id
  end
end
if #sending > 0 then return { 'sending', sending } end
if #waiting > 0 then return { 'waiting', waiting } end

redis.call('SET', SALT, ARGV[4], 'NX', 'PX', keep_ms + SALT_OUTLIVES_MS)
redis.call('PEXPIRE', SALT, keep_ms + SALT_OUTLIVES_MS, 'GT')
local salt = redis.call('GET', SALT)
local function bury_name(id) redis.call('SET', tombstone_key(salt, id), '', 'PX', keep_ms) end

local erased = 0
for _, id in ipairs(ids) do
  local account = redis.call('HGET', record_key(id), 'account')
  if account then
    bury_name(id)
    leave_wake(account, id)
    for _, fp in ipairs(redis.call('SMEMBERS', P .. 'fingerprints:' .. account)) do landed(account, fp, id) end
  end
  redis.call('ZREM', P .. 'dead', id)
  redis.call('DEL', P .. 'raw:' .. id)
  erased = erased + redis.call('DEL', record_key(id))
end
for _, id in ipairs(cjson.decode(ARGV[6])) do bury_name(id) end
return { 'erased', erased }
