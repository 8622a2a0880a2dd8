-- Makes config.gaps.
-- What could not be read, with what that leaves unproven and undecided. Key: scope + part.
-- A table that shrank, and an owner with too few of its rows, are gaps of the call that the rows come from.
with known as (
    select s.scope, s.reason, coalesce(s.unseen, true) as unseen,
        case when s.scope = 'table' then coalesce(t.call, s.scope_id) when starts_with(s.scope, 'short_')
            then substr(s.scope, 7) else s.scope end as base,
        if(s.scope = 'table', '*', s.scope_id) as part
    from config.scopes s left join desired.call_tables t on s.scope = 'table' and t.name = s.scope_id
    where not s.complete
)
select k.scope, k.part, e.wide, e.proves, e.decides, k.unseen, because('not_read', {text: k.reason}) as reason
from known k join desired.evidence e on e.scope in (k.base, k.scope) or k.base = '*'
    -- A table of no known call proves nothing at all.
    or (k.scope = 'table' and k.base not in (select scope from desired.evidence))
