-- NetBox interfaces that a doubtful interface of a guest could be; see sql/match/doubts.sql.
-- Key: netbox_id, once per reason.
-- Only with rows of match.vm_interfaces WHERE netbox_id IS NULL AND EXISTS (FROM netbox.vm_interfaces);
--   desired.sightings WHERE resource = 'vm_interfaces'.
with may_create as (
    select list(resource) as resources from config.may_create
),
unpaired_nics as (
    select i.id, i.virtual_machine_id as vm_id, lower(i.name) as name
    from netbox.vm_interfaces i
    where i.virtual_machine_id in (select netbox_id from match.virtual_machines)
      and i.id not in (select netbox_id from match.vm_interfaces where netbox_id is not null)
),
unsettled_nics as (
    select w.key, w.virtual_machine, w.name, w.old_name, w.mac, m.candidate_ids, v.netbox_id as vm_id,
        m.problem is not null or not list_contains(resources, 'vm_interfaces') as held_back,
        coalesce(m.problem, because('not_in_netbox_yet')) as problem
    from desired.vm_interfaces w
    join match.vm_interfaces m using (key)
    join match.virtual_machines v on v.key = w.virtual_machine
    cross join may_create
    where m.netbox_id is null
),
nic_hits as (
    select key, problem, true as shown, unnest(candidate_ids) as id from unsettled_nics
    union
    select u.key, u.problem, u.held_back, n.id from unsettled_nics u join unpaired_nics n using (vm_id)
    where n.name in (lower(u.name), lower(u.old_name))
    union
    select u.key, u.problem, u.held_back, n.id
    from unsettled_nics u
    join unpaired_nics n using (vm_id)
    join netbox.mac_addresses a on a.assigned_object_type = 'virtualization.vminterface' and a.assigned_object_id = n.id
        and upper(a.mac_address) = u.mac
    where u.mac <> ''
)

select 'virtualization/interfaces' as object_type, id as netbox_id,
    because('may_be', {object: key, because: problem}) as reason, shown from nic_hits
union
-- Skipped interfaces, by name on their guest.
select 'virtualization/interfaces', n.id, because('may_be', {because: s.what}), false
from desired.sightings s
join match.virtual_machines v on v.key = s.owner
join unpaired_nics n on n.vm_id = v.netbox_id and n.name = lower(s.word)
where s.resource = 'vm_interfaces'
