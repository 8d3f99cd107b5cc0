-- A new request, or the first one that said the same. The id is counted here, so asking is one round trip.
local counter, seen, requests, index, states, audit, inbox, due = unpack(KEYS)
local a = cjson.decode(ARGV[1])
local first = redis.call('GET', seen)
if first then return {first, 0} end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local id = 'r-' .. redis.call('INCR', counter)
redis.call('SET', seen, id, 'PX', a.remember_ms)
local set = {'id', id, 'state', 'planning', 'revision', 1, 'fence', 0, 'card_revision', 0, 'asked_at', now, 'updated_at', now,
  'expires_at', now + a.stale_ms}
for k, v in pairs(a.set) do set[#set + 1] = k; set[#set + 1] = v end
redis.call('HSET', requests .. id, unpack(set))
redis.call('ZADD', index, now, id)
redis.call('HSET', states, id, 'planning')
redis.call('ZADD', due, now + a.stale_ms, 'expire ' .. id)
local seq = redis.call('LLEN', audit) + 1
redis.call('RPUSH', audit, '{"seq":' .. seq .. ',"at":' .. string.format('%.0f', now) .. ',"request":"' .. id .. '",' .. string.sub(a.audit, 2))
redis.call('XADD', inbox, '*', 'kind', 'admit', 'item', cjson.encode({request = id}))
return {id, 1}
