-- A node takes up a connection, or begins: then it has no number. ARGV: the format that it knows;
-- whether the instance is young; the greatest era that the node has seen; the index and the link of
-- the last batch that it has, nothing for one that begins.
local known, is_young, seen = ARGV[3], ARGV[4] == '1', tonumber(ARGV[5])
local index, link = ARGV[6], ARGV[7]

-- Another instance has taken over. What is here is not to be heeded, not even that a node is lost.
if get('run') == run and not is_healing() and number('era') < seen then return {'stale'} end
if redis.call('HEXISTS', lost, node) == 1 then return {'fenced'} end
local format = get('format')
if format and tonumber(format) > tonumber(known) then return {'foreign', format} end
if not format then set('format', known) end

-- It may have forgotten part of what belongs together.
local last_index = number('tail')
local lacks_snapshot = get('snap') and redis.call('EXISTS', snapshot) == 0
local lacks_log = last_index > number('snap') and not batch(text(last_index))
if lacks_snapshot or lacks_log then
    redis.call('DEL', log, snapshot)
    redis.call('HDEL', state, 'tail', 'link', 'snap', 'snaplink')
    for _, kind in ipairs({'n:', 'l:', 'a:'}) do
        for _, id in ipairs(nodes(kind)) do redis.call('HDEL', state, kind .. id) end
    end
    set('heal', text(now + HEAL), 'blank', '1')
    is_young = true
end

if get('run') ~= run then
    local era = get('era')
    set('run', run, 'heal', text(now + HEAL), 'era', text(era and era + 1 or now))
    if is_young and number('tail') == 0 then
        set('blank', '1')
    else
        redis.call('HDEL', state, 'blank')
    end
    for _, id in ipairs(nodes('a:')) do redis.call('HDEL', state, 'a:' .. id) end
    for _, id in ipairs(nodes('l:')) do renew(id) end
end

set('era', text(math.max(number('era'), seen)))
if node == '' then node = text(math.max(number('next') + 1, time[1] * 1000000 + time[2])) end
set('next', text(math.max(number('next'), tonumber(node))))
redis.call('HSETNX', state, 'n:' .. node, '0')
renew(node)

local last, last_link = tail()
local relation = 'same'
if not index then
    if get('snap') then relation = 'behind' end
elseif tonumber(index) > tonumber(last) then
    relation = 'cut'
else
    local there = link_at(index)
    if not there then relation = 'behind' elseif there ~= link then relation = 'apart' end
end
local healing = is_healing() and 1 or 0
local so_far = get('n:' .. node)
local attached = {'attached', last, last_link, node, so_far, get('era'), relation, healing}
if relation == 'behind' and get('snap') then
    attached[9], attached[10] = get('snap'), get('snaplink')
    attached[11] = redis.call('GET', snapshot)
end
return attached
