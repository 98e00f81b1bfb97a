-- Takes a place in a tenant's window and day, or answers a repeat.
-- KEYS: generation, meter, and where the request may be a repeat, the answers by event and by idempotency key ('' for none).
-- ARGV: generation, limit of 60 seconds, cap of a day (-1 for none).
for i = 3, #KEYS do
    local known = KEYS[i] ~= '' and redis.call('GET', KEYS[i])
    -- A key names the event's answer.
    if known and i == 4 then known = redis.call('GET', known) end
    if known then return {'known', known} end
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'other generation'} end
local meter = redis.call('HMGET', KEYS[2], 'generation', 'newest', 'sum', 'day', 'today')
if meter[1] ~= ARGV[1] then return {'no meter'} end
local time = redis.call('TIME')
local seconds, micros = tonumber(time[1]), tonumber(time[2])
-- A clock that is set back moves nothing back.
local newest, sum = tonumber(meter[2]), tonumber(meter[3])
local second = math.max(seconds, newest)
local day, today = tonumber(meter[4]), tonumber(meter[5])
local current = math.max(math.floor(seconds / 86400), day)
if current > day then today = 0 end

local cap = tonumber(ARGV[3])
if cap >= 0 and today >= cap then
    return {'daily', (current + 1) * 86400 - seconds}
end

-- The buckets that left the window: one a second, the second that is leaving counted whole.
local left = {}
for past = newest + 1, math.min(second, newest + 61) do left[#left + 1] = tostring(past % 61) end
if #left > 0 then
    for _, count in ipairs(redis.call('HMGET', KEYS[2], unpack(left))) do sum = sum - (tonumber(count) or 0) end
    redis.call('HDEL', KEYS[2], unpack(left))
    redis.call('HSET', KEYS[2], 'newest', second, 'sum', sum)
end

local limit = tonumber(ARGV[2])
if sum >= limit then
    local standing, free = sum, second + 61
    for past = second - 60, second do
        if standing < limit then
            free = past - 1 + 61
            break
        end
        standing = standing - (tonumber(redis.call('HGET', KEYS[2], tostring(past % 61))) or 0)
    end
    local wait = free - seconds
    if micros == 0 then return {'per minute', wait} end
    return {'per minute', math.max(wait, 1)}
end
redis.call('HINCRBY', KEYS[2], tostring(second % 61), 1)
redis.call('HSET', KEYS[2], 'sum', sum + 1, 'day', current, 'today', today + 1)
redis.call('EXPIRE', KEYS[2], 90000)
return {'taken', second, current}
