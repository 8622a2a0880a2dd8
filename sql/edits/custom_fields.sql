-- The custom fields, as JSON, of what is in edits.machines and of what was edited.
with devices as (select id from edits.machines where type = 'device'),
machines as (select id from edits.machines where type = 'machine')
select cf from edits.devices where id in (from devices)
union
select cf from edits.virtual_machines where id in (from machines)
union
select cf from edits.interfaces where device_id in (from devices)
union
select cf from edits.vm_interfaces where virtual_machine_id in (from machines)
union
select cf from edits.ip_addresses where id in (from edits.addresses)
