-- An audit entry that changes nothing else: a refused click, a loaded policy.
local audit = KEYS[1]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local seq = redis.call('LLEN', audit) + 1
redis.call('RPUSH', audit, '{"seq":' .. seq .. ',"at":' .. string.format('%.0f', now) .. ',' .. string.sub(ARGV[1], 2))
return seq
