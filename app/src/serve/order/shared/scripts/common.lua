-- What stands before each script but `append`. The rules are those of chat_core's `replica`.
--
-- KEYS: the room's state, its lost nodes, its log, its snapshot. ARGV: the run, the node that asks,
-- and what the script says. Numbers are kept as texts: Lua writes 14 digits of one, and a node's
-- number is longer.

local LEASE, HEAL, MORE = 5000, 5000, 1000
local GENESIS = '0000000000000000'
local state, lost, log, snapshot = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local run, node = ARGV[1], ARGV[2]

local time = redis.call('TIME')
local seconds = time[1]
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function get(field)
    return redis.call('HGET', state, field)
end

local function set(...)
    redis.call('HSET', state, ...)
end

local function number(field)
    return tonumber(get(field) or 0)
end

local function text(value)
    return string.format('%.0f', value)
end

-- All nodes that have such a field.
local function nodes(kind)
    local found = {}
    for _, field in ipairs(redis.call('HKEYS', state)) do
        if field:sub(1, 2) == kind then found[#found + 1] = field:sub(3) end
    end
    return found
end

local function tail()
    return get('tail') or '0', get('link') or GENESIS
end

local function answer(word)
    local index, link = tail()
    return {word, index, link, get('snap') or '0'}
end

local function is_healing()
    local heal = number('heal')
    return heal > now and heal <= now + HEAL
end

-- Something was said again: there may be more.
local function heal_on()
    if is_healing() then set('heal', text(math.max(number('heal'), now + MORE))) end
end

-- Whether the log is open, from now on if its time has come.
local function open()
    if is_healing() then return false end
    set('heal', '0')
    return true
end

local function renew(id)
    set('l:' .. id, text(now + LEASE))
end

-- Whether a lease has run out: its end is over, or further away than any.
local function has_run_out(lease)
    local ends = tonumber(lease or 0)
    return ends <= now or ends > now + LEASE
end

-- A node is known from now on.
local function register(id, last)
    set('n:' .. id, last)
    if not get('l:' .. id) then renew(id) end
end

local function lose(id)
    redis.call('HSET', lost, id, '1')
    redis.call('HDEL', state, 'n:' .. id, 'l:' .. id, 'a:' .. id)
end

-- The next batch.
local function push(index, before, link, at, payload)
    redis.call('XADD', log, index .. '-0', 'p', before, 'h', link, 't', at, 'd', payload)
    set('tail', index, 'link', link)
end

-- The batch at an index, if the log still has it: its `p` and its `h`.
local function batch(index)
    local found = redis.call('XRANGE', log, index .. '-0', index .. '-0')[1]
    if found then return found[2][2], found[2][4] end
end

-- The link at an index, as far as it is known.
local function link_at(index)
    local last, link = tail()
    if index == last then return link end
    local _, own = batch(index)
    local before = batch(text(index + 1))
    return own or before or (index == get('snap') and get('snaplink')) or nil
end

-- What is answered to a node that may ask nothing; nothing to others, which have a lease by that.
local function kept_out()
    if redis.call('HEXISTS', lost, node) == 1 then return {'fenced'} end
    if get('run') ~= run or not get('n:' .. node) then return {'detached'} end
    renew(node)
end
