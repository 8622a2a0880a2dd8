-- Guests of this cluster in NetBox that another cluster shows now: they have moved, and are not gone. Key: NetBox's id.
-- By the name, also without the number that a second guest of that name gets, and a MAC address; the guest is looked for
-- in the other endpoints' current snapshots. One of that name whose MAC addresses are not known (its configuration was
-- not read) may be it.
with settings as (from config.endpoint),

here as (
    select v.id, json_extract_string(v.cf, '$.' || settings.id_field) as vmid,
        unnest([lower(v.name), lower(if(ends_with(v.name, ' (' || vmid || ')'), left(v.name, -len(vmid) - 3), null))]) as name
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
    string_agg(distinct shown.text, '; ' order by shown.text) || ', so it may have moved there' as reason
from here h
join config.other_guests o on lower(o.name) = h.name
left join macs m using (id)
cross join lateral (select o.endpoint || ' shows a guest of this name'
    || if(len(o.macs) > 0, ' and these MAC addresses', ', of which no MAC address is known') || ' (vmid ' || o.vmid || ' of ' || o.cluster || ')' as text) shown
where len(o.macs) = 0 or list_has_any(o.macs, m.macs)
group by h.id
