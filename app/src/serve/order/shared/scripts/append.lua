-- A node's next entries. ARGV: the run, the node, the number of the first entry, that of the last
-- one, and all of them. It runs for each line that anybody says, so it stands alone, and does in a
-- few calls what others do in many.

local LEASE, HEAL = 5000, 5000
local GENESIS = '0000000000000000'
local state, lost, log = KEYS[1], KEYS[2], KEYS[3]
local run, node, first, last, payload = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = string.format('%.0f', now + LEASE)

if redis.call('HEXISTS', lost, node) == 1 then return {'fenced'} end
local known =
    redis.call('HMGET', state, 'run', 'n:' .. node, 'heal', 'tail', 'link', 'snap')
local so_far = known[2]
if known[1] ~= run or not so_far then return {'detached'} end
local heal = tonumber(known[3] or 0)
local is_healing = heal > now and heal <= now + HEAL
if is_healing or first ~= string.format('%.0f', so_far + 1) then
    redis.call('HSET', state, 'l:' .. node, lease)
    if is_healing then return {'healing'} end
    return {'gap', so_far}
end

local index, before = string.format('%.0f', (known[4] or 0) + 1), known[5] or GENESIS
local text = table.concat({before, node, first, last}, ':')
local link = redis.sha1hex(text):sub(1, 16)
redis.call('XADD', log, index .. '-0', 'p', before, 'h', link, 't', time[1], 'd', payload)
redis.call('HSET', state, 'tail', index, 'link', link, 'heal', '0', 'n:' .. node, last,
    'l:' .. node, lease)
return {'done', index, link, known[6] or '0'}
