-- Which NetBox interface each netN of a guest is, by the whole rule: for those that sql/match/vm_interface_pairs.sql
-- does not settle. Key: guest + netN.
-- On the matched virtual machine: by its MAC address, else by the name that the guest gives it, else by netN. An
-- interface that an earlier step matched is not a candidate in a later one. One that was entered by hand, without a MAC
-- address, is found by an address that both have, or because it is the only one on both sides; where the only ones have
-- different addresses it is a question. candidate_ids: all possible interfaces.
-- A netN without a name (its guest agent does not show it) that no step finds may be any remaining interface with a
-- name from inside a guest: creating another one could duplicate it.
-- Only with rows of match.vm_interface_pairs WHERE NOT settled.
with wanted as (
    from match.vm_interface_pairs where vm_id is not null
),
by_mac as (
    select key, id, 1 as step from wanted where id is not null
),
by_name as (
    select w.key, a.id, 2 as step
    from wanted w join netbox.vm_interfaces a on a.virtual_machine_id = w.vm_id and a.name = w.name
    where w.key not in (select key from by_mac) and a.id not in (select id from by_mac)
),
by_old_name as (
    select w.key, a.id, 3 as step
    from wanted w join netbox.vm_interfaces a on a.virtual_machine_id = w.vm_id and a.name = w.old_name
    where w.key not in (select key from by_mac union all select key from by_name)
      and a.id not in (select id from by_mac union all select id from by_name)
),
named as (
    from by_mac union all from by_name union all from by_old_name
),
-- Interfaces that nothing has found yet: of NetBox those without a MAC address.
unpaired as (
    select i.id, i.virtual_machine_id as vm_id, i.name, list(a.host) filter (a.host is not null) as hosts
    from netbox.vm_interfaces i
    left join netbox.ip_addresses a on a.assigned_object_type = 'virtualization.vminterface'
        and a.assigned_object_id = i.id
    where i.virtual_machine_id in (select vm_id from wanted) and i.id not in (select id from named)
      and i.id not in (select assigned_object_id from netbox.mac_addresses
          where assigned_object_type = 'virtualization.vminterface')
    group by all
),
unfound as (
    select w.key, w.vm_id, list(a.host) filter (a.host is not null) as hosts
    from wanted w
    left join desired.ip_addresses a on a.interface_resource = 'vm_interfaces' and a.interface = w.key
    where w.key not in (select key from named) and w.problem is null
    group by all
),
-- Machines with one interface on both sides.
only_ones as (
    select vm_id from wanted group by vm_id having count(*) = 1
    intersect
    select virtual_machine_id from netbox.vm_interfaces group by virtual_machine_id having count(*) = 1
    except
    -- It may be one that is left out.
    select m.netbox_id from desired.sightings s join match.virtual_machines m on m.key = s.owner
    where s.resource = 'vm_interfaces'
),
pairs as (
    select u.key, n.id, n.name, coalesce(list_has_any(u.hosts, n.hosts), false) as same_host,
        u.vm_id in (from only_ones) as only_ones,
        u.hosts is null or n.hosts is null as unknown_hosts
    from unfound u join unpaired n using (vm_id)
),
by_address as (
    select key, id, 4 as step from pairs where same_host
    qualify count(*) over (partition by key) = 1 and count(*) over (partition by id) = 1
),
by_being_alone as (
    select key, id, 5 as step from pairs where only_ones and unknown_hosts and key not in (select key from by_address)
),
-- The only one on both sides, with other addresses.
alone as (
    select key, id, {'type': 'virtualization/interfaces', 'id': id, 'name': name} as found from pairs
    where only_ones and not same_host and not unknown_hosts
),
hits as (
    select key, min(id) as netbox_id, count(*) as candidates, list(distinct id order by id) as ids
    from (from named union all from by_address union all from by_being_alone) group by key
),
nameless as (
    select w.key, list(a.id order by a.id) as ids,
        list({'type': 'virtualization/interfaces', 'id': a.id, 'name': a.name} order by a.name) as found
    from wanted w
    join netbox.vm_interfaces a on a.virtual_machine_id = w.vm_id
    where w.name is null and regexp_full_match(w.old_name, 'net[0-9]+') and w.problem is null
      and w.key not in (select key from hits)
      and a.id not in (select netbox_id from hits)
      and not regexp_full_match(a.name, 'net[0-9]+')
    group by w.key
),
taken as (
    select netbox_id from hits group by netbox_id having count(*) > 1
),
evaluated as (
    select i.key, i.problem, coalesce(h.netbox_id, n.ids[1], o.id) as netbox_id,
        coalesce(h.ids, n.ids,
            case when o.id is not null then [o.id] end) as ids,
        n.found, o.found as only_one, i.old_name,
        n.found is not null or o.found is not null or h.netbox_id in (select netbox_id from taken)
            or h.candidates > 1 as unclear
    from match.vm_interface_pairs i
    left join hits h using (key)
    left join nameless n using (key)
    left join alone o using (key)
),
decided as (
    select j.*,
        with_candidates(
            case when j.problem is not null then j.problem
                 when j.found is not null then conflict('name_not_shown', {candidates: j.found, old_name: j.old_name})
                 when j.only_one is not null and j.netbox_id = j.only_one.id
                     then conflict('only_other_interface', {candidates: [j.only_one]})
                 when j.unclear then conflict('several_could_be_this_interface', {interface: a.name}) end,
            j.ids) as cause
    from evaluated j
    left join netbox.vm_interfaces a on a.id = j.netbox_id
),
-- What a person has answered, if exactly this was asked.
answers as (
    select a.key, a.answer, a.netbox_id
    from config.answers a
    join decided d on d.key = a.key and question(d.cause) = a.question
    left join wanted w on w.key = a.key
    where a.resource = 'vm_interfaces' and a.field is null
      and (a.answer = 'create' or (a.answer = 'pick'
          and (w.vm_id, a.netbox_id) in (select (virtual_machine_id, id) from netbox.vm_interfaces)
          and a.netbox_id not in (select netbox_id from decided where cause is null and netbox_id is not null)))
),
answered as (
    select d.* replace (
        if(a.answer is null, d.netbox_id, a.netbox_id) as netbox_id, if(a.answer is null, d.cause, null) as cause)
    from decided d
    left join answers a using (key)
)
select j.key,
    if(j.cause is null, j.netbox_id, null) as netbox_id,
    j.netbox_id as candidate_id,
    if(j.cause is null, null, coalesce(j.ids, [])) as candidate_ids,
    a.name as netbox_name,
    j.cause as problem
from answered j
left join netbox.vm_interfaces a on a.id = j.netbox_id
