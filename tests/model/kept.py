"""All that Redis keeps, in one call: what a refusal may not change."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.store.keys import Keys

KEPT = """
local kept = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind, content = redis.call('TYPE', key).ok, nil
  if key == ARGV[1] then kind = 'audit' end
  if kind == 'hash' then
    local names = redis.call('HKEYS', key)
    table.sort(names)
    content = {names, redis.call('HMGET', key, unpack(names))}
  elseif kind == 'list' then content = redis.call('LRANGE', key, 0, -1)
  elseif kind == 'zset' then content = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif kind == 'stream' then content = redis.call('XRANGE', key, '-', '+')
  elseif kind ~= 'audit' then content = redis.call('GET', key) end
  kept[#kept + 1] = key
  kept[#kept + 1] = content and cjson.encode(content) or kind
end
return kept
"""


async def kept(redis: Redis, keys: Keys) -> dict[str, str]:
    """Every key with all that it has, but for the audit."""
    found: list[str] = await redis.eval(KEPT, 0, keys.audit)  # type: ignore[misc]
    return dict(zip(found[::2], found[1::2], strict=True))
