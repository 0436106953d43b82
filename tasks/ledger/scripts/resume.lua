-- Close an account's breaker by hand, whatever opened it and under whichever settings: ARGV prefix, account.
-- The account starts anew, a few calls at once until it answers well. Returns {1 where it was paused, else 0; fingerprint
-- and state, … of the settings under which its breaker was open or its key refused}.

local account = ARGV[2]
local answer = { redis.call('HDEL', account_key(account), 'paused_at') }
redis.call('HDEL', account_key(account), 'paused_by', 'paused_why')

local function start_anew(fp)
  local state = health(account, fp).state
  if state ~= 'open' and state ~= 'refused' then return end
  answer[#answer + 1] = fp
  answer[#answer + 1] = state
  local proven = redis.call('HGET', health_key(account, fp), 'proven')
  redis.call('DEL', health_key(account, fp), flight_key(account, fp))
  if proven then set_health(account, fp, 'proven', proven) end
end

-- Every worker's settings: the operator's own may be others.
for _, fp in ipairs(redis.call('SMEMBERS', P .. 'fingerprints:' .. account)) do start_anew(fp) end
if answer[1] == 1 or answer[2] then stand_no_longer(account_state(account)) end
return answer
