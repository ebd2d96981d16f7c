-- An engine that has lost it gets a snapshot, and all that came before. ARGV: the index and the
-- link of the batch with which the log ends that it replaces, and of the batch that it stands
-- behind; the snapshot; for each node its number, and that of its last entry or 'x' if it is lost.
local out = kept_out()
if out then return out end

local over, over_link, index, link = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local last, last_link = tail()
local is_older = tonumber(index) <= tonumber(last)
if last ~= over or last_link ~= over_link or is_older then return answer('tail') end

redis.call('DEL', log)
redis.call('SET', snapshot, ARGV[7])
set('tail', index, 'link', link, 'snap', index, 'snaplink', link)
for at = 8, #ARGV, 2 do
    local id, last_of = ARGV[at], ARGV[at + 1]
    if last_of == 'x' then lose(id) else register(id, last_of) end
end
heal_on()
return answer('done')
