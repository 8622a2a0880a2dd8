-- Addresses on matched interfaces in NetBox that the source does not show. Shape: match.removed in
-- sql/match/tables.sql. They are removed only by policy, and never while they are a primary address that this plan
-- keeps.
-- Only with rows of netbox.ip_addresses.
with settings as (from config.endpoint),
matched as (
    select resource, key, netbox_id, type, owner, label from match.interface_names where netbox_id is not null
        and problem is null
),
gone as (
    select a.*, m.owner, m.label, m.resource as interface_resource, m.key as interface,
        coalesce(i.device_id, n.virtual_machine_id) as holder_id
    from netbox.ip_addresses a
    join matched m on m.type = a.assigned_object_type and m.netbox_id = a.assigned_object_id
    left join netbox.interfaces i on m.resource = 'interfaces' and i.id = m.netbox_id
    left join netbox.vm_interfaces n on m.resource = 'vm_interfaces' and n.id = m.netbox_id
    where (m.resource = 'interfaces'
            or m.owner not in (select key from desired.virtual_machines where known_id is not null))
      and (a.host not in (select host from desired.ip_addresses where host is not null)
           or a.id in (select id from match.freed_addresses))
      and a.id not in (select netbox_id from diff.ip_addresses where netbox_id is not null)
),
-- Primary addresses that another one replaces in this plan.
replaced as (
    select try_cast(json_extract_string(p.fields[1].before, '$.id') as bigint) as id
    from (select fields from diff.primary_ips where action = 'update'
          union all select fields from diff.oob_ips where action = 'update') p
),
primaries as (
    select unnest([primary_ip4_id, primary_ip6_id, oob_ip_id]) as id from netbox.devices
    union
    select unnest([primary_ip4_id, primary_ip6_id]) from netbox.virtual_machines
)
select 'ip_addresses' as resource, 'ipam/ip-addresses' as object_type, g.id, g.last_updated,
    g.host || coalesce(' in ' || (select v.name from netbox.vrfs v where v.id = g.vrf_id), '') || ' on '
        || g.label as key,
    g.owner as parent, [g.owner, g.interface] as owners,
    [{'type': if(g.interface_resource = 'interfaces', 'dcim/interfaces', 'virtualization/interfaces'),
        'id': g.assigned_object_id},
     {'type': if(g.interface_resource = 'interfaces', 'dcim/devices', 'virtualization/virtual-machines'),
         'id': g.holder_id}] as above,
    because('not_there_in_source', {place: g.label, system: s.system_name}) as fact, s.stale_addresses as way,
    'stale_addresses is ' || s.stale_addresses as note,
    if(g.id in (select id from primaries where id is not null)
        and g.id not in (select id from match.freed_addresses)
        and (s.stale_addresses <> 'delete' or g.id not in (select id from replaced where id is not null)),
            because('is_primary_address'), null) as held,
    -- Addresses that a silent guest agent, a stopped container or an unread node does not show are unknown, not
    -- removed.
    s.shows_all_addresses as said_unproven
from gone g cross join settings s
-- A node's configuration has no other addresses than those that were written into it.
where s.shows_all_interfaces or g.interface_resource <> 'interfaces' or exists (
    from ledger.created c where c.object_type = 'ipam/ip-addresses' and c.netbox_id = g.id
        and c.endpoint in (select endpoint from config.same_source))
