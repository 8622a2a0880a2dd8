-- Objects of all types that the source does not show, and that stay in NetBox: shown with what keeps them
-- (sql/match/removals.sql). Devices and modules always stay; others that are changed or deleted are in the files
-- missing_*. Key: that of the resource.
-- Only with rows of match.removals WHERE action NOT IN ('update', 'delete') OR object_type IN ('dcim/devices',
--   'dcim/modules').
select r.resource, r.key, r.parent, r.object_type, r.id as netbox_id, null::varchar as target, r.last_updated, r.action,
    r.reason, [] as fields
from match.removals r
where r.action not in ('update', 'delete') or r.object_type in ('dcim/devices', 'dcim/modules')
