-- Devices of LibreNMS that NetBox knows as virtual machines, and not as devices. Key: device_id. The witnesses are the
-- name, a MAC address that one device and one virtual machine have, and the polled address as the primary one. A name
-- does not count if the virtual machine is at another site than the location says. netbox_id NULL: several virtual
-- machines. is_synced: the policy virtual_machines syncs it as that machine.
-- Only with rows of netbox.virtual_machines.
with settings as (from config.endpoint),
claims as (
    select source_claim(cf, settings.node_field, settings.id_scope, settings.only_of_its_kind) as claim
    from netbox.devices, settings where contains(cf, settings.node_field)
),
shown as (
    select d.device_id, blank(d.ip) as ip,
        list_filter([usable_name(d.sysName), short_name(d.sysName), usable_name(d.hostname), short_name(d.hostname)],
            lambda n: n is not null) as names,
        coalesce((select target from config.mappings where kind = 'sites' and lower(source) = lower(d.location)),
            d.location) as site
    from librenms.devices d
    where d.device_id::varchar not in (select claim from claims where claim is not null)
      and d.device_id not in (select device_id from desired.bmc_devices)
      and coalesce(lower(serial_number(d.serial)), '') not in (
          select lower(stripped(serial)) from netbox.devices where not is_placeholder(serial))
),
names as (
    select device_id, site, lower(unnest(names)) as name from shown
),
-- Names that NetBox has for devices.
devices as (
    select device_id from names where name in (select lower(name) from netbox.devices where name is not null)
),
machines as (
    select v.id, v.name, coalesce(s.name, cs.name) as site, coalesce(s.slug, cs.slug) as site_slug
    from netbox.virtual_machines v
    left join netbox.clusters c on c.id = v.cluster_id
    left join netbox.sites s on s.id = v.site_id
    left join netbox.sites cs on c.scope_type = 'dcim.site' and cs.id = c.scope_id
),
device_macs as (
    select mac_address(ifPhysAddress) as mac, min(device_id) as device_id
    from librenms.ports
    where coalesce(ifPhysAddress, '') <> '' and not coalesce(deleted, false)
    group by 1 having count(distinct device_id) = 1 and mac <> ''
),
machine_macs as (
    select upper(m.mac_address) as mac, min(i.virtual_machine_id) as id
    from netbox.mac_addresses m
    join netbox.vm_interfaces i on m.assigned_object_type = 'virtualization.vminterface' and m.assigned_object_id = i.id
    group by 1 having count(distinct i.virtual_machine_id) = 1
),
witnesses as (
    select n.device_id, m.id, 1 as place, 'the name' as witness
    from names n join machines m on lower(m.name) = n.name
    where m.site is null or lower(n.site) in (lower(m.site), m.site_slug)
       or not exists (from netbox.sites s where lower(n.site) in (lower(s.name), s.slug))
    union
    select d.device_id, m.id, 2, 'the MAC address ' || d.mac from device_macs d join machine_macs m using (mac)
    union
    select s.device_id, v.id, 3, 'the address ' || s.ip
    from shown s
    join netbox.ip_addresses a on a.host = s.ip
    join netbox.virtual_machines v on a.id in (v.primary_ip4_id, v.primary_ip6_id)
),
found as (
    select w.device_id, count(distinct w.id) as candidates, min(w.id) as id, min_by(w.witness, w.place) as witness,
        list(distinct m.name order by m.name) as names
    from witnesses w join machines m using (id)
    where w.device_id in (select device_id from shown) and w.device_id not in (from devices)
    group by w.device_id
)
select f.device_id, if(f.candidates = 1, f.id, null) as netbox_id, f.names, f.witness,
    f.candidates = 1 and settings.virtual_machines = 'update' as is_synced
from found f, settings
