-- One transition of one request with all that belongs to it, or a refusal that has written nothing but a place in a line.
-- Everything is checked before the first write: a script that fails half-way is not rolled back.
local r, votes, journal, audit, outbox, work, due, states, ledger, holds, locks, history, notices, slots, turns, requests, output, failures, banded, lots =
  unpack(KEYS)
local c = cjson.decode(ARGV[1])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function no(reason, detail) return {'no', reason, tostring(detail), now} end

-- Runs of a skill that allow only so many at once. Who holds a slot is said by the run itself: it is running, and its lease
-- is not over, or so lately that its successor must find the place still free. Nothing has to be given back after a crash.
local AFTER_A_LEASE, FORGOTTEN = 5000, 30000
local function number(id) return tonumber(string.match(id, '%d+')) end
local function in_order(ids) table.sort(ids, function(a, b) return number(a) < number(b) end) return table.concat(ids, ' ') end
local function under_way(skill)
  local found, all = {}, redis.call('HGETALL', slots)
  for i = 1, #all, 2 do
    if all[i + 1] == skill and all[i] ~= c.id then
      local is, until_, last = unpack(redis.call('HMGET', requests .. all[i], 'state', 'lease_until', 'updated_at'))
      local alive = math.max(tonumber(until_ or '') or 0, tonumber(last or '') or 0)
      if is == 'running' and now < alive + AFTER_A_LEASE then found[#found + 1] = all[i] end
    end
  end
  return found
end
-- Who waits for a slot: what has begun already first, then who waits the longest. Who did not ask again is not waited for.
local function sooner(a, b)
  if a.since ~= b.since then return a.since < b.since end
  return number(a.id) < number(b.id)
end
local function waiting(skill)
  local found, all = {}, redis.call('HGETALL', turns)
  for i = 1, #all, 2 do
    local whose, since, asked = string.match(all[i + 1], '(%S+) (%d+) (%d+)')
    if whose == skill then found[#found + 1] = {id = all[i], since = tonumber(since), asked = tonumber(asked)} end
  end
  table.sort(found, sooner)
  return found
end

local state, revision, fence, lease, expires, seen =
  unpack(redis.call('HMGET', r, 'state', 'revision', 'fence', 'lease_until', 'expires_at', 'op:' .. c.op))
if not state then return no('missing', c.id) end
if seen then  -- the first answer: a later fence is somebody else's
  local was, then_revision, then_fence = string.match(seen, '(%S+) (%d+) (%d+)')
  return {'again', was, tonumber(then_revision), tonumber(then_fence), now}
end
local to = c.moves[state]
if not to then return no('state', state) end
fence = tonumber(fence)
if c.fence and c.fence ~= fence then return no('fence', fence) end
if c.unexpired and expires and expires ~= '' and now >= tonumber(expires) then return no('expired', expires) end
if c.revision and c.revision ~= tonumber(revision) then return no('revision', revision) end
if c.lease_ms and lease and lease ~= '' and now < tonumber(lease) then return no('leased', lease) end
if c.lock then
  local holder = redis.call('HGET', locks, c.lock)
  if holder and holder ~= c.id then
    redis.call('HDEL', turns, c.id)  -- who waits for its target keeps nobody else waiting
    return no('locked', holder)
  end
end
if c.slot then
  local running, before = under_way(c.slot.skill), {}
  local known = string.match(redis.call('HGET', turns, c.id) or '', '%S+ (%d+)')
  local mine = {id = c.id, since = state == 'running' and 0 or tonumber(known) or now}
  for _, other in ipairs(waiting(c.slot.skill)) do
    if sooner(other, mine) and now < other.asked + FORGOTTEN then before[#before + 1] = other.id end
  end
  if #running + #before >= c.slot.most then
    redis.call('HSET', turns, c.id, string.format('%s %.0f %.0f', c.slot.skill, mine.since, now))
    return no('full', in_order(running) .. '|' .. in_order(before))
  end
end
local held = c.settle and redis.call('HGET', holds, c.id)
local own = {}  -- what it lets go of in the same write is no reason against what it takes
if held then for _, h in ipairs(cjson.decode(held)) do own[h.key] = h.amount end end
for _, h in ipairs(c.holds) do
  local used = tonumber(redis.call('HGET', ledger, h.key .. '|held') or 0) + tonumber(redis.call('HGET', ledger, h.key .. '|settled') or 0)
  used = used - (own[h.key] or 0)
  -- Beyond 2^53 numbers are not exact here, and Redis refuses them after the first writes.
  if used + h.amount > h.limit or h.amount >= 2^53 then return no('budget', h.key) end
end

revision = tonumber(revision) + 1
local set = {}
for k, v in pairs(c.set) do set[#set + 1] = k; set[#set + 1] = v end
-- After the parts, so that none of them can stand in for what only this script decides.
for k, v in pairs({state = to, revision = revision, updated_at = now}) do set[#set + 1] = k; set[#set + 1] = v end
for k, ms in pairs(c.due) do if k == 'expire' or k == 'grant' then set[#set + 1] = 'expires_at'; set[#set + 1] = now + ms end end
if to == 'waiting' and state ~= to then set[#set + 1] = 'waits_since'; set[#set + 1] = now end
if c.lease_ms then fence = fence + 1; set[#set + 1] = 'lease_until'; set[#set + 1] = now + c.lease_ms end
if c.drop_lease then set[#set + 1] = 'lease_until'; set[#set + 1] = '' end
set[#set + 1] = 'fence'; set[#set + 1] = fence
set[#set + 1] = 'op:' .. c.op; set[#set + 1] = to .. ' ' .. revision .. ' ' .. fence .. ' ' .. c.said
redis.call('HSET', r, unpack(set))
local stamped = '{"at":' .. string.format('%.0f', now) .. ','
if c.vote then redis.call('RPUSH', votes, stamped .. string.sub(c.vote, 2)) end
if c.entry then redis.call('RPUSH', journal, stamped .. '"fence":' .. fence .. ',' .. string.sub(c.entry, 2)) end
if to ~= state then redis.call('HSET', states, c.id, to) end
if to ~= state and state == 'waiting' then redis.call('ZREM', due, 'escalate ' .. c.id) end
if c.lock then redis.call('HSET', locks, c.lock, c.id); redis.call('HSET', r, 'lock', c.lock) end
if c.unlock then
  local name = redis.call('HGET', r, 'lock')
  if name and redis.call('HGET', locks, name) == c.id then redis.call('HDEL', locks, name) end
end
if c.slot then redis.call('HSET', slots, c.id, c.slot.skill) end
if c.slot or to ~= state then redis.call('HDEL', turns, c.id) end
if to ~= 'running' and state == 'running' then
  local skill = redis.call('HGET', slots, c.id)
  if skill then
    redis.call('HDEL', slots, c.id)
    local next_one = waiting(skill)[1]
    if next_one then redis.call('XADD', work, '*', 'kind', 'run', 'request', next_one.id) end
  end
end
if held then
  for _, h in ipairs(cjson.decode(held)) do
    redis.call('HINCRBY', ledger, h.key .. '|held', 0 - h.amount)  -- a negative zero is no integer to Redis
    if c.settle > 0 then redis.call('HINCRBY', ledger, h.key .. '|settled', c.settle) end
  end
  redis.call('HDEL', holds, c.id)
end
for _, h in ipairs(c.holds) do redis.call('HINCRBY', ledger, h.key .. '|held', h.amount) end
if c.kept then redis.call('HSET', holds, c.id, c.kept) end
if c.history then redis.call('RPUSH', history, c.history) end
if c.failed then redis.call('RPUSH', failures, c.history) end
if c.banded then redis.call('RPUSH', banded, c.history) end
if c.lot then redis.call('HSET', lots, c.lot, c.id) end
for _, k in ipairs(c.clear) do redis.call('ZREM', due, k .. ' ' .. c.id) end
for k, ms in pairs(c.due) do redis.call('ZADD', due, now + ms, k .. ' ' .. c.id) end
for _, line in ipairs(c.audit) do
  redis.call('RPUSH', audit, '{"seq":' .. redis.call('LLEN', audit) + 1 .. ',' .. string.sub(stamped, 2) .. string.sub(line, 2))
end
if c.output then redis.call('SET', output, c.output, 'PX', c.output_ms) end
for _, notice in ipairs(c.tell) do redis.call('XADD', notices, '*', 'notice', notice) end
if c.show then redis.call('XADD', outbox, '*', 'request', c.id) end
if c.work then redis.call('XADD', work, '*', 'kind', c.work, 'request', c.id) end
return {'ok', to, revision, fence, now}
