-- An entry in the audit trail: ARGV prefix, who, action, count, what, keep_ms. Goes in however full Redis is: what makes
-- room is an action too.

redis.call('XADD', P .. 'audit', 'MINID', '~', WALL - tonumber(ARGV[6]), '*', 'who', ARGV[2], 'action', ARGV[3],
  'count', ARGV[4], 'what', ARGV[5])
