-- Interfaces that NetBox has on a matched device and the source does not show (sql/match/removals.sql). Key: device +
-- NetBox's name.
-- Only with rows of match.removals WHERE object_type = 'dcim/interfaces' AND action IN ('update', 'delete').
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       case r.action
           when 'update' then [field('enabled', 'true', 'false')]
           when 'delete' then removed_interface(i, d.name) end as fields
from match.removals r
join netbox.interfaces i on i.id = r.id
left join netbox.devices d on d.id = i.device_id
where r.object_type = 'dcim/interfaces' and r.action in ('update', 'delete')
