-- One page of a look at everything that waits or is dead, for totals: ARGV prefix, key (`dead` or `wake:<account>`),
-- score to begin at, how many of that score were told before, limit, then the names of fields to tell.
-- Changes nothing. Returns {records, score and count to go on from}, or {records} at the end. A record is one string, its
-- fields parted by the unit separator (what a field holds of it is told as a blank): far cheaper to read than a hash each.

local P, key, score, skip, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local fields = { unpack(ARGV, 6) }

local page = redis.call('ZRANGE', P .. key, score, '+inf', 'BYSCORE', 'LIMIT', skip, limit, 'WITHSCORES')
local records = {}
for i = 1, #page, 2 do
  local values = redis.call('HMGET', P .. 'redemption:' .. page[i], unpack(fields))
  if values[1] then
    for n = 1, #fields do values[n] = values[n] and string.gsub(values[n], '\31', ' ') or '' end
    records[#records + 1] = table.concat(values, '\31')
  end
end
local read = #page / 2
if read < limit then return { records } end

local last, same = page[#page], 0
for i = #page, 2, -2 do
  if page[i] ~= last then break end
  same = same + 1
end
if last == score then same = same + skip end
return { records, last, same }
