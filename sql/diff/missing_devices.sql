-- Devices, members of virtual chassis and modules that the source no longer shows (sql/match/removals.sql): they are
-- shown, and stay. Key: NetBox's name.
-- Only with rows of match.removals WHERE object_type IN ('dcim/devices', 'dcim/modules').
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason,
       [] as fields
from match.removals r
where r.object_type in ('dcim/devices', 'dcim/modules')
