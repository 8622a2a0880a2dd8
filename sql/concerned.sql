-- The endpoints that show one of these devices or virtual machines ($devices: NetBox's ids; $names, in lower case), or
-- whose diff or applies have one of these objects ($objects: 'dcim/devices 12').
select endpoint from desired.matched_devices where netbox_id in (select unnest($devices::bigint[]))
union
select endpoint from desired.devices
where list_has_any(list_transform(list_append(names, name), lambda one: lower(one)), $names::varchar[])
union
select endpoint from desired.virtual_machines where list_contains($names::varchar[], lower(name))
union
select endpoint from diff.changes where list_contains($objects::varchar[], object_type || ' ' || netbox_id)
union
select endpoint from ledger.applied where list_contains($objects::varchar[], object_type || ' ' || netbox_id)
