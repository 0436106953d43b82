-- Many records at once: ARGV prefix, how many ids, the ids, then the names of fields to tell, none for all of them.
-- Changes nothing. Returns one string: each record is ended by the record separator, an unknown one empty, and its values
-- (of all fields: names and values) are ended by the unit separator; what a value holds of those is told as a blank. Far
-- cheaper to read than an answer each.

local P, count = ARGV[1], tonumber(ARGV[2])
local fields = { unpack(ARGV, count + 3) }

local records = {}
for i = 1, count do
  local key = P .. 'redemption:' .. ARGV[i + 2]
  local values = #fields > 0 and redis.call('HMGET', key, unpack(fields)) or redis.call('HGETALL', key)
  local parts = math.max(#fields, #values)
  for n = 1, parts do
    local value = values[n] or ''
    if string.find(value, '[\30\31]') then value = string.gsub(value, '[\30\31]', ' ') end
    values[n] = value
  end
  records[i] = #values > 0 and table.concat(values, '\31') .. '\31\30' or '\30'
end
return table.concat(records)
