-- Begins a generation, unless another process has.
-- KEYS: generation, arrivals. ARGV: the new generation.
if redis.call('SET', KEYS[1], ARGV[1], 'NX') then redis.call('DEL', KEYS[2]) end
return redis.call('GET', KEYS[1])
