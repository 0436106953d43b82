-- Shared: names of keys. P is their prefix.

local function record_key(id) return P .. 'redemption:' .. id end
local function wake_key(account) return P .. 'wake:' .. account end
local function account_key(account) return P .. 'account:' .. account end
local function health_key(account, fp) return P .. 'health:' .. account .. ':' .. fp end
local function flight_key(account, fp) return P .. 'flight:' .. account .. ':' .. fp end

-- What was erased is known by a hash only, so that an order that comes again is not reported again.
local SALT = P .. 'erased-salt'
local function tombstone_key(salt, id) return P .. 'erased:' .. redis.sha1hex(salt .. id) end
