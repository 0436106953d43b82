-- Change fields of a hash, or a whole text, that are still what the caller saw: ARGV prefix, key, JSON list of
-- {field or "", sha1 of what was seen, what shall stand there or false for nothing}. When it expires stays as it is.
-- Returns 1, or 0 where anything has changed meanwhile: then nothing is done.

local key = P .. ARGV[2]
local changes = cjson.decode(ARGV[3])
for _, change in ipairs(changes) do
  local found = change[1] == '' and redis.call('GET', key) or change[1] ~= '' and redis.call('HGET', key, change[1])
  if not found or redis.sha1hex(found) ~= change[2] then return 0 end
end
for _, change in ipairs(changes) do
  local field, value = change[1], change[3]
  if field == '' then
    if value then redis.call('SET', key, value, 'KEEPTTL') else redis.call('DEL', key) end
  elseif value then
    redis.call('HSET', key, field, value)
  else
    redis.call('HDEL', key, field)
  end
end
return 1
