-- Look for one account's due wake-ups, and ring: ARGV prefix, account, fp, queue, limit, ring_ms, short_queue,
-- longest_lease_ms, give_up_ms, keep_ms, known ("1": this worker's settings have the account), own_pause_ms, own_last.
-- Moves each to its next wake-up (never removes it: a doorbell may be lost) and returns {ids whose doorbell rang, ids
-- that were given up, when the next one is due: ms from now, or -1; how many accounts there are, ms since any waker's
-- last look, NOW}.

local account, fp, queue = ARGV[2], ARGV[3], ARGV[4]
local limit, ring_ms, short_queue = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local give_up_ms, keep_ms, known = tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11] == '1'
local EXAMINED_WHILE_OPEN = 50
local STRANGE_MS = 60000 -- an account that no worker knew for so long is looked after by those who do not know it

local looked_ago = NOW - PULSE
note_pulse(tonumber(ARGV[8]), tonumber(ARGV[12]), tonumber(ARGV[13]))

local function told(rung, given_up, next_due)
  return { rung, given_up, next_due, redis.call('SCARD', P .. 'accounts'), looked_ago, NOW }
end

-- Who does not know the account does not know its health either.
if known then
  note_used(account, fp)
elseif not may_reap() or NOW - tonumber(redis.call('HGET', account_key(account), 'known_at') or 0) < STRANGE_MS then
  -- After an outage, or a leap of the clock, those who know it come first.
  return told({}, {}, -1)
end

local a, h = account_state(account), health(account, fp)
if a.paused or h.state == 'refused' then return told({}, {}, -1) end
stand_no_longer(a)

local function due_ids(count)
  return redis.call('ZRANGEBYSCORE', wake_key(account), '-inf', NOW, 'LIMIT', 0, count)
end

local given_up = {}
local function give_up_the_oldest()
  for _, id in ipairs(due_ids(EXAMINED_WHILE_OPEN)) do
    local r = read(record_key(id), { 'state', 'tries', 'clock_at', 'clock_stood' })
    if (r.state == 'queued' or r.state == 'retrying') and too_late(a, r.tries, r.clock_at, r.clock_stood, give_up_ms) then
      gave_up(id, account, waited_ms(a, r.clock_at, r.clock_stood), keep_ms)
      given_up[#given_up + 1] = id
    end
  end
end

local room = limit
if h.state == 'open' then
  give_up_the_oldest()
  -- Another doorbell every interval, since the last one may wait long in the queue; the first one heard is the probe.
  local probes = NOW >= math.max(h.probe_at, h.probe_rung_at + h.probe_every) and in_flight(account, fp) == 0
  room = probes and 1 or 0
elseif h.state == 'ramping' then
  room = math.max(0, h.pace - in_flight(account, fp))
end

local queue_is_short
local function worth_ringing(state, rings)
  if state == 'sending' or rings == 0 then return true end
  -- Rung before and not yet taken: in a long queue it merely waits its turn.
  if queue_is_short == nil then queue_is_short = redis.call('LLEN', queue) < short_queue end
  return queue_is_short
end

local ids = {}
for _, id in ipairs(room > 0 and due_ids(math.min(room, limit)) or {}) do
  local r = read(record_key(id), { 'state', 'rings', 'attempts' })
  local rings = tonumber(r.rings or 0)
  if not r.state or SETTLED[r.state] then
    leave_wake(account, id)
  elseif r.state == 'sending' and not may_reap() then
    redis.call('ZADD', wake_key(account), REAP_AFTER, id)
  elseif worth_ringing(r.state, rings) then
    ring_and_wait(id, account, ring_ms, rings + 1, r.attempts)
    ids[#ids + 1] = id
  else
    redis.call('ZADD', wake_key(account), NOW + ring_ms, id)
  end
end
let_ring()
if h.state == 'open' and ids[1] then set_health(account, fp, 'probe_rung_at', NOW) end
local next_due = redis.call('ZRANGEBYSCORE', wake_key(account), '(' .. text(NOW), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return told(ids, given_up, next_due[2] and tonumber(next_due[2]) - NOW or -1)
