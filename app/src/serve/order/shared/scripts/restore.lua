-- Batches that were cut off, oldest first. ARGV: for each its index, `p`, `h`, `t` and `d`; whose
-- it is, the number of its last entry, and 'x' if it says that the node is lost.
local out = kept_out()
if out then return out end

for at = 3, #ARGV, 8 do
    local index, before, link, when, payload, id, last, loss = unpack(ARGV, at, at + 7)
    local end_index, end_link = tail()
    local is_there = tonumber(index) <= tonumber(end_index) and link_at(index) == link
    if not is_there then
        if index ~= text(end_index + 1) or before ~= end_link then return answer('tail') end
        push(index, before, link, when, payload)
        if loss == 'x' then lose(id) else register(id, last) end
        heal_on()
    end
end
return answer('done')
