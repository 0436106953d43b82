-- One page of a look at everything that waits or is dead, for totals: ARGV prefix, key (`dead` or `wake:<account>`),
-- score to begin at, how many of that score were told before, limit, then the names of fields to tell.
-- Changes nothing. Returns {page, score and count to go on from}, or {page} at the end. A page is one string, its records
-- ended by the record separator and their fields by the unit separator (what a field holds of those is told as a blank):
-- far cheaper to read than a hash each.

local P, key, score, skip, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local fields = { unpack(ARGV, 6) }

local page = redis.call('ZRANGE', P .. key, score, '+inf', 'BYSCORE', 'LIMIT', skip, limit, 'WITHSCORES')
local records = {}
for i = 1, #page, 2 do
  local values = redis.call('HMGET', P .. 'redemption:' .. page[i], unpack(fields))
  if values[1] then
    for n = 1, #fields do values[n] = values[n] or '' end
    local record = table.concat(values, '\31')
    if select(2, string.gsub(record, '[\30\31]', '')) >= #fields then
      for n = 1, #fields do values[n] = string.gsub(values[n], '[\30\31]', ' ') end
      record = table.concat(values, '\31')
    end
    records[#records + 1] = record .. '\30'
  end
end
local told, read = table.concat(records), #page / 2
if read < limit then return { told } end

local last, same = page[#page], 0
for i = #page, 2, -2 do
  if page[i] ~= last then break end
  same = same + 1
end
if last == score then same = same + skip end
return { told, last, same }
