-- Addresses that this plan frees and a new place takes over: NetBox has them on another device or virtual machine,
-- which is to be deleted, or whose interface is, or which no longer shows them where policies.stale_addresses is
-- delete. The old object is deleted, then a new one created: the old one's names and notes are another machine's.
-- Key: the address object. key is that of the row in diff.ip_addresses. Where the delete is not decided after all
-- (sql/match/removals.sql), sql/plan/not_freed.sql makes that row a conflict.
-- Only with rows of desired.ip_addresses, match.address_holders.
with settings as (from config.endpoint),
deletable as (
    select a.id
    from netbox.ip_addresses a
    where 'ip_addresses' in (select resource from config.may_delete_unowned)
       or (a.id in (select netbox_id from ledger.created where object_type = 'ipam/ip-addresses'))
),
-- Machines and interfaces that may be deleted.
leaving as (
    select g.object_type, g.id
    from (select resource, object_type, id from match.removed_virtual_machines where way = 'delete'
          union all select resource, object_type, id from match.removed_vm_interfaces where way = 'delete'
          union all select resource, object_type, id from match.removed_interfaces where way = 'delete') g
    where g.resource in (select resource from config.may_delete_unowned)
       or (g.resource in (select resource from config.may_delete)
           and (g.object_type, g.id) in (select (object_type, netbox_id) from ledger.created))
),
shown as (
    select a.host, a.interface, a.owner, n.type, n.machine_id,
        v.vrf_id,
        a.host || coalesce(' in ' || a.vrf, '') as key
    from desired.ip_addresses a
    join match.interface_names n on n.resource = a.interface_resource and n.key = a.interface
    join match.address_vrfs v on v.host = a.host and v.vrf is not distinct from a.vrf
        and v.interface_resource = a.interface_resource and v.interface = a.interface
    where a.left_out is null
    qualify count(*) over (partition by a.host, a.vrf) = 1
),
elsewhere as (
    select s.key, s.host, s.owner, h.id, h.type, h.interface_id, h.machine_id, h.label
    from shown s
    join match.address_holders h on h.host = s.host and h.vrf_id is not distinct from s.vrf_id
    where h.type in ('dcim.interface', 'virtualization.vminterface')
      and not (h.type = s.type and coalesce(h.machine_id = s.machine_id, false))
    qualify count(*) over (partition by s.key) = 1
),
stale as (
    select e.id
    from elsewhere e
    join match.interface_names n on n.type = e.type and n.netbox_id = e.interface_id and n.problem is null
    cross join settings
    where settings.stale_addresses = 'delete'
      and e.id in (select id from deletable)
      and ('ip_addresses' in (select resource from config.may_delete)
           or 'ip_addresses' in (select resource from config.may_delete_unowned))
      and not exists (from desired.ip_addresses d where d.host = e.host and d.owner = n.owner)
      and not exists (from desired.incomplete_scopes u
          where u.resource = 'ip_addresses' and u.owner in ('*', n.owner, n.key))
),
primaries as (
    select unnest([primary_ip4_id, primary_ip6_id, oob_ip_id]) as id from netbox.devices
    union
    select unnest([primary_ip4_id, primary_ip6_id]) from netbox.virtual_machines
)
select e.id, e.key, e.label
from elsewhere e
join netbox.ip_addresses a on a.id = e.id
cross join settings
where coalesce(a.role, '') not in ('anycast', 'vip', 'vrrp', 'hsrp', 'glbp', 'carp')
  -- What may be moved keeps its object.
  and (not settings.move_addresses or e.id in (select id from primaries where id is not null))
  and (e.id in (select id from stale)
       or (e.type = 'virtualization.vminterface' and ('virtualization/virtual-machines', e.machine_id) in
           (select (object_type, id) from leaving))
       or (e.type = 'virtualization.vminterface' and ('virtualization/interfaces', e.interface_id) in
           (select (object_type, id) from leaving))
       or (e.type = 'dcim.interface' and ('dcim/interfaces', e.interface_id) in
           (select (object_type, id) from leaving)))
