-- Devices, members of virtual chassis and modules that the source no longer shows (sql/match/removals.sql): they are
-- shown, and stay. Key: NetBox's name.
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action, r.reason,
       [] as fields
from match.removals r
where r.object_type in ('dcim/devices', 'dcim/modules')
