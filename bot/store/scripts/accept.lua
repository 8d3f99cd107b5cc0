-- A new request, or `… again` for the first one that said the same. The id is counted here, so asking is one
-- round trip, and the answer is one word or two: a list takes the client six times as long to read.
local counter, seen, requests, index, states, audit, inbox, due = unpack(KEYS)
local remember_ms, stale_ms, line = ARGV[1], ARGV[2], ARGV[3]
local first = redis.call('GET', seen)
if first then return first .. ' again' end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local id = 'r-' .. redis.call('INCR', counter)
redis.call('SET', seen, id, 'PX', remember_ms)
local set = {'id', id, 'state', 'planning', 'revision', 1, 'fence', 0, 'card_revision', 0, 'asked_at', now, 'updated_at', now,
  'expires_at', now + stale_ms}
for i = 4, #ARGV do set[#set + 1] = ARGV[i] end
redis.call('HSET', requests .. id, unpack(set))
redis.call('ZADD', index, now, id)
redis.call('HSET', states, id, 'planning')
redis.call('ZADD', due, now + stale_ms, 'expire ' .. id)
local seq = redis.call('LLEN', audit) + 1
redis.call('RPUSH', audit, '{"seq":' .. seq .. ',"at":' .. string.format('%.0f', now) .. ',"request":"' .. id .. '",' .. string.sub(line, 2))
redis.call('XADD', inbox, '*', 'kind', 'admit', 'item', '{"request":"' .. id .. '"}')
return id
