-- Gives a place back, where it still counts.
-- KEYS: generation, meter. ARGV: generation, second and day of the place.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local meter = redis.call('HMGET', KEYS[2], 'generation', 'newest', 'sum', 'day', 'today')
if meter[1] ~= ARGV[1] then return 0 end
local second, slot = tonumber(ARGV[2]), tostring(tonumber(ARGV[2]) % 61)
if tonumber(meter[2]) - second < 61 and (tonumber(redis.call('HGET', KEYS[2], slot)) or 0) > 0 then
    redis.call('HINCRBY', KEYS[2], slot, -1)
    redis.call('HINCRBY', KEYS[2], 'sum', -1)
end
if meter[4] == ARGV[3] and tonumber(meter[5]) > 0 then redis.call('HINCRBY', KEYS[2], 'today', -1) end
return 1
