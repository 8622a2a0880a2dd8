-- The devices and virtual machines on which something was edited, and those that are tied to them: by a cable, an
-- address, a virtual chassis, or as a machine and what runs on it. Key: type + id.
with ports as (
    select id from edits.interfaces where device_id in (select id from edits.touched where type = 'device')
),
cabled as (
    select unnest(list_concat(a_ids, b_ids)) as id from edits.cables
    where list_has_any(list_concat(a_ids, b_ids), (select coalesce(list(id), []) from ports))
),
holders as (
    select assigned_object_type as type, assigned_object_id as id from edits.ip_addresses
    where id in (select id from edits.addresses)
),
chassis as (
    select virtual_chassis_id as id from edits.devices
    where id in (select id from edits.touched where type = 'device') and virtual_chassis_id is not null
)
from edits.touched
union
select 'device', device_id from edits.interfaces
where id in (select id from cabled) or id in (select id from holders where type = 'dcim.interface')
union
select 'machine', virtual_machine_id from edits.vm_interfaces
where id in (select id from holders where type = 'virtualization.vminterface')
union
select 'device', id from edits.devices
where primary_ip4_id in (from edits.addresses) or primary_ip6_id in (from edits.addresses)
   or oob_ip_id in (from edits.addresses) or virtual_chassis_id in (select id from chassis)
union
select 'machine', id from edits.virtual_machines
where primary_ip4_id in (from edits.addresses) or primary_ip6_id in (from edits.addresses)
   or device_id in (select id from edits.touched where type = 'device')
union
select 'device', device_id from edits.virtual_machines
where id in (select id from edits.touched where type = 'machine') and device_id is not null
