-- Guests of this cluster in NetBox that another cluster shows now: they have moved, and are not gone. Key: NetBox's id.
-- By the name and a MAC address; the guest is looked for in the other endpoints' current snapshots.
with settings as (from config.endpoint),

here as (
    select v.id, lower(v.name) as name, json_extract_string(v.cf, '$.' || settings.id_field) as vmid
    from netbox.virtual_machines v, settings
    where lower(json_extract_string(v.cf, '$.' || settings.cluster_field)) = lower(settings.id_scope)
      and vmid is not null and vmid not in (select source_id from desired.listed_guests)
),
macs as (
    select i.virtual_machine_id as id, list(distinct upper(m.mac_address)) as macs
    from netbox.mac_addresses m
    join netbox.vm_interfaces i on m.assigned_object_type = 'virtualization.vminterface' and m.assigned_object_id = i.id
    where i.virtual_machine_id in (select id from here)
    group by 1
)
select h.id as netbox_id,
    string_agg(distinct o.endpoint || ' shows a guest of this name and these MAC addresses (vmid ' || o.vmid || ' of ' || o.cluster || ')', '; '
        order by o.endpoint || ' shows a guest of this name and these MAC addresses (vmid ' || o.vmid || ' of ' || o.cluster || ')')
        || ', so it may have moved there' as reason
from here h
join macs m using (id)
join config.other_guests o on lower(o.name) = h.name and list_has_any(o.macs, m.macs)
group by h.id
