-- Leaves without a generation, or returns the one that has begun with this process.
-- KEYS: generation, arrivals. ARGV: process, run id of the server.
local generation = redis.call('GET', KEYS[1])
if generation and string.sub(generation, 1, #ARGV[2] + 1) == ARGV[2] .. '/' then return generation end
redis.call('HDEL', KEYS[2], ARGV[1])
return ''
