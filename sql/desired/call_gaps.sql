-- What could not be read, with what that leaves unproven and undecided. Key: scope + part.
-- A table that shrank, and an owner with too few of its rows, are gaps of the call that the rows come from.
with known as (
    select scope, reason, coalesce(unseen, true) as unseen,
        case when scope = 'table' then scope_id when starts_with(scope, 'short_') then substr(scope, 7) else scope end as base,
        if(scope = 'table', '*', scope_id) as part
    from config.scopes where not complete
)
select k.scope, k.part, e.wide, e.proves, e.decides, k.unseen, k.reason
from known k join desired.evidence e on e.scope in (k.base, k.scope) or k.base = '*'
