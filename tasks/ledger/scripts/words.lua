-- What an erasure looks for: a function that tells whether a value is one of the exact words or holds one of the others,
-- made of JSON {exact = values of fields, within = parts of them}.

local function speaking_of(json)
  local words, exact = cjson.decode(json), {}
  for _, word in ipairs(words.exact) do exact[word] = true end
  return function(value)
    if exact[value] then return true end
    for _, word in ipairs(words.within) do
      if string.find(value, word, 1, true) then return true end
    end
    return false
  end
end
