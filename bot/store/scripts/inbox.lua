-- Something Slack said, kept before Slack hears that we heard; the same thing said twice is kept once.
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[3]) then return 0 end
redis.call('XADD', KEYS[1], '*', 'kind', ARGV[1], 'item', ARGV[2])
return 1
