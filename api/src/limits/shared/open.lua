-- Begins a tenant's meter in a generation, with what the log holds; the first one counts.
-- KEYS: generation, meter.
-- ARGV: generation, number of days, then day and count of each, then age in seconds and count of each second.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'other generation' end
if redis.call('HGET', KEYS[2], 'generation') == ARGV[1] then return 'open' end
local second = tonumber(redis.call('TIME')[1])
local day, today, sum = math.floor(second / 86400), 0, 0
local days = tonumber(ARGV[2])
for i = 0, days - 1 do
    if tonumber(ARGV[3 + 2 * i]) == day then today = tonumber(ARGV[4 + 2 * i]) end
end
redis.call('DEL', KEYS[2])
for i = 3 + 2 * days, #ARGV, 2 do
    local age, count = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
    if age <= 60 then
        redis.call('HINCRBY', KEYS[2], tostring((second - age) % 61), count)
        sum = sum + count
    end
end
redis.call('HSET', KEYS[2], 'generation', ARGV[1], 'newest', second, 'sum', sum, 'day', day, 'today', today)
redis.call('EXPIRE', KEYS[2], 90000)
return 'open'
