-- Hold on to a lease, and hear whether somebody asked to stop. A smaller fence than the newest is refused.
local r = KEYS[1]
local fence, ms, progress = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local now_fence, state, stop = unpack(redis.call('HMGET', r, 'fence', 'state', 'stop'))
if tonumber(now_fence or -1) ~= fence or (state ~= 'running' and state ~= 'planning') then return 'lost' end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HSET', r, 'lease_until', now + ms)
redis.call('ZADD', KEYS[2], now + ms, 'lease ' .. ARGV[4])
if progress ~= '' and redis.call('HGET', r, 'progress') ~= progress then
  redis.call('HSET', r, 'progress', progress)
  redis.call('HINCRBY', r, 'revision', 1)
  redis.call('XADD', KEYS[3], '*', 'request', ARGV[4])
end
return stop and stop ~= '' and 'stop' or 'held'
