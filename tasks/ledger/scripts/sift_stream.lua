-- One page of a look through a stream: ARGV prefix, stream, id after which to begin ("" for the beginning), entries a
-- page, JSON of words as sift.lua has them. Changes nothing. Returns {id to go on after, "" at the end; the entries with
-- a value that is or holds one of the words, each {id, {names and values}}}.

local P, after, most, words = ARGV[1], ARGV[3], tonumber(ARGV[4]), cjson.decode(ARGV[5])
local exact = {}
for _, word in ipairs(words.exact) do exact[word] = true end

local function speaks(value)
  if exact[value] then return true end
  for _, word in ipairs(words.within) do
    if string.find(value, word, 1, true) then return true end
  end
  return false
end

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
