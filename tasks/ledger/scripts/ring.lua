-- Ring for a redemption, whatever its state: ARGV prefix, id. Its wake-up stays as it is. Returns 1, or 0 where there is
-- none of that id.

local id = ARGV[2]
local r = read(record_key(id), { 'account', 'attempts' })
if not r.account then return 0 end
ring(r.account, id, r.attempts)
let_ring()
return 1
