-- If NetBox has more of this product's objects on a device, guest or cluster than any snapshot has ever shown there,
-- the source may never have been read completely: more than three tenths and at least three are missing, or all. Until
-- someone confirms the source (--accept-shrink), the absence proves nothing. This is the only check for a first
-- snapshot. Key: resource + owner; the rows join desired.incomplete_scopes.
-- Only with rows of match.interface_pairs WHERE claim IS NOT NULL; ledger.created; netbox.virtual_machines.
-- Its rows join desired.incomplete_scopes.
with settings as (from config.endpoint),
peaks as (
    select source_table, owner, sum(peak) as peak, bool_and(accepted) as accepted from config.row_counts group by all
),

-- Counted first: missing objects are then searched only on the few that have more than was ever seen.
held as (
    select 'interfaces' as resource, 'ports' as source_table, d.key as owner, d.source_id, count(*) as held,
        d.netbox_id as place
    from match.interface_pairs p join match.devices d on d.netbox_id = p.device_id
    where p.claim is not null and p.netbox_id is not null
    group by all
),
written_addresses as (
    select a.id, a.host, a.assigned_object_type, a.assigned_object_id
    from netbox.ip_addresses a join ledger.created c on c.object_type = 'ipam/ip-addresses' and c.netbox_id = a.id
    where c.endpoint in (select endpoint from config.same_source)
),
placed_addresses as (
    select a.host, m.key as owner, m.source_id
    from written_addresses a
    join netbox.interfaces i on a.assigned_object_type = 'dcim.interface' and i.id = a.assigned_object_id
    join match.devices m on m.netbox_id = i.device_id
    union all
    select a.host, m.key, v.source_id
    from written_addresses a
    join netbox.vm_interfaces i on a.assigned_object_type = 'virtualization.vminterface' and i.id = a.assigned_object_id
    join match.virtual_machines m on m.netbox_id = i.virtual_machine_id
    join desired.virtual_machines v using (key)
),
machines as (
    select held_guest(v.cf, settings.id_field) as claim
    from netbox.virtual_machines v cross join settings
    where settings.cluster_field is not null
      and lower(held_cluster(v.cf, settings.cluster_field)) = lower(settings.id_scope)
),

lacking as (
    select h.resource, h.source_table, h.owner, h.source_id, h.held,
        (select count(*) from match.interface_pairs p
         where p.device_id = h.place and p.claim is not null and p.netbox_id is not null
           and p.claim not in (select source_id from desired.interfaces)) as missing
    from held h left join peaks k on k.source_table = h.source_table and k.owner = h.source_id
    where coalesce(k.peak, 0) < 0.7 * h.held
    union all
    select 'ip_addresses', settings.address_table,
        a.owner, a.source_id, count(*), count(*) filter (a.host not in (select host from desired.ip_addresses))
    from placed_addresses a cross join settings group by all
    union all
    select 'virtual_machines', settings.guest_table, '*', '*', count(*),
        count(*) filter (m.claim not in (select source_id from desired.listed_guests))
    from machines m cross join settings
    where m.claim is not null
    group by all
)
select unnest(case l.resource when 'interfaces' then ['interfaces', 'mac_addresses', 'ip_addresses', 'lags', 'cables']
    else [l.resource] end) as resource,
    l.owner,
    because('never_seen', {held: l.held, what: replace(l.resource, '_', ' '), owner: nullif(l.owner, '*'),
        missing: l.missing,
        system: settings.system_name}) as reason
from lacking l
cross join settings
left join peaks k on k.source_table = l.source_table and k.owner = l.source_id
where l.missing > 0
  and (l.missing = l.held or (l.missing >= 3 and l.missing > 0.3 * l.held))
  and coalesce(k.peak, 0) < 0.7 * l.held
  and not coalesce(k.accepted, false)
