-- Shared: what transitions have in common. Every redemption that is not settled has exactly one member in its account's
-- wake-ups; a settled one has none.

local HISTORY_BYTES = 16384

local SETTLED = { redeemed = true, presumed = true, dead = true, discarded = true }

-- Some fields of a record, by name; absent where it has none.
local function read(key, names)
  local r = {}
  for i, value in ipairs(redis.call('HMGET', key, unpack(names))) do r[names[i]] = value or nil end
  return r
end

-- A history and one line more: a line of JSON a happening, the newest last, bounded.
local function lengthened(kept, line)
  kept = kept or ''
  if #kept > HISTORY_BYTES then
    kept = string.sub(kept, (string.find(kept, '\n', HISTORY_BYTES / 4, true)) + 1)
  end
  return kept .. '{"at":' .. text(WALL) .. ',' .. string.sub(line, 2) .. '\n'
end

local function history(key, line)
  redis.call('HSET', key, 'history', lengthened(redis.call('HGET', key, 'history'), line))
end

-- An entry in the outcome stream: what reconciliation and lag are told from. `at` is when it came about by the server's
-- clock, which the entry's own id does not follow back. The record of a dead letter keeps that id: of a letter that
-- died twice only the last death counts.
local OUTCOME = { 'partner', 'shop', 'order_id', 'code', 'state', 'attempts', 'order_value', 'currency',
  'completed_at', 'accepted_at', 'reported_at', 'reason', 'error_code', 'error_message', 'receipt', 'test' }

-- `r` is what the record holds of these by now.
local function outcome(id, r, keep_ms)
  local entry, n = { 'at', WALL, 'id', id }, 4
  for _, name in ipairs(OUTCOME) do
    if r[name] then
      entry[n + 1], entry[n + 2] = name, r[name]
      n = n + 2
    end
  end
  return redis.call('XADD', P .. 'outcomes', 'MINID', '~', WALL - keep_ms, '*', unpack(entry))
end

local function leave_wake(account, id) redis.call('ZREM', wake_key(account), id) end

-- To the dead letters. The record keeps all that a replay needs, and does not expire. What else changes on it may be
-- told too, as names and values.
local function bury(id, account, reason, code, message, keep_ms, ...)
  local key = record_key(id)
  local r = read(key, OUTCOME)
  r.state, r.reason, r.error_code, r.error_message = 'dead', reason, code, message
  redis.call('HDEL', key, 'owner', 'lease_until')
  leave_wake(account, id)
  redis.call('ZADD', P .. 'dead', WALL, id)
  redis.call('HSET', key, 'state', 'dead', 'died_at', WALL, 'reason', reason, 'error_code', code, 'error_message', message,
    'outcome', outcome(id, r, keep_ms), ...)
  if r.test ~= '1' then count_death(account, reason, code) end
end

local function gave_up(id, account, waited, keep_ms)
  local last = read(record_key(id), { 'error_message', 'error_code' })
  local message = string.format('gave up after %d s', math.floor(waited / 1000))
  if (last.error_message or '') ~= '' then message = message .. ': ' .. last.error_message end
  bury(id, account, 'gave_up', last.error_code or '', message, keep_ms)
end

-- The `rings`th ring in a row for which nobody came, and the wake-up that follows if nobody comes now.
local function ring_and_wait(id, account, ring_ms, rings, attempts)
  ring(account, id, attempts)
  redis.call('HSET', record_key(id), 'rings', rings)
  redis.call('ZADD', wake_key(account), NOW + ring_ms * math.min(rings, 3), id)
end
