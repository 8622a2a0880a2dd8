-- The addresses that were edited, that are on something edited or primary there, and those that NAT ties to them.
-- Key: id.
with ports as (
    select 'dcim.interface' as type, id from edits.interfaces
    where device_id in (select id from edits.touched where type = 'device')
    union all
    select 'virtualization.vminterface', id from edits.vm_interfaces
    where virtual_machine_id in (select id from edits.touched where type = 'machine')
),
primaries as (
    select unnest([primary_ip4_id, primary_ip6_id, oob_ip_id]) as id from edits.devices
    where id in (select id from edits.touched where type = 'device')
    union all
    select unnest([primary_ip4_id, primary_ip6_id]) from edits.virtual_machines
    where id in (select id from edits.touched where type = 'machine')
),
near as materialized (
    select id, nat_inside_id from edits.ip_addresses
    where id in (select id from edits.changed where table_name = 'ip_addresses')
       or id in (select id from primaries where id is not null)
       or (assigned_object_type, assigned_object_id) in (select (type, id) from ports)
)
select id from near
union
select nat_inside_id from near where nat_inside_id is not null
union
select id from edits.ip_addresses where nat_inside_id in (select id from near)
