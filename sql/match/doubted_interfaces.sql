-- NetBox interfaces that a doubtful port of the source could be; see sql/match/doubts.sql.
-- Key: netbox_id, once per reason.
-- Only with rows of match.interface_exceptions WHERE problem IS NOT NULL;
--   match.interface_exceptions WHERE netbox_id IS NULL AND 'interfaces' NOT IN (FROM config.may_create);
--   desired.sightings WHERE resource = 'interfaces'.
with may_create as (
    select list(resource) as resources from config.may_create
),
unpaired as (
    select netbox_id as id, device_id, name, claim from match.interface_pairs where netbox_id is not null
        and not settled
    union
    -- A port had this interface by name, but matches another one.
    select p.netbox_id, p.device_id, p.name, p.claim from match.interface_pairs p
    where p.netbox_id in (select previous_id from match.interface_exceptions)
),
unsettled_ports as (
    select e.key, e.device, e.name, e.mac, e.candidate_ids, w.source_id,
        coalesce(e.problem, blocked('may_not_create', {resource: 'interfaces'})) as problem
    from match.interface_exceptions e
    join desired.interfaces w on w.key = e.key
    cross join may_create
    where e.problem is not null or (e.netbox_id is null and not list_contains(resources, 'interfaces'))
),
-- The possible devices of each: its own, or another one of its stack.
port_places as (
    select u.*, m.netbox_id as device_id from unsettled_ports u join match.devices m on m.key = u.device
    union all
    select u.*, h.netbox_id from unsettled_ports u join match.chassis_devices h on h.key = u.device
),
ports as (
    select id, device_id, claim, interface_alias(name) as alias from unpaired
    where device_id in (select device_id from port_places) or claim is not null
),
port_hits as (
    select u.key, u.problem, p.id from port_places u join ports p on p.device_id = u.device_id
        and p.alias = interface_alias(u.name)
    union
    select u.key, u.problem, p.id from unsettled_ports u join ports p on p.claim = u.source_id
    union
    select u.key, u.problem, p.id
    from port_places u
    join netbox.mac_addresses a on upper(a.mac_address) = u.mac and a.assigned_object_type = 'dcim.interface'
    join ports p on p.id = a.assigned_object_id and p.device_id = u.device_id
    where u.mac <> ''
    union
    select key, problem, unnest(candidate_ids) from unsettled_ports
),
sighted_ports as (
    select s.*, p.id, p.name, p.claim, m.mac_address
    from desired.sightings s
    join match.devices d on s.owner in ('*', d.key)
    join unpaired p on p.device_id = d.netbox_id
    left join netbox.mac_addresses m on m.assigned_object_type = 'dcim.interface' and m.assigned_object_id = p.id
    where s.resource = 'interfaces'
),
sighted_hits as materialized (
    select id, what from sighted_ports
    where (kind = 'id' and claim = word) or (kind = 'name' and interface_alias(name) = interface_alias(word))
       or (kind = 'mac' and upper(mac_address) = word)
)

select 'dcim/interfaces' as object_type, id as netbox_id, because('may_be', {object: key, because: problem}) as reason,
    true as shown
from port_hits
union
select 'dcim/interfaces', id, because('may_be', {because: what}), false from sighted_hits
union
-- A port matched by name to an interface that may be a skipped port: it may be the interface with its id instead.
select 'dcim/interfaces', p.id, because('may_be_by_its_number', {object: m.key, because: s.what}), false
from sighted_hits s
join match.interface_exceptions m on m.netbox_id = s.id
join desired.interfaces w on w.key = m.key
join unpaired p on p.claim = w.source_id and p.id <> s.id
