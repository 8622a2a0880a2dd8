-- NetBox virtual machines that a doubtful guest of the source could be; see sql/match/doubts.sql.
-- Key: netbox_id, once per reason.
-- Only with rows of match.virtual_machines WHERE netbox_id IS NULL AND EXISTS (FROM netbox.virtual_machines);
--   desired.sightings WHERE resource = 'virtual_machines'.
with settings as (from config.endpoint),
may_create as (
    select list(resource) as resources from config.may_create
),
unsettled_guests as (
    select w.key, w.source_id, w.name, w.given_name, w.not_imported, w.cluster, w.is_copy, m.candidate_ids,
        c.netbox_id as cluster_id,
        m.problem is not null or d.action = 'blocked' or not list_contains(resources, 'virtual_machines') as held_back,
        coalesce(m.problem, d.reason, because('not_in_netbox_yet')) as problem
    from desired.virtual_machines w
    join match.virtual_machines m using (key)
    left join diff.virtual_machines d using (key)
    left join match.clusters c on c.key = w.cluster
    cross join may_create
    where m.netbox_id is null
),
machines as (
    select v.id, lower(v.name) as name, v.cluster_id,
        lower(held_cluster(v.cf, settings.cluster_field)) as held_cluster,
        held_guest(v.cf, settings.id_field) as held_id
    from netbox.virtual_machines v, settings where settings.cluster_field is not null
),
machine_hits as (
    select key, problem, true as shown, unnest(candidate_ids) as id from unsettled_guests
    union
    select u.key, u.problem, true, m.id from unsettled_guests u join machines m on m.held_id = u.source_id
        and m.held_cluster = lower(u.cluster)
    union
    select u.key, u.problem, u.held_back, m.id from unsettled_guests u join machines m on m.name = lower(u.name)
    where m.cluster_id = u.cluster_id or m.held_cluster = lower(u.cluster)
    union
    select u.key, u.problem, u.held_back, m.id from unsettled_guests u join machines m on m.name = lower(u.given_name)
    where m.cluster_id = u.cluster_id or m.held_cluster = lower(u.cluster)
    union
    -- A guest with unread configuration has no known MAC address: it may be any machine whose vmid is no longer listed.
    -- A container's name is its id. A copy has other MAC addresses than any of them.
    select u.key, u.problem, false, m.id
    from unsettled_guests u
    cross join settings
    join machines m on m.held_cluster = lower(u.cluster)
    where settings.reuses_ids and u.not_imported is not null and u.is_copy is not true
      and m.held_id not in (select source_id from desired.listed_guests where source_id is not null)
    union
    select u.key, u.problem, false, i.virtual_machine_id
    from unsettled_guests u
    join desired.vm_interfaces w on w.virtual_machine = u.key and w.mac <> ''
    join netbox.mac_addresses a on upper(a.mac_address) = w.mac
        and a.assigned_object_type = 'virtualization.vminterface'
    join netbox.vm_interfaces i on i.id = a.assigned_object_id
    where u.held_back
)

select 'virtualization/virtual-machines' as object_type, id as netbox_id,
    because('may_be', {object: key, because: problem}) as reason, shown from machine_hits
union
select 'virtualization/virtual-machines', m.id, because('may_be', {because: s.what}), false
from desired.sightings s
cross join settings
join machines m on m.held_cluster = lower(settings.id_scope) and (lower(s.word) = m.name or s.word = m.held_id)
where s.resource = 'virtual_machines'
