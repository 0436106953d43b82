-- Shared: what overviews, alarms and metrics are told from, by account, test orders left out. All but `lags` only grows; it is never counted again from the records.
--   tally:<account>     accepted, redeemed, presumed, discarded, replayed, died:<reason>:<error code>, lease_expired,
--                       attempted:<outcome> for calls that were no yes; and last_yes_at, ms
--   daily:<account>     <YYYY-MM-DD>:accepted|redeemed|presumed|dead, days in UTC
--   lags:<account>      ms from order to report, the latest first; the last 500 count
--   measures:<account>  call_ms|lag_ms:<upper bound>|sum, one field a bucket, each what fell between it and the one below

local LAGS_KEPT = 500
local DAYS_KEPT = 400
local DAY_MS = 86400 * 1000
local CALL_MS = { 50, 100, 250, 500, 1000, 2500, 5000, 10000, 15000, 30000 }
local LAG_MS = { 1000, 5000, 15000, 60000, 300000, 900000, 3600000, 21600000, 86400000, 172800000, 604800000 }

-- The civil calendar and days since 1970-01-01, after Howard Hinnant's days_from_civil and civil_from_days.
local function days_since_epoch(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * (month - 3) + 2) / 5) + day - 719469
end

local function date_of(ms)
  local z = math.floor(ms / DAY_MS) + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02d', year, month, doy - math.floor((153 * mp + 2) / 5) + 1)
end

-- `2026-11-21T20:15:00.000Z`, as records have it, in milliseconds.
local function milliseconds(iso)
  local y, mo, d, h, mi, s = string.match(iso, '^(%d+)%-(%d+)%-(%d+)T(%d+):(%d+):([%d.]+)Z$')
  if not y then return nil end
  return days_since_epoch(tonumber(y), tonumber(mo), tonumber(d)) * DAY_MS
    + (tonumber(h) * 3600 + tonumber(mi) * 60 + tonumber(s)) * 1000
end

local function count(account, what, times) redis.call('HINCRBY', P .. 'tally:' .. account, what, times or 1) end

local function count_today(account, what, times)
  local days = P .. 'daily:' .. account
  if redis.call('HINCRBY', days, date_of(WALL) .. ':' .. what, times or 1) == (times or 1) then
    redis.call('HDEL', days, date_of(WALL - DAYS_KEPT * DAY_MS) .. ':' .. what)
  end
end

-- Add to several of an account's measures at once: names, and what to add to each.
local function measure(account, names, amounts)
  local measures, sums = P .. 'measures:' .. account, {}
  for i, known in ipairs(redis.call('HMGET', measures, unpack(names))) do
    sums[2 * i - 1], sums[2 * i] = names[i], (known or 0) + amounts[i]
  end
  redis.call('HSET', measures, unpack(sums))
end

local function bucket(bounds, ms)
  for _, bound in ipairs(bounds) do
    if ms <= bound then return bound end
  end
  return 'inf'
end

-- A call was made that was no yes: how it ended, and how many ms it took ("" where nobody tells).
local function count_call(account, outcome, ms)
  count(account, 'attempted:' .. outcome)
  ms = tonumber(ms)
  if ms then measure(account, { 'call_ms:' .. bucket(CALL_MS, ms), 'call_ms:sum' }, { 1, ms }) end
end

local function keep_lag(account, lag)
  if redis.call('LPUSH', P .. 'lags:' .. account, lag) > 2 * LAGS_KEPT then -- not each time
    redis.call('LTRIM', P .. 'lags:' .. account, 0, LAGS_KEPT - 1)
  end
end

-- A yes, for an order completed at that time; the call took `ms` ("" where nobody tells).
local function count_yes(account, state, completed_at, ms)
  count(account, state)
  redis.call('HSET', P .. 'tally:' .. account, 'last_yes_at', WALL)
  count_today(account, state)
  local names, amounts = {}, {}
  ms = tonumber(ms)
  if ms then names, amounts = { 'call_ms:' .. bucket(CALL_MS, ms), 'call_ms:sum' }, { 1, ms } end
  local completed = completed_at and milliseconds(completed_at)
  if completed then
    local lag, n = math.max(0, WALL - completed), #names
    names[n + 1], names[n + 2] = 'lag_ms:' .. bucket(LAG_MS, lag), 'lag_ms:sum'
    amounts[n + 1], amounts[n + 2] = 1, lag
    keep_lag(account, lag)
  end
  if #names > 0 then measure(account, names, amounts) end
end

-- A partner's code is a number of a few digits; whatever else it may send shall not grow the hash for ever.
local function count_death(account, reason, code)
  if not string.match(code, '^%w?%w?%w?%w?%w?%w?$') then code = 'other' end
  count(account, 'died:' .. reason .. ':' .. code)
  count_today(account, 'dead')
end
