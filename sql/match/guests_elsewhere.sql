-- Guests of this cluster in NetBox that are no longer listed, but that another cluster shows or may show: they may have
-- moved, so they are not removed. Key: NetBox's id. The other endpoints' current snapshots are the evidence
-- (config.other_guests). A MAC address or an SMBIOS UUID is enough, and so is the name where nothing contradicts it. If
-- NetBox has a guest with that name in the other cluster, it is another guest.
-- Only with rows of config.other_guests; config.unseen_moves.
with settings as (from config.endpoint),

here as (
    select v.id, held_guest(v.cf, settings.id_field) as vmid
    from netbox.virtual_machines v, settings
    where lower(held_cluster(v.cf, settings.cluster_field)) = lower(settings.id_scope)
      and vmid is not null and vmid not in (select source_id from desired.listed_guests)
),
called as (
    select id, lower(name) as name from netbox.virtual_machines where id in (select id from here)
    union
    -- Without the number that a second guest of that name gets.
    select h.id, lower(left(v.name, -len(h.vmid) - 3)) from here h join netbox.virtual_machines v using (id)
    where ends_with(v.name, ' (' || h.vmid || ')')
    union
    select netbox_id, lower(value::json->>'$') from ledger.last_written
    where object_type = 'virtualization/virtual-machines' and field = 'name' and netbox_id in (select id from here)
),
macs as (
    select distinct i.virtual_machine_id as id, upper(m.mac_address) as mac
    from netbox.mac_addresses m
    join netbox.vm_interfaces i on m.assigned_object_type = 'virtualization.vminterface' and m.assigned_object_id = i.id
    where i.virtual_machine_id in (select id from here)
),
shown as (
    select o.endpoint, o.cluster, o.vmid, o.name, o.macs, o.uuid
    from config.other_guests o, settings
    where o.vmid is not null and o.name is not null
      and not exists (
          from netbox.virtual_machines v
          where lower(held_cluster(v.cf, settings.cluster_field)) = lower(o.cluster)
            and held_guest(v.cf, settings.id_field) = o.vmid and lower(v.name) = lower(o.name))
),
hits as (
    select c.id, s.endpoint, s.cluster, s.vmid, 'this name' as witness, 1 as place from called c join shown s
        on lower(s.name) = c.name
    union all
    select m.id, s.endpoint, s.cluster, s.vmid, 'these MAC addresses', 2
    from (select *, unnest(macs) as mac from shown) s join macs m using (mac) group by all
    union all
    select f.netbox_id, s.endpoint, s.cluster, s.vmid, 'this SMBIOS UUID', 3
    from shown s join config.former_guests f using (uuid) where f.netbox_id in (select id from here)
),
agreed as (
    select id, endpoint, cluster, vmid, list(witness order by place) as witnesses, max(place) = 1 as name_alone
    from hits group by id, endpoint, cluster, vmid
),
found as (
    select a.id, because('shown_elsewhere', {endpoint: a.endpoint, witnesses: a.witnesses, vmid: a.vmid,
        cluster: a.cluster}) as reason
    from agreed a
    join shown s using (endpoint, cluster, vmid)
    left join config.former_guests f on f.netbox_id = a.id
    where not a.name_alone
       or (coalesce(f.uuid = s.uuid, true) and (len(s.macs) = 0 or a.id not in (select id from macs)))
)
select id as netbox_id, because('may_have_moved',
    {because: string_agg(distinct reason, '; ' order by reason)}) as reason
from found group by id
union all
select h.id, u.reason from here h join config.unseen_moves u using (vmid) where h.id not in (select id from found)
