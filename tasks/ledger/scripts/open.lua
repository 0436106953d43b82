-- Open the redemptions of some orders, all or none, and ring for those that are new: ARGV prefix, ring_ms, keep_ms, JSON
-- list of {id, account, fp, {other ids}, more, name, text, …}, the last being its fields. `more` is 0, or has `test`,
-- `history`, the first line of its history, and `fate`, {reason, error_code, error_message} of one that is born a dead
-- letter, whose state is then dead instead of queued. With its id or another of them in the ledger, or erased from it,
-- it is a duplicate of that one.
-- Returns {a letter for each, list of the known ids of the duplicates}: r (its doorbell rang), w (it waits, since its
-- account takes nothing now), d (a dead letter) or k (known).

local ring_ms, keep_ms = tonumber(ARGV[2]), tonumber(ARGV[3])
local FIELDS = 6 -- where they begin in an entry
local COMPARED = { 'order_value', 'currency', 'discount' }

-- The first content wins; a later one that differs is noted on the record.
local function note_difference(key, entry)
  local known, differs = read(key, COMPARED), {}
  local told = {}
  for i = FIELDS, #entry, 2 do told[entry[i]] = entry[i + 1] end
  for _, name in ipairs(COMPARED) do
    if told[name] and told[name] ~= known[name] then differs[name] = told[name] end
  end
  if next(differs) then
    differs.at = WALL
    redis.call('HSET', key, 'later_content', cjson.encode(differs))
  end
end

local salt = redis.call('GET', SALT)

local function is_known(id, entry)
  if redis.call('EXISTS', record_key(id)) == 1 then
    note_difference(record_key(id), entry)
    return true
  end
  return salt and redis.call('EXISTS', tombstone_key(salt, id)) == 1
end

-- Which of the ids it goes by is in the ledger, or was erased from it, if any.
local function known_one(entry)
  local id, others = entry[1], entry[4]
  if not salt and not others[2] then -- nearly always: asked at once
    local other = others[1] or id
    if redis.call('EXISTS', record_key(id), record_key(other)) == 0 then return nil end
  end
  if is_known(id, entry) then return id end
  for _, other in ipairs(others) do
    if is_known(other, entry) then return other end
  end
end

local accounts = {}

-- What holds for all that is opened now under an account; nothing of what opening does changes it.
local function account_of(name, fp)
  local key = name .. ' ' .. fp
  local found = accounts[key]
  if not found then
    found = account_state(name)
    found.takes, found.accepted = takes_calls(found, fp, health(name, fp)), 0
    found.stands, found.due, found.wakes = stood_ms(found), NOW, {}
    if found.takes then found.due = NOW + ring_ms end
    redis.call('SADD', P .. 'accounts', name)
    accounts[key] = found
  end
  return found
end

local clock_at, known_ids = give_up_clock(), {}

local function open(entry)
  local known = known_one(entry)
  if known then
    known_ids[#known_ids + 1] = known
    return 'k'
  end
  local id, a, more = entry[1], account_of(entry[2], entry[3]), entry[5]
  local fate, n = more ~= 0 and more.fate, #entry
  if more ~= 0 and more.history then
    entry[n + 1], entry[n + 2] = 'history', lengthened(nil, more.history)
    n = n + 2
  end
  if a.takes and not fate then entry[n + 1], entry[n + 2] = 'rings', 1 end
  redis.call('HSET', record_key(id), 'state', fate and 'dead' or 'queued', 'attempts', '0', 'tries', '0',
    'accepted_at', WALL, 'clock_at', clock_at, 'clock_stood', a.stands, 'due', NOW, 'account', a.name,
    unpack(entry, FIELDS))
  if more == 0 or not more.test then a.accepted = a.accepted + 1 end
  if fate then
    bury(id, a.name, fate[1], fate[2], fate[3], keep_ms)
    return 'd'
  end
  a.wakes[#a.wakes + 1] = id
  if not a.takes then return 'w' end
  ring(a.name, id, 0)
  return 'r'
end

local ZADDED_AT_ONCE = 1000

-- All have the same time: together they cost a fraction of what each would by itself.
local function let_wake(a)
  local scored = {}
  for i, id in ipairs(a.wakes) do
    local n = #scored
    scored[n + 1], scored[n + 2] = a.due, id
    if n + 2 == 2 * ZADDED_AT_ONCE or i == #a.wakes then
      redis.call('ZADD', wake_key(a.name), unpack(scored))
      scored = {}
    end
  end
end

local results = {}
for i, entry in ipairs(cjson.decode(ARGV[4])) do results[i] = open(entry) end
for _, a in pairs(accounts) do
  let_wake(a)
  if a.accepted > 0 then
    count(a.name, 'accepted', a.accepted)
    count_today(a.name, 'accepted', a.accepted)
  end
end
let_ring()
return { table.concat(results), known_ids }
