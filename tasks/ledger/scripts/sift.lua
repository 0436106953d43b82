-- One page of a look through everything: where do any of these words stand? ARGV prefix, cursor, keys a page, JSON of
-- words as words.lua has them, then the names of the fields to look at. Changes nothing. Returns {cursor to go on from,
-- "0" at the end; the hashes, less the prefix, with a field that is or holds one of the words; ids of letters that are no
-- redemptions, whatever they hold, since what came with them must be read}. What workers have in hand is left out.

local P, speaks = ARGV[1], speaking_of(ARGV[4])
local page = redis.call('SCAN', ARGV[2], 'MATCH', P .. '*', 'COUNT', ARGV[3], 'TYPE', 'hash')
local hashes, letters = {}, {}
for _, key in ipairs(page[2]) do
  local name = string.sub(key, #P + 1)
  local letter = string.match(name, '^redemption:(message:.*)$') or string.match(name, '^redemption:(event:.*)$')
  if letter then letters[#letters + 1] = letter end
  if string.sub(name, 1, 6) ~= 'taken:' then
    for _, value in ipairs(redis.call('HMGET', key, unpack(ARGV, 5))) do
      if value and speaks(value) then
        hashes[#hashes + 1] = name
        break
      end
    end
  end
end
return { page[1], hashes, letters }
