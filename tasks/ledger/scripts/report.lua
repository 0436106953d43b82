-- A page of the outcome stream: ARGV prefix, the entry to go on after ("" for the first), the last entry to tell, limit,
-- JSON of what is wanted: {since?, until?} in ms, {partner?, shop?} and {states = {state = true}}.
-- Changes nothing. Returns {JSON list of entries, the entry to go on after, or "" at the end}. One text is far cheaper to
-- read than a list a field.
-- Test orders are left out, and of a dead letter all but its last death while it is dead.

local P, after, last, limit, wanted = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), cjson.decode(ARGV[5])

local function is_still_dead(entry_id, id)
  local r = redis.call('HMGET', P .. 'redemption:' .. id, 'state', 'outcome')
  return r[1] == 'dead' and r[2] == entry_id
end

local function is_wanted(entry_id, entry)
  local at = tonumber(entry.at or string.match(entry_id, '^%d+'))
  return not entry.test and wanted.states[entry.state]
    and (not wanted.since or at >= wanted.since)
    and (not wanted['until'] or at < wanted['until'])
    and (not wanted.partner or entry.partner == wanted.partner)
    and (not wanted.shop or entry.shop == wanted.shop)
    and (entry.state ~= 'dead' or is_still_dead(entry_id, entry.id))
end

local page = redis.call('XRANGE', P .. 'outcomes', after == '' and '-' or '(' .. after, last, 'COUNT', limit)
local told = {}
for _, one in ipairs(page) do
  local entry, flat = {}, one[2]
  for i = 1, #flat, 2 do entry[flat[i]] = flat[i + 1] end
  if is_wanted(one[1], entry) then told[#told + 1] = entry end
end
local text = #told > 0 and cjson.encode(told) or '[]'
return { text, #page == limit and page[#page][1] or '' }
