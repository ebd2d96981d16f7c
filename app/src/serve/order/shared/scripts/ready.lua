-- A node has said again all that it knows.
local out = kept_out()
if out then return out end

set('a:' .. node, '1')
local are_ready = not get('blank')
for _, id in ipairs(nodes('n:')) do are_ready = are_ready and get('a:' .. id) end
if are_ready then set('heal', '0') end
if not open() then return {'healing'} end
return answer('done')
