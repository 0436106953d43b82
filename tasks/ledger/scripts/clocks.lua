-- Put before every script: the two clocks, in whole milliseconds. WALL is the server's, for what people read. NOW is
-- the ledger's own, for all that is scheduled: WALL and an offset, and never before the last look of a waker, so that
-- it stands still where the server's clock is set back, until the next look raises the offset. While no waker looks,
-- other scripts take down `latest` instead, so that it never goes back by more than GRAIN_MS.

local P = ARGV[1]
local OUTAGE_MS = 3000 -- so long without any waker's look, and the broker or all workers were away, or the clock leapt
local GRAIN_MS = 500   -- wakers look several times in it, so that as long as they do nobody has to take anything down

local function text(n) return string.format('%.0f', n) end

local function wall_ms()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local WALL = wall_ms()
local CLOCK = redis.call('HMGET', P .. 'clock', 'offset', 'pulse', 'latest', 'reap_after', 'leapt')
for i = 1, 5 do CLOCK[i] = tonumber(CLOCK[i] or 0) end
local OFFSET, PULSE, LATEST, REAP_AFTER, LEAPT = unpack(CLOCK)
local NOW = math.max(WALL + OFFSET, PULSE, LATEST)
if NOW - math.max(PULSE, LATEST) > GRAIN_MS then redis.call('HSET', P .. 'clock', 'latest', text(NOW)) end

local function is_watched() return NOW - PULSE <= OUTAGE_MS end

-- A waker looks. `own_pause_ms`: since its own last look, on its own clock that never leaps; -1 where there was none.
-- After an outage, or a change of the server's clock, leases are not reaped before one more lease time has passed, so
-- that a worker that holds a partner's yes gets to record it first. A step back so small that no lease can have run
-- out under it grants nothing: steps that recur would put off reaping for ever.
local function note_pulse(longest_lease_ms, own_pause_ms)
  local pause, step_back = NOW - PULSE, NOW - (WALL + OFFSET)
  if pause > OUTAGE_MS or step_back > OUTAGE_MS then REAP_AFTER = NOW + longest_lease_ms end
  if own_pause_ms >= 0 and pause > own_pause_ms + OUTAGE_MS then LEAPT = LEAPT + pause - own_pause_ms end
  OFFSET, PULSE = NOW - WALL, NOW
  redis.call('HSET', P .. 'clock', 'offset', text(OFFSET), 'pulse', text(PULSE), 'reap_after', text(REAP_AFTER),
    'leapt', text(LEAPT))
end

-- A claim may come before the first look after an outage.
local function may_reap() return is_watched() and NOW >= REAP_AFTER end
