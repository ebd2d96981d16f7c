-- A node lives. Answers which others do not seem to, each with the number of its last entry, its
-- lease, and whether it has not been there in this run. While the log heals it is one that has yet
-- to say again what it knows: it is waited for.
local out = kept_out()
if out then return out end

local expired = {'nodes', get('snap') or '0'}
if is_healing() then
    if not get('a:' .. node) then set('heal', text(now + HEAL)) end
    return expired
end
for _, id in ipairs(nodes('n:')) do
    local lease = get('l:' .. id) or '0'
    if id ~= node and has_run_out(lease) then
        local place = #expired
        expired[place + 1], expired[place + 2] = id, get('n:' .. id)
        expired[place + 3], expired[place + 4] = lease, get('a:' .. id) and 0 or 1
    end
end
return expired
