-- One step of writing a stream anew without some of its entries: ARGV prefix, stream, token of the caller's turn, ms that
-- the turn goes on for, id after which to go on ("" to begin), entries a step, JSON of {id = {names and values that shall
-- stand there, none for an entry that goes}}. An entry that is merely deleted stays in the server's memory and dumps.
-- The last step puts the copy in the stream's place, with all that came meanwhile, the same ids and the same last id.
-- Returns the id to go on after, "" when it is done, or "lost" where the turn is another's by now.

local stream, copy, after, most = P .. ARGV[2], P .. 'rebuilt:' .. ARGV[2], ARGV[5], tonumber(ARGV[6])
local ABANDONED_MS = 3600000
if redis.call('GET', P .. 'erasing') ~= ARGV[3] then return 'lost' end
redis.call('PEXPIRE', P .. 'erasing', ARGV[4])
if after == '' then redis.call('UNLINK', copy) end

local changes = cjson.decode(ARGV[7])
local page = redis.call('XRANGE', stream, after == '' and '-' or '(' .. after, '+', 'COUNT', most)
for _, entry in ipairs(page) do
  local fields = changes[entry[1]] or entry[2]
  if #fields > 0 then redis.call('XADD', copy, entry[1], unpack(fields)) end
end
if #page == most then
  redis.call('PEXPIRE', copy, ABANDONED_MS)
  return page[#page][1]
end

local info = {}
local told = redis.call('XINFO', 'STREAM', stream)
for i = 1, #told, 2 do info[told[i]] = told[i + 1] end
if info.groups > 0 then return redis.error_reply('ERR ' .. stream .. ' has consumer groups, which a copy would lose') end
if redis.call('EXISTS', copy) == 0 then
  redis.call('XADD', copy, info['last-generated-id'], 'nothing', 'left')
  redis.call('XTRIM', copy, 'MAXLEN', 0)
end
redis.call('XSETID', copy, info['last-generated-id'], 'ENTRIESADDED', info['entries-added'],
  'MAXDELETEDID', info['max-deleted-entry-id'])
redis.call('PERSIST', copy)
redis.call('RENAME', stream, stream .. ':old')
redis.call('RENAME', copy, stream)
redis.call('UNLINK', stream .. ':old')
return ''
