-- The NetBox interface of each desired interface whose pair by name is not settled.
-- Key: desired interface (device + name). On the matched device, else on another one of its stack. Names are exact,
-- else in the short or long form. The source may reuse its ids: if the id disagrees with the name, or is the only
-- evidence, other witnesses are checked (MAC address, addresses, description, the name written before). The id never
-- wins against a name; with another witness it is a conflict; alone against a witness it is another port. previous_id:
-- the former pair. candidate_ids: every possible NetBox interface.
-- Only with rows of match.interface_pairs WHERE NOT settled.
with settings as (from config.endpoint),

-- namesake: the desired interface that has its exact name.
actual as not materialized (
    select netbox_id as id, device_id, name, claim, settled, key as namesake
    from match.interface_pairs where netbox_id is not null
),

unsettled as materialized (
    select p.*, w.problem
    from (from match.interface_pairs where key is not null and not settled) p
    join desired.interfaces w on w.key = p.key
),
-- The devices to search: its own, else another one of its stack.
places as materialized (
    select key, source_id, name, problem, device_id, 0 as away from unsettled where device_id is not null
    union all
    select w.key, w.source_id, w.name, w.problem, h.netbox_id, 1 from unsettled w join match.chassis_devices h
        on h.key = w.device
),
by_name as materialized (
    select w.key, a.id, w.away, w.problem
    from places w join actual a on a.device_id = w.device_id and a.name = w.name
),
unnamed as materialized (
    select * from places where key not in (select key from by_name)
),
by_alias as materialized (
    select w.key, a.id, w.away, w.problem
    from unnamed w
    join (select *, interface_alias(name) as alias from actual where device_id in (select device_id from unnamed)) a
        on a.device_id = w.device_id and a.alias = interface_alias(w.name)
),

-- A settled pair is in doubt if another NetBox interface of the device has its id, or another port matches the same
-- NetBox interface.
doubted as materialized (
    select p.*
    from match.interface_pairs p
    join actual stray on stray.claim = p.source_id and stray.device_id = p.device_id and not stray.settled
    where p.settled
    union
    select p.*
    from match.interface_pairs p
    where p.settled and p.netbox_id in
        (select id from by_name where problem is null union select id from by_alias where problem is null)
),
wanted as materialized (
    from unsettled union all by name from doubted
),
by_id_field as (
    select w.key, a.id, w.away
    from (from places union all select key, source_id, name, null, device_id, 0 from doubted) w
    join actual a on a.claim = w.source_id and a.device_id = w.device_id
),

-- The nearest: the device itself comes before another one of the stack.
hits as materialized (
    select key, id, bool_or(is_id) as is_id, bool_or(is_name) as is_name, min(away) as away
    from (
        select key, id, true as is_id, false as is_name, away from by_id_field
        union all
        select key, id, false, true, away from by_name
        union all
        select key, id, false, true, away from by_alias
        union all
        select key, netbox_id, false, true, 0 from doubted)
    group by key, id
    qualify min(away) = min(min(away)) over (partition by key)
),

-- Ports whose id disagrees with their name or is the only evidence; and ports that match the same NetBox interface.
tangled as materialized (
    select key from hits group by key having bool_or(is_id) and not bool_and(is_id and is_name)
    union
    select h.key from hits h join hits o on o.id = h.id and o.key <> h.key where o.is_id and not o.is_name
),

-- The other witnesses, only for these. Values of several interfaces on one side do not count, such as a shared MAC
-- address of VLAN interfaces.
spots as materialized (
    select distinct h.key, a.device_id from hits h join tangled using (key) join actual a on a.id = h.id
),
source_devices as (
    select distinct device from wanted where key in (from tangled)
),
source_ports as materialized (
    select key, device, name, source_id, nullif(mac, '') as mac, nullif(description, '') as description, mtu, speed
    from desired.interfaces where device in (from source_devices)
),
netbox_ports as materialized (
    select id, device_id, name, nullif(description, '') as description, mtu, speed
    from netbox.interfaces where device_id in (select device_id from spots)
),
netbox_macs as materialized (
    select i.id, i.device_id, upper(m.mac_address) as mac
    from netbox.mac_addresses m
    join netbox_ports i on m.assigned_object_type = 'dcim.interface' and m.assigned_object_id = i.id
),
source_hosts as materialized (
    select distinct interface as key, owner as device, host from desired.ip_addresses
    where interface_resource = 'interfaces' and left_out is null and owner in (from source_devices)
),
netbox_hosts as materialized (
    select distinct i.id, i.device_id, a.host
    from netbox.ip_addresses a
    join netbox_ports i on a.assigned_object_type = 'dcim.interface' and a.assigned_object_id = i.id
),
said as (
    select key, device, 'MAC address' as witness, mac as word from source_ports where mac is not null
    union all
    select key, device, 'address', host from source_hosts
    union all
    select key, device, 'description', description from source_ports where description is not null
),
held as (
    select id, device_id, 'MAC address' as witness, mac as word from netbox_macs
    union all
    select id, device_id, 'address', host from netbox_hosts
    union all
    select id, device_id, 'description', description from netbox_ports where description is not null
),
said_once as (
    select device, witness, word, min(key) as key from said group by all having count(distinct key) = 1
),
held_once as (
    select device_id, witness, word, min(id) as id from held group by all having count(distinct id) = 1
),
witnesses as materialized (
    select distinct s.key, h.id, h.witness
    from said_once s
    join spots p on p.key = s.key
    join held_once h on h.device_id = p.device_id and h.witness = s.witness and h.word = s.word
    union
    select w.key, l.netbox_id, 'name'
    from source_ports w
    join hits on hits.key = w.key
    join ledger.last_written l on l.object_type = 'dcim/interfaces' and l.field = 'name' and l.netbox_id = hits.id
    where w.name = (l.value::json->>'$')
),
-- Known on both sides, and different.
contradictions as (
    select h.key, h.id, 'MAC address' as witness
    from hits h
    join said_once s on s.key = h.key and s.witness = 'MAC address'
    join netbox_macs m on m.id = h.id
    group by h.key, h.id having not bool_or(m.mac = s.word)
    union all
    select h.key, h.id, 'address'
    from hits h join source_hosts s on s.key = h.key join netbox_hosts n on n.id = h.id
    group by h.key, h.id having not bool_or(n.host = s.host)
),
votes as (
    select key, id, count(*) as votes, string_agg(witness, ', ' order by witness) as names from witnesses group by key,
        id
),
objections as (
    select key, id, count(*) as objections, string_agg(witness, ' and ' order by witness) as names from contradictions
        group by key, id
),
-- Ids that this product wrote, not a person.
written_ids as (
    select netbox_id as id from ledger.last_written l, settings
    where l.object_type = 'dcim/interfaces' and l.field = 'cf.' || settings.id_field
),
weighed as materialized (
    select c.*, a.name, coalesce(v.votes, 0) as votes, coalesce(o.objections, 0) as objections, o.names as objecting,
        -- Another port has its name.
        a.namesake is not null and a.namesake <> c.key as named_otherwise,
        c.id in (from written_ids)
            and (w.description is distinct from b.description or w.mtu <> b.mtu or w.speed <> b.speed) as differs_too,
        a.name || ' (' || concat_ws(', ', if(c.is_id, 'id', null),
            if(c.is_name and not regexp_matches(coalesce(v.names, ''), '\bname\b'), 'name', null), v.names)
            || ')' as found
    from (
        select key, id, is_id, is_name from hits join tangled using (key)
        union all
        select key, id, false, false from witnesses where witness = 'MAC address'
            and (key, id) not in (select (key, id) from hits)
    ) c
    join actual a on a.id = c.id
    join source_ports w on w.key = c.key
    join netbox_ports b on b.id = c.id
    left join votes v on v.key = c.key and v.id = c.id
    left join objections o on o.key = c.key and o.id = c.id
),
compared as (
    select key,
        count(*) filter (is_id and is_name) as agreeing,
        count(*) filter (is_id and not is_name) as by_id,
        count(*) filter (is_name and not is_id) as by_name,
        count(*) filter (not is_id and not is_name) as by_mac,
        count(*) filter (is_id and not is_name and not named_otherwise) as strays,
        min(id) filter (is_id and is_name) as agreeing_id,
        min(id) filter (is_name and not is_id) as name_id,
        min(id) filter (is_id and not is_name) as id_id,
        coalesce(max(votes) filter (is_name and not is_id), 0) as name_votes,
        coalesce(max(votes) filter (is_id and not is_name), 0) as id_votes,
        coalesce(max(objections) filter (is_name and not is_id), 0) as name_objections,
        coalesce(max(objections) filter (is_id and not is_name), 0) as id_objections,
        any_value(objecting) filter (is_id and not is_name) as objecting,
        any_value(name) filter (is_id and not is_name) as id_name,
        bool_or(named_otherwise) filter (is_id and not is_name) as named_otherwise,
        bool_or(differs_too) filter (is_id and not is_name) as differs_too,
        list(found order by name) as found,
        count(*) as candidates
    from weighed group by key
),
-- strength: 2 with a second witness, 1 by the name, 0 by a number that nothing contradicts. NULL: a new port, whose
-- number NetBox has on an interface that is another port's.
chosen as (
    select *,
        case when agreeing = 1 and by_name = 0 and strays = 0
            then {'id': agreeing_id, 'strength': 2, 'reason': null::varchar}
             when agreeing > 0 or by_mac > 0 or by_name > 1 or (by_name = 0 and by_id > 1)
                 then {'id': null::bigint, 'strength': null,
                     'reason': conflict('several_interfaces', {candidates: found})}
             when by_name = 1 and (id_votes > 0 or (by_id > 0 and name_votes = 0 and name_objections > 0))
                 then {'id': null, 'strength': null, 'reason': conflict('several_interfaces', {candidates: found})}
             when by_name = 1 then {'id': name_id, 'strength': if(name_votes > 0, 2, 1), 'reason': null}
             when id_votes > 0 then {'id': id_id, 'strength': 2, 'reason': null}
             when id_objections > 0 and named_otherwise then {'id': null, 'strength': null, 'reason': null}
             when id_objections > 0
                 then {'id': null, 'strength': null, 'reason': conflict('port_id_of_another',
                     {id: source_id, interface: id_name, differs: objecting})}
             when not named_otherwise and differs_too
                 then {'id': null, 'strength': null, 'reason': conflict('port_id_may_be_of_another',
                     {id: source_id, interface: id_name})}
             else {'id': id_id, 'strength': if(named_otherwise, 0, 1), 'reason': null}
        end as choice
    from compared join (select key, source_id from wanted) using (key)
),
best as (
    select key, choice.id as netbox_id, choice.strength, choice.reason from chosen
    union all
    -- Nothing contradicts these.
    select key, if(count(*) = 1, min(id), null), 1,
        if(count(*) > 1, conflict('several_interfaces', {candidates:
            (select list(a.name order by a.name) from hits o join actual a using (id) where o.key = hits.key)}), null)
    from hits where key not in (from tangled) group by key
),
-- Several ports match one NetBox interface. A port with a second witness keeps it if the others only have its id: those
-- are new ports.
taken as (
    select netbox_id, count(*) filter (strength = 2) = 1 and count(*) filter (strength = 1) = 0 as to_one
    from best where netbox_id is not null group by netbox_id having count(*) > 1
),
decided as (
    select b.key, b.strength,
        case when b.strength > 0 and (t.netbox_id is null or (t.to_one and b.strength = 2)) then b.netbox_id
            end as netbox_id,
        coalesce(b.reason, case when not coalesce(t.to_one, b.strength > 0 or b.strength is null)
            then conflict('several_ports') end) as reason
    from best b
    join wanted w on w.key = b.key and w.problem is null
    left join taken t on t.netbox_id = b.netbox_id
),

-- The source's id on an interface of another device, if this device has no such interface. If a port of that device has
-- its name, it is that port, with an outdated id.
homeless as materialized (
    select key, source_id, device_id from places
    where source_id is not null and key not in (select key from hits)
),
-- NetBox interfaces without a desired interface of their name, on these devices and all others.
nameless as (
    select id, device_id, name, claim from actual where namesake is null and claim is not null
    union all
    select i.id, i.device_id, i.name,
        source_claim(i.cf, settings.id_field, settings.id_scope, settings.only_of_its_kind)
    from netbox.interfaces i cross join settings
    where contains(i.cf, settings.id_field) and i.device_id not in (select device_id from actual)
),
elsewhere as (
    select w.key, string_agg(distinct coalesce(d.name, 'device ' || d.id) || ' ' || a.name, ', '
        order by coalesce(d.name, 'device ' || d.id) || ' ' || a.name) as place
    from homeless w
    join nameless a on a.claim = w.source_id and a.device_id <> w.device_id
    join netbox.devices d on d.id = a.device_id
    group by w.key
),
-- A port that has no number in the source may have got another name: NetBox has an interface in its place (the same LAG
-- or bridge, or with the same address) that the source no longer shows.
new_ports as (
    select w.key, w.device_id, d.lag, d.bridge
    from unsettled w join desired.interfaces d using (key)
    where w.source_id is null and w.device_id is not null and w.key not in (select key from hits)
),
in_place as (
    select n.key, i.id
    from new_ports n
    join match.interface_pairs o on o.key in (n.lag, n.bridge)
    join netbox.interfaces i on i.device_id = n.device_id and o.netbox_id in (i.lag_id, i.bridge_id)
    union
    select n.key, i.id
    from new_ports n
    join desired.ip_addresses a on a.interface_resource = 'interfaces' and a.interface = n.key and a.left_out is null
    join netbox.ip_addresses h on h.host = a.host and h.assigned_object_type = 'dcim.interface'
    join netbox.interfaces i on i.id = h.assigned_object_id and i.device_id = n.device_id
),
-- Or with its MAC address, which no other interface of the device has on either side.
by_mac as (
    select w.key, any_value(d.mac) as mac, min(i.id) as id
    from unsettled w
    join desired.interfaces d using (key)
    join netbox.interfaces i on i.device_id = w.device_id
    join netbox.mac_addresses m on m.assigned_object_type = 'dcim.interface' and m.assigned_object_id = i.id
        and upper(m.mac_address) = d.mac
    where w.problem is null and w.key not in (select key from hits)
      and (d.device, d.mac) in (select (device, mac) from desired.interfaces where mac <> ''
          group by device, mac having count(*) = 1)
    group by w.key having count(distinct i.id) = 1
),
renamed as (
    select p.key, list(p.id order by p.id) as ids, any_value(p.mac) as mac,
        list({'type': 'dcim/interfaces', 'id': a.id, 'name': a.name} order by a.name) as found
    from (select key, id, null as mac from in_place union all select key, id, mac from by_mac
          where key not in (select key from in_place)) p
    join actual a using (id)
    where a.namesake is null and a.id not in (select id from hits)
    group by p.key
),
candidates as (
    select key, list(distinct id order by id) as ids
    from (select key, id from hits union all select key, id from witnesses where witness = 'MAC address'
          union all select key, unnest(ids) from renamed) group by key
),

-- NetBox gives a new device the interfaces of its type, in whatever form of their names.
new_devices as (
    select r.owner_key as device, r.name as type, t.interface_template_count as number
    from match.devices d
    join match.references r on r.owner_resource = 'devices' and r.owner_key = d.key and r.field = 'device_type'
    join netbox.device_types t on t.id = r.netbox_id
    where d.netbox_id is null and t.interface_template_count > 0
),
-- By its name alone, on a member of the stack that is neither the port's nor the stack's device. The device types of
-- NetBox's library name the ports of every member as those of the first.
strays as (
    select h.key, a.name as interface, coalesce(d.name, 'device ' || d.id) as device
    from hits h
    join wanted w on w.key = h.key
    join actual a on a.id = h.id
    join netbox.devices d on d.id = a.device_id
    where h.away = 1 and not h.is_id and w.device in (select key from desired.stack_members)
      and a.device_id not in (select netbox_id from match.devices
          where netbox_id is not null and key in (select device from desired.stack_members))
),

evaluated as (
    select w.*, b.netbox_id as best_id, c.ids,
        with_candidates(
            case when w.problem is not null then w.problem
                 when b.key is null and t.device is not null then blocked('components_of_new_device',
                     {device: w.device, type: t.type, number: t.number, objects: 'interfaces'})
                 when b.netbox_id is not null and s.key is not null
                     then conflict('interface_of_other_member', {interface: s.interface, device: s.device})
                 when e.place is not null then conflict('port_on_another_device',
                     {id: w.source_id, device: w.device, place: e.place})
                 when r.mac is not null
                     then conflict('may_be_port_with_mac', {candidates: r.found, mac: r.mac})
                 when r.found is not null then conflict('may_be_renamed_port', {candidates: r.found})
                 else b.reason end, c.ids) as reason
    from wanted w
    left join decided b on b.key = w.key
    left join new_devices t on t.device = w.device
    left join (select key, min(interface) as interface, min(device) as device from strays group by key) s
        on s.key = w.key
    left join elsewhere e on e.key = w.key
    left join renamed r on r.key = w.key
    left join candidates c on c.key = w.key
),
-- What a person has answered, if exactly this was asked.
answers as (
    select a.key, a.answer, a.netbox_id
    from config.answers a
    join evaluated e on e.key = a.key and question(e.reason) = a.question
    where a.resource = 'interfaces' and a.field is null
      and (a.answer = 'create' or (a.answer = 'pick'
          and (e.device_id, a.netbox_id) in (select (device_id, id) from netbox.interfaces)
          and a.netbox_id not in (select best_id from evaluated where reason is null and best_id is not null)
          and not exists (from match.interface_pairs p
              where p.settled and p.netbox_id = a.netbox_id and p.key <> e.key)))
),
answered as (
    select e.* replace (
        if(a.answer is null, e.best_id, a.netbox_id) as best_id, if(a.answer is null, e.reason, null) as reason)
    from evaluated e
    left join answers a using (key)
)

select
    key, device, name, mac,
    if(reason is null, best_id, null) as netbox_id,
    if(reason is null, null, ids[1]) as candidate_id,
    if(reason is null, null, coalesce(ids, [])) as candidate_ids,
    reason as problem,
    if(settled, netbox_id, null) as previous_id
from answered
