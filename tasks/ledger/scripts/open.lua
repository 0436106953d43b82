-- Open the redemptions of one order, all or none: ARGV prefix, ring_ms, keep_ms, JSON list of
-- {id, account, fp, known_as = {ids}, fields = {name = text}}. `fields.state` is queued, or dead for one that is born a
-- dead letter, and `fields.history`, if any, the first line of its history; with any of `known_as` in the ledger, or
-- erased from it, it is a duplicate of that one.
-- Returns for each {result, id}: "ring", "rest" (its account takes nothing now), "dead" or "duplicate".

local ring_ms, keep_ms = tonumber(ARGV[2]), tonumber(ARGV[3])
local COMPARED = { 'order_value', 'currency', 'discount' }

-- The first content wins; a later one that differs is noted on the record.
local function note_difference(key, fields)
  local differs = {}
  local known = redis.call('HMGET', key, unpack(COMPARED))
  for i, name in ipairs(COMPARED) do
    if fields[name] and fields[name] ~= known[i] then differs[name] = fields[name] end
  end
  if next(differs) then
    differs.at = WALL
    redis.call('HSET', key, 'later_content', cjson.encode(differs))
  end
end

local salt = redis.call('GET', SALT)
local function is_erased(id) return salt and redis.call('EXISTS', tombstone_key(salt, id)) == 1 end

local function open(entry)
  local key, fields = record_key(entry.id), entry.fields
  for _, known in ipairs(entry.known_as) do
    if redis.call('EXISTS', record_key(known)) == 1 then
      note_difference(record_key(known), fields)
      return { 'duplicate', known }
    end
    if is_erased(known) then return { 'duplicate', known } end
  end
  local came_of = fields.history
  fields.history = nil
  local flat = { 'accepted_at', text(WALL), 'clock_at', text(give_up_clock()),
    'clock_stood', text(stood_ms(entry.account)), 'due', text(NOW), 'account', entry.account }
  for name, value in pairs(fields) do
    flat[#flat + 1] = name
    flat[#flat + 1] = value
  end
  redis.call('HSET', key, unpack(flat))
  if came_of then history(key, came_of) end
  redis.call('SADD', P .. 'accounts', entry.account)
  if fields.test ~= '1' then
    count(entry.account, 'accepted')
    count_today(entry.account, 'accepted')
  end
  if fields.state == 'dead' then
    bury(entry.id, entry.account, fields.reason, fields.error_code or '', fields.error_message or '', keep_ms)
    return { 'dead', entry.id }
  end
  if takes_calls(entry.account, entry.fp) then
    ring(entry.id, entry.account, ring_ms)
    return { 'ring', entry.id }
  end
  redis.call('ZADD', wake_key(entry.account), text(NOW), entry.id)
  return { 'rest', entry.id }
end

local results = {}
for _, entry in ipairs(cjson.decode(ARGV[4])) do results[#results + 1] = open(entry) end
return results
