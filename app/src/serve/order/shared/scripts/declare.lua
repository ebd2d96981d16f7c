-- A node is gone, maybe the one that says so. ARGV: which; the number of its last entry; its lease,
-- as that was seen to have run out; the entry that says it.
local out = kept_out()
if out then return out end

if not open() then return {'healing'} end
local gone, last, lease, payload = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
-- It may be known to be lost: the log may have been replaced by one that does not say so.
local of = get('l:' .. gone)
local lives = gone ~= node and not (of == lease and has_run_out(of))
if lives or get('n:' .. gone) ~= last then return {'refused'} end

local index, before = tail()
local text_of_it = table.concat({before, gone, text(last + 1), 'lost'}, ':')
local link = redis.sha1hex(text_of_it):sub(1, 16)
push(text(index + 1), before, link, seconds, payload)
lose(gone)
return answer('done')
