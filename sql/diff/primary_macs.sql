-- The MAC address that an interface shows as its own. Key: interface. An update of the interface, after the MAC
-- address object exists.
-- Only with rows of desired.interfaces WHERE mac <> ''; desired.vm_interfaces WHERE mac <> ''.
with macs as (
    select m.assigned_object_type as type, m.assigned_object_id as interface_id, upper(m.mac_address) as mac,
        min(m.id) as id
    from netbox.mac_addresses m where m.assigned_object_id is not null group by all
),
actual as (
    select 'dcim.interface' as type, i.id, i.last_updated, i.primary_mac_id, m.mac_address
    from netbox.interfaces i left join netbox.mac_addresses m on m.id = i.primary_mac_id
    union all
    select 'virtualization.vminterface', i.id, i.last_updated, i.primary_mac_id, m.mac_address
    from netbox.vm_interfaces i left join netbox.mac_addresses m on m.id = i.primary_mac_id
),
wanted as (
    select w.*, a.last_updated, existing(a.primary_mac_id, upper(a.mac_address)) as current, m.id as mac_id
    from match.interface_names w
    left join actual a on a.type = w.type and a.id = w.netbox_id
    left join macs m on m.type = w.type and m.interface_id = w.netbox_id and m.mac = w.mac
    where w.problem is null and w.mac <> '' and upper(coalesce(a.mac_address, '')) <> w.mac
),
adopted as (
    select key, netbox_id from diff.mac_addresses where action = 'update'
)
select 'primary_macs' as resource, w.key, w.owner as parent,
       if(w.type = 'dcim.interface', 'dcim/interfaces', 'virtualization/interfaces') as object_type,
       w.netbox_id, case when w.netbox_id is null then created(w.resource, w.key, w.label) end as target,
           w.last_updated,
       'update' as action, null::varchar as reason,
       [field('primary_mac_address', coalesce(w.current, 'null'),
              link('mac_addresses', w.key || ' ' || w.mac, coalesce(w.mac_id, a.netbox_id), w.mac))] as fields
from wanted w
left join adopted a on a.key = w.key || ' ' || w.mac
