-- A skill or policy was loaded: written down once for each digest, however many processes load it.
local loaded, audit = KEYS[1], KEYS[2]
if redis.call('HGET', loaded, ARGV[1]) == ARGV[2] then return 0 end
redis.call('HSET', loaded, ARGV[1], ARGV[2])
local t = redis.call('TIME')
local now = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
redis.call('RPUSH', audit, '{"seq":' .. redis.call('LLEN', audit) + 1 .. ',"at":' .. now .. ',' .. string.sub(ARGV[3], 2))
return 1
