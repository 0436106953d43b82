-- Shared: the two clocks, in whole milliseconds. WALL is the server's, for what people read. NOW is the ledger's own,
-- for all that is scheduled: WALL and an offset, and never before the last look of a waker, so that it stands still
-- where the server's clock is set back, until the next look raises the offset. While no waker looks, other scripts take
-- down `latest` instead, so that it never goes back by more than GRAIN_MS.

local P = ARGV[1]
local OUTAGE_MS = 3000 -- so long without any waker's look, and the broker or all workers were away, or the clock leapt
local GRAIN_MS = 500   -- wakers look several times in it, so that as long as they do nobody has to take anything down

-- For what Lua is to hand over as text; in a command's arguments a number stands as it is.
local function text(n) return string.format('%.0f', n) end

local TIME = redis.call('TIME')
local WALL = TIME[1] * 1000 + math.floor(TIME[2] / 1000)
local CLOCK = redis.call('HMGET', P .. 'clock', 'offset', 'pulse', 'latest', 'reap_after', 'leapt',
  'unsure', 'unsure_at')
local OFFSET, PULSE, LATEST = tonumber(CLOCK[1] or 0), tonumber(CLOCK[2] or 0), tonumber(CLOCK[3] or 0)
local REAP_AFTER, LEAPT = tonumber(CLOCK[4] or 0), tonumber(CLOCK[5] or 0)
local UNSURE, UNSURE_AT = tonumber(CLOCK[6] or 0), tonumber(CLOCK[7] or 0)

local function ledgers_time()
  local seen = math.max(PULSE, LATEST)
  local now = math.max(WALL + OFFSET, seen)
  if now - seen > GRAIN_MS then redis.call('HSET', P .. 'clock', 'latest', now) end
  return now
end

local NOW = ledgers_time()

local function is_watched() return NOW - PULSE <= OUTAGE_MS end

-- Time that a new worker found at its first look, and of which an older one may soon say that the clock leapt over it.
local function unsure_ms() return NOW - UNSURE_AT <= OUTAGE_MS and UNSURE or 0 end

-- A waker looks. `own_pause_ms`: since its own last look, on its own clock that never leaps; -1 where there was none.
-- `own_last`: NOW at that look. After an outage, or a change of the server's clock, leases are not reaped before one
-- more lease time has passed, so that a worker that holds a partner's yes gets to record it first. A step back so small
-- that no lease can have run out under it grants nothing: steps that recur would put off reaping for ever.
local function note_pulse(longest_lease_ms, own_pause_ms, own_last)
  local pause, step_back = NOW - PULSE, NOW - (WALL + OFFSET)
  if pause > OUTAGE_MS or step_back > OUTAGE_MS then REAP_AFTER = NOW + longest_lease_ms end
  if own_pause_ms < 0 then
    if PULSE > 0 and pause > OUTAGE_MS then UNSURE, UNSURE_AT = pause, NOW end
  else
    local unseen = pause + (own_last < UNSURE_AT and unsure_ms() or 0)
    if unseen > own_pause_ms + OUTAGE_MS then LEAPT = LEAPT + unseen - own_pause_ms end
    if own_last < UNSURE_AT then UNSURE = 0 end
  end
  OFFSET, PULSE = NOW - WALL, NOW
  redis.call('HSET', P .. 'clock', 'offset', OFFSET, 'pulse', PULSE, 'reap_after', REAP_AFTER, 'leapt', LEAPT,
    'unsure', UNSURE, 'unsure_at', UNSURE_AT)
end

-- A claim may come before the first look after an outage.
local function may_reap() return is_watched() and NOW >= REAP_AFTER end
