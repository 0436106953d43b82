-- Look for one account's due wake-ups: ARGV prefix, account, fp, queue, limit, ring_ms, short_queue, longest_lease_ms,
-- outage_ms, give_up_ms, keep_ms, lease_ms. Moves each to its next wake-up (never removes it: dying here loses nothing) and
-- returns {ids whose doorbell to ring, ids that were given up}.

local account, fp, queue = ARGV[2], ARGV[3], ARGV[4]
local limit, ring_ms, short_queue = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local give_up_ms, keep_ms = tonumber(ARGV[10]), tonumber(ARGV[11])
local EXAMINED_WHILE_OPEN = 50

-- Nobody looked for a while: the broker was away, or all workers were. One lease time more before leases are reaped,
-- so that a worker that holds a partner's yes gets to record it first.
local pulse = tonumber(redis.call('GET', P .. 'pulse') or 0)
if NOW - pulse > tonumber(ARGV[9]) then redis.call('SET', P .. 'reap_after', text(NOW + tonumber(ARGV[8]))) end
redis.call('SET', P .. 'pulse', text(NOW))
local reap_after = tonumber(redis.call('GET', P .. 'reap_after') or 0)

local h = health(account, fp)
if is_paused(account) or h.state == 'refused' then return { {}, {} } end
stand_no_longer(account)

local function due_ids(count)
  return redis.call('ZRANGEBYSCORE', wake_key(account), '-inf', NOW, 'LIMIT', 0, count)
end

local given_up = {}
local function give_up_the_oldest()
  for _, id in ipairs(due_ids(EXAMINED_WHILE_OPEN)) do
    local r = redis.call('HMGET', record_key(id), 'state', 'clock_at', 'clock_stood')
    local waited = r[1] and waited_ms(account, r[2], r[3]) or 0
    if (r[1] == 'queued' or r[1] == 'retrying') and waited >= give_up_ms then
      gave_up(id, account, waited, keep_ms)
      given_up[#given_up + 1] = id
    end
  end
end

local room = limit
if h.state == 'open' then
  give_up_the_oldest()
  room = (NOW >= h.probe_at and in_flight(account, fp) == 0) and 1 or 0
elseif h.state == 'ramping' then
  room = math.max(0, h.pace - in_flight(account, fp))
elseif is_slow(account, fp, tonumber(ARGV[12])) then
  room = 0
end

local queue_is_short
local function worth_ringing(id, state, rings)
  if state ~= 'queued' or rings == 0 then return true end
  -- Rung before and not yet taken: in a long queue it merely waits its turn.
  if queue_is_short == nil then queue_is_short = redis.call('LLEN', queue) < short_queue end
  return queue_is_short
end

local rung = {}
for _, id in ipairs(room > 0 and due_ids(math.min(room, limit)) or {}) do
  local r = redis.call('HMGET', record_key(id), 'state', 'rings')
  if not r[1] or SETTLED[r[1]] then
    leave_wake(account, id)
  elseif r[1] == 'sending' and reap_after > NOW then
    redis.call('ZADD', wake_key(account), text(reap_after), id)
  elseif worth_ringing(id, r[1], tonumber(r[2] or 0)) then
    ring(id, account, ring_ms)
    rung[#rung + 1] = id
  else
    redis.call('ZADD', wake_key(account), text(NOW + ring_ms), id)
  end
end
if h.state == 'open' and rung[1] then
  set_health(account, fp, 'probe', rung[1], 'probe_at', text(NOW + h.probe_every))
end
return { rung, given_up }
