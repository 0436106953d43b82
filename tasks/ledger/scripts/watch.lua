-- Who looks for alarms, and what has been paged: ARGV prefix, owner, lease_ms (0: lays the duty down), number of counted
-- names, these names, then fields of `alarms` and their values (an empty one: forgotten).
-- Of all workers one has the duty, as long as it comes again before its lease ends. What was paged is remembered for
-- whoever has it next. Returns 1 where the caller has it, else 0: then nothing is written.

local owner, lease_ms, counted = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local duty = P .. 'duty'
local d = redis.call('HMGET', duty, 'owner', 'until')
if d[1] and d[1] ~= owner and tonumber(d[2]) > NOW then return 0 end

for i = 5, 4 + counted do redis.call('HINCRBY', P .. 'pages', ARGV[i], 1) end
for i = 5 + counted, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', P .. 'alarms', ARGV[i])
  else
    redis.call('HSET', P .. 'alarms', ARGV[i], ARGV[i + 1])
  end
end
if lease_ms > 0 then
  redis.call('HSET', duty, 'owner', owner, 'until', NOW + lease_ms)
else
  redis.call('DEL', duty)
end
return 1
