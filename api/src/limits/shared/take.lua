-- Takes places in a tenant's window and day for requests in their order, or answers repeats.
-- KEYS: generation, meter, and for each request the answers by event and by idempotency key ('' for none).
-- ARGV: generation, limit of 60 seconds, cap of a day (-1 for none).
local limit, cap = tonumber(ARGV[2]), tonumber(ARGV[3])
local meter, time, seconds, second, sum, current, today
local taken = 0

-- The answer that all requests get which are not repeats, or nil once the meter is read.
local function begin()
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {'other generation'} end
    meter = redis.call('HMGET', KEYS[2], 'generation', 'newest', 'sum', 'day', 'today')
    if meter[1] ~= ARGV[1] then return {'no meter'} end
    time = redis.call('TIME')
    seconds = tonumber(time[1])
    -- A clock that is set back moves nothing back.
    local newest, day = tonumber(meter[2]), tonumber(meter[4])
    second, sum, today = math.max(seconds, newest), tonumber(meter[3]), tonumber(meter[5])
    current = math.max(math.floor(seconds / 86400), day)
    if current > day then today = 0 end
    -- The buckets that left the window: one a second, the second that is leaving counted whole.
    local left = {}
    for past = newest + 1, math.min(second, newest + 61) do left[#left + 1] = tostring(past % 61) end
    if #left > 0 then
        for _, count in ipairs(redis.call('HMGET', KEYS[2], unpack(left))) do sum = sum - (tonumber(count) or 0) end
        redis.call('HDEL', KEYS[2], unpack(left))
        redis.call('HSET', KEYS[2], 'newest', second, 'sum', sum)
    end
    return nil
end

-- Seconds until the next would pass. The places of this call count with the second that they are in.
local function wait()
    local standing, free = sum, second + 61
    for past = second - 60, second do
        if standing < limit then
            free = past - 1 + 61
            break
        end
        standing = standing - (tonumber(redis.call('HGET', KEYS[2], tostring(past % 61))) or 0)
    end
    local whole = free - seconds
    if tonumber(time[2]) == 0 then return whole end
    return math.max(whole, 1)
end

local all, refused
local function take()
    if not meter then all = begin() end
    if all then return all end
    if cap >= 0 and today >= cap then return {'daily', (current + 1) * 86400 - seconds} end
    if sum >= limit then
        refused = refused or {'per minute', wait()}
        return refused
    end
    taken, sum, today = taken + 1, sum + 1, today + 1
    return {'taken', second, current}
end

local function known(event, claim)
    local answer = event ~= '' and redis.call('GET', event)
    if answer or claim == '' then return answer end
    -- A key names the event's answer.
    local named = redis.call('GET', claim)
    return named and redis.call('GET', named)
end

local answers = {}
for i = 3, #KEYS, 2 do
    local answer = known(KEYS[i], KEYS[i + 1])
    answers[#answers + 1] = answer and {'known', answer} or take()
end
if taken > 0 then
    redis.call('HINCRBY', KEYS[2], tostring(second % 61), taken)
    redis.call('HSET', KEYS[2], 'sum', sum, 'day', current, 'today', today)
    redis.call('EXPIRE', KEYS[2], 90000)
end
return answers
