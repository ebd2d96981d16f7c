-- A newer snapshot. ARGV: the index and the link of the batch that it stands behind; the snapshot.
local out = kept_out()
if out then return out end

local index, link = ARGV[3], ARGV[4]
local is_newer = tonumber(index) > number('snap') and tonumber(index) <= number('tail')
if is_newer and link_at(index) == link then
    -- First, as there may be no memory for both. Without a limit it stops after some thousands.
    redis.call('XTRIM', log, 'MINID', '~', text(index + 1) .. '-0', 'LIMIT', 0)
    redis.call('SET', snapshot, ARGV[5])
    set('snap', index, 'snaplink', link)
end
return answer('done')
