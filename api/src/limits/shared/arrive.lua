-- Says that a process has arrived with nothing under way, and returns the generation, or '' and who else is there.
-- KEYS: generation, arrivals. ARGV: process, run id of the server, 'anew' at its first call: what has begun without it is over.
local generation = redis.call('GET', KEYS[1])
if generation and (ARGV[3] == 'anew' or string.sub(generation, 1, #ARGV[2] + 1) ~= ARGV[2] .. '/') then
    redis.call('DEL', KEYS[1])
    generation = false
end
if generation then return {generation} end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[2], ARGV[1], now)
redis.call('PEXPIRE', KEYS[2], 10000)
local here = {''}
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
    -- Each says so many times a second for as long as it waits.
    if math.abs(now - tonumber(all[i + 1])) <= 1000 then here[#here + 1] = all[i] end
end
return here
