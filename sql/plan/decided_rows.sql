-- Decides each row: written, drifted, in conflict or blocked. Key: resource + key.
-- Only updates are decided field by field (sql/plan/evaluated.sql); creates pass through: a first sync has a million.
select
    r.resource,
    case
        when r.action = 'create' and r.resource not in (select resource from config.may_create) then 'blocked'
        when r.action <> 'update' or g.any_update then r.action
        when g.any_conflict then 'conflict'
        else 'drifted'
    end as action,
    r.key, r.parent, r.object_type, r.netbox_id, r.target, r.last_updated,
    case
        when r.action = 'create' and r.resource not in (select resource from config.may_create)
            then blocked('may_not_create', {resource: r.resource})
        when r.action <> 'update' then coalesce(r.reason, reasons(r.fields))
        -- Notes about changes do not apply if nothing is written.
        when g.any_update then coalesce(r.reason, g.reasons)
        else coalesce(g.reasons, r.reason)
    end as reason,
    coalesce(if(r.action = 'update', g.fields, as_updates(r.fields)), []) as fields
from diff.candidates r
left join diff.evaluated g using (resource, key)
