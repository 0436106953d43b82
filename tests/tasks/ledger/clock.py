"""Lets time pass for a ledger without waiting for it, and without a hook in production code.

The ledger lives by the server's clock and keeps moments, never durations until something. So an hour passes by putting
every moment it keeps an hour into the past. By just that the server's clock leaps an hour ahead, which is the same to
it, but for what the workers' own clocks say; and where it is set back, every moment moves into the future.
"""

from __future__ import annotations

from redis import Redis

PREFIX = "redeem:"

_SHIFT = """#!lua flags=allow-oom
local prefix, ms, unwatched = ARGV[1], tonumber(ARGV[2]), ARGV[3] == '1'

local function earlier(value) return string.format('%.0f', tonumber(value) - ms) end

local function shift_fields(key, names)
  for _, name in ipairs(names) do
    local value = redis.call('HGET', key, name)
    if value then redis.call('HSET', key, name, earlier(value)) end
  end
end

local function shift_scores(key)
  local found = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #found, 2 do redis.call('ZADD', key, earlier(found[i + 1]), found[i]) end
end

local moments = {
  redemption = function(key)
    shift_fields(key, { 'accepted_at', 'clock_at', 'due', 'lease_until', 'died_at', 'reported_at' })
  end,
  account = function(key)
    shift_fields(key, { 'stood_since', 'paused_at' })
    if unwatched then shift_fields(key, { 'known_at' }) end
    for _, name in ipairs(redis.call('HKEYS', key)) do
      if string.sub(name, 1, 5) == 'used:' then shift_fields(key, { name }) end
    end
  end,
  health = function(key) shift_fields(key, { 'probe_at', 'probe_rung_at', 'since' }) end,
  wake = shift_scores, flight = shift_scores, dead = shift_scores, consumers = shift_scores,
  clock = function(key)
    shift_fields(key, { 'latest', 'reap_after', 'unsure_at' })
    if unwatched then return shift_fields(key, { 'pulse' }) end
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000) + (redis.call('HGET', key, 'offset') or 0)
    redis.call('HSET', key, 'pulse', string.format('%.0f', now))
  end,
  tally = function(key) shift_fields(key, { 'last_yes_at' }) end,
  daily = function() end, lags = function() end, measures = function() end,
  accounts = function() end, outcomes = function() end, audit = function() end,
  fingerprints = function() end, raw = function() end, taken = function() end, deaths = function() end,
  crashed = function() end, erased = function() end,
  duty = function(key) shift_fields(key, { 'until' }) end,
  alarms = function(key)
    for _, name in ipairs(redis.call('HKEYS', key)) do
      local at, rest = string.match(redis.call('HGET', key, name), '^%[(%d+)(.*)$')
      redis.call('HSET', key, name, '[' .. earlier(at) .. rest)
    end
  end,
  pages = function() end,
}

for _, key in ipairs(redis.call('KEYS', prefix .. '*')) do
  moments[string.match(key, '^[a-z_]+', #prefix + 1)](key)
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, string.format('%.0f', left - ms)) end
end
"""


def let_pass(redis: Redis, seconds: float, *, watched: bool = True) -> None:
    """Let so much time pass; `watched` false: and no waker looked meanwhile, as when the broker was away."""
    redis.eval(_SHIFT, 0, PREFIX, str(round(seconds * 1000)), "0" if watched else "1")
