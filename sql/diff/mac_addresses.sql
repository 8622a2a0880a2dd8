-- MAC addresses as objects on interfaces. Key: interface + address. An object that NetBox has on the interface is
-- reused; an unassigned one is adopted; else a new one is created.
-- Only with rows of desired.interfaces WHERE mac <> ''; desired.vm_interfaces WHERE mac <> ''.
with wanted as (
    select resource, key as interface, netbox_id as interface_id, label, type, owner, mac
    from match.interface_names where problem is null and mac <> ''
),
present as (
    select w.resource, w.interface, min(m.id) as id
    from wanted w join netbox.mac_addresses m
        on m.assigned_object_type = w.type and m.assigned_object_id = w.interface_id and upper(m.mac_address) = w.mac
    group by all
),
alone as (
    select upper(mac_address) as mac, min(id) as id, min_by(last_updated, id) as last_updated
    from netbox.mac_addresses where assigned_object_id is null group by 1 having count(*) = 1
),
adoptable as (
    select w.resource, w.interface, a.id, a.last_updated
    from wanted w join alone a using (mac)
    -- Where several interfaces want the address, nobody can say whose the object is: each gets its own.
    qualify count(*) over (partition by a.id) = 1
)
select 'mac_addresses' as resource, w.interface || ' ' || w.mac as key, w.owner as parent,
    'dcim/mac-addresses' as object_type,
       a.id as netbox_id, null::varchar as target, a.last_updated,
       if(a.id is null, 'create', 'update') as action, null::varchar as reason,
       differing([
           trimmed_text_field('mac_address', if(a.id is null, null, w.mac), w.mac),
           field('assigned_object', if(a.id is null, null, 'null'),
               typed_link(w.type, w.resource, w.interface, w.interface_id, w.label))
       ]) as fields
from wanted w
left join present p on p.resource = w.resource and p.interface = w.interface
left join adoptable a on a.resource = w.resource and a.interface = w.interface
where p.id is null
