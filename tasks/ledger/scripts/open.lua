-- Open the redemptions of some orders, all or none, and ring for those that are new: ARGV prefix, ring_ms, keep_ms, JSON
-- list of {id, account, fp, known_as = {ids}, fields = {name, text, …}, history?, test?, fate?}. `history` is the first
-- line of its history, `fate` {reason, error_code, error_message} of one that is born a dead letter, whose state is
-- then dead instead of queued; with any of `known_as` in the ledger, or erased from it, it is a duplicate of that one.
-- Returns for each {result, id}: "ring" (its doorbell rang), "rest" (its account takes nothing now), "dead" or
-- "duplicate".

local ring_ms, keep_ms = tonumber(ARGV[2]), tonumber(ARGV[3])
local COMPARED = { 'order_value', 'currency', 'discount' }

-- The first content wins; a later one that differs is noted on the record.
local function note_difference(key, fields)
  local known, differs = read(key, COMPARED), {}
  local told = {}
  for i = 1, #fields, 2 do told[fields[i]] = fields[i + 1] end
  for _, name in ipairs(COMPARED) do
    if told[name] and told[name] ~= known[name] then differs[name] = told[name] end
  end
  if next(differs) then
    differs.at = WALL
    redis.call('HSET', key, 'later_content', cjson.encode(differs))
  end
end

local salt = redis.call('GET', SALT)

-- Which of the ids it goes by is in the ledger, or was erased from it, if any.
local function known_one(entry)
  for _, known in ipairs(entry.known_as) do
    if redis.call('EXISTS', record_key(known)) == 1 then
      note_difference(record_key(known), entry.fields)
      return known
    end
    if salt and redis.call('EXISTS', tombstone_key(salt, known)) == 1 then return known end
  end
end

local accounts = {}

-- What holds for all that is opened now under an account; nothing of what opening does changes it.
local function account_of(entry)
  local name = entry.account .. ' ' .. entry.fp
  local found = accounts[name]
  if not found then
    found = account_state(entry.account)
    found.takes, found.accepted = takes_calls(found, entry.fp, health(entry.account, entry.fp)), 0
    redis.call('SADD', P .. 'accounts', entry.account)
    accounts[name] = found
  end
  return found
end

local function open(entry)
  local known = known_one(entry)
  if known then return { 'duplicate', known } end
  local id, account = entry.id, entry.account
  local a, fields = account_of(entry), entry.fields
  local rings = a.takes and not entry.fate
  local function also(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if entry.history then also('history', lengthened(nil, entry.history)) end
  if rings then also('rings', 1) end
  redis.call('HSET', record_key(id), 'accepted_at', WALL, 'clock_at', give_up_clock(), 'clock_stood', stood_ms(a),
    'due', NOW, 'account', account, unpack(fields))
  if not entry.test then a.accepted = a.accepted + 1 end
  if entry.fate then
    bury(id, account, entry.fate[1], entry.fate[2], entry.fate[3], keep_ms)
    return { 'dead', id }
  end
  redis.call('ZADD', wake_key(account), rings and NOW + ring_ms or NOW, id)
  if rings then ring(account, id, 0) end
  return { rings and 'ring' or 'rest', id }
end

local results = {}
for _, entry in ipairs(cjson.decode(ARGV[4])) do results[#results + 1] = open(entry) end
for _, a in pairs(accounts) do
  if a.accepted > 0 then
    count(a.name, 'accepted', a.accepted)
    count_today(a.name, 'accepted', a.accepted)
  end
end
let_ring()
return results
