-- Where the card is. Only the first one posted is news; every later drawing is only a drawing.
local r, audit = KEYS[1], KEYS[2]
if not redis.call('HGET', r, 'card') then
  local t = redis.call('TIME')
  local now = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
  redis.call('RPUSH', audit, '{"seq":' .. redis.call('LLEN', audit) + 1 .. ',"at":' .. now .. ',' .. string.sub(ARGV[2], 2))
end
redis.call('HSET', r, 'card', ARGV[1])
return 1
