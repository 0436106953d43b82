-- Shared: ringing a partner's doorbell, in the very step that decides to. tasks/doorbell.py says how one is spelled.

local TASK_IDS = '\111\13\124\62\58\81\77\57\157\92\13\10\127\43\127\17' -- the namespace of tasks/identity.py
local VARIANTS = '89ab89ab89ab89ab'
local LPUSHED_AT_ONCE = 1000

-- The UUID, version 5, of a name in that namespace.
local function task_id(id)
  local sub, hex = string.sub, redis.sha1hex(TASK_IDS .. id)
  local nibble = tonumber(sub(hex, 17, 17), 16) + 1
  return sub(hex, 1, 8) .. '-' .. sub(hex, 9, 12) .. '-5' .. sub(hex, 14, 16) .. '-' .. sub(VARIANTS, nibble, nibble)
    .. sub(hex, 18, 20) .. '-' .. sub(hex, 21, 32)
end

-- Text in JSON in JSON.
local function quoted(id)
  if not string.find(id, '["\\%c]') then return id end
  id = string.gsub(id, '["\\]', { ['"'] = '\\\\\\"', ['\\'] = '\\\\\\\\' })
  return (string.gsub(id, '%c', function(c) return string.format('\\\\u%04x', string.byte(c)) end))
end

local bells, rung = {}, 0
local TAG = TIME[1] .. string.format('%06d', TIME[2]) .. '-'

-- Each ring's tag is its own: no two scripts begin in the same microsecond.
local function doorbell(partner, id, attempts)
  rung = rung + 1
  return '{"body":"[[\\"' .. quoted(id) .. '\\"],{},{}]","content-encoding":"utf-8",'
    .. '"content-type":"application/json","headers":{"lang":"py","task":"' .. partner .. '.redeem","id":"' .. task_id(id)
    .. '","retries":' .. attempts .. '},"properties":{"delivery_info":{"exchange":"","routing_key":"' .. partner
    .. '"},"delivery_tag":"' .. TAG .. rung .. '"}}'
end

-- The partner's queue is named after it, and an account's name begins with its partner.
local function ring(account, id, attempts)
  local partner = string.match(account, '^[^:]*')
  local waiting = bells[partner] or {}
  bells[partner], waiting[#waiting + 1] = waiting, doorbell(partner, id, attempts)
end

-- Whoever rings calls this last: all that rang goes onto the queues together.
local function let_ring()
  for partner, waiting in pairs(bells) do
    for first = 1, #waiting, LPUSHED_AT_ONCE do
      redis.call('LPUSH', partner, unpack(waiting, first, math.min(#waiting, first + LPUSHED_AT_ONCE - 1)))
    end
  end
end
