-- One page of a look through a stream: ARGV prefix, stream, id after which to begin ("" for the beginning), entries a
-- page, JSON of words as words.lua has them. Changes nothing. Returns {id to go on after, "" at the end; the entries with
-- a value that is or holds one of the words, each {id, {names and values}}}.

local P, after, most, speaks = ARGV[1], ARGV[3], tonumber(ARGV[4]), speaking_of(ARGV[5])
local page = redis.call('XRANGE', P .. ARGV[2], after == '' and '-' or '(' .. after, '+', 'COUNT', most)
local found = {}
for _, entry in ipairs(page) do
  for i = 2, #entry[2], 2 do
    if speaks(entry[2][i]) then
      found[#found + 1] = entry
      break
    end
  end
end
return { #page == most and page[#page][1] or '', found }
