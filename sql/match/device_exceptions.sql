-- Which NetBox device each desired device is, where it is not obvious for all of them. Key: the desired device.
-- Two candidates (sql/match/device_pairs.sql) are a conflict, except for the id: the source may reuse it (a new
-- installation begins at 1), so it never wins against two other steps, nor against the name if another device of the
-- source has it; alone, it counts only if nothing contradicts it. A name alone never takes a device that has an id of
-- another cluster or server. candidate_ids: all possible devices.
-- Only with rows of desired.devices WHERE key NOT IN (SELECT key FROM match.device_pairs WHERE settled).
with settings as (from config.endpoint),

devices as (
    select id, name, serial, cf, site_id, primary_ip4_id, primary_ip6_id from netbox.devices
),
pairs as (from match.device_pairs),
-- For a stack the source may show the serial of any of its members.
own_serials as (
    select key, coalesce(m.serial, d.serial) as serial
    from desired.devices d left join (from desired.stack_members where is_master) m using (key)
),

-- Other clusters or servers that have an id on the device.
holders as (
    select d.id, string_agg(scope, ', ' order by scope) as scopes
    from devices d cross join settings
    cross join unnest(case when json_type(json_extract(d.cf, '$.' || settings.node_field)) = 'OBJECT'
        then json_keys(json_extract(d.cf, '$.' || settings.node_field)) else []::varchar[] end) as k(scope)
    where d.id in (select id from pairs where not is_id)
    group by d.id having not bool_or(scope = settings.id_scope)
),
-- Pairs by an id alone, or by one step on a device that another one matches: other evidence about both.
asked as materialized (
    select p.key, p.id from pairs p left join holders h using (id)
    where (p.is_id and p.witnesses = 0) or (not p.is_id and p.witnesses = 1 and h.id is not null)
),
asked_ports as materialized (
    select id, device_id from netbox.interfaces where device_id in (select id from asked)
),
netbox_hosts as materialized (
    select distinct i.device_id as id, a.host
    from netbox.ip_addresses a
    join asked_ports i on a.assigned_object_type = 'dcim.interface' and a.assigned_object_id = i.id
),
shared_macs as (
    select distinct a.key, a.id
    from asked a
    join (select device, mac from desired.interfaces where mac <> '' and device in (select key from asked)) w
        on w.device = a.key
    join (select i.device_id, upper(m.mac_address) as mac from netbox.mac_addresses m
          join asked_ports i on m.assigned_object_type = 'dcim.interface' and m.assigned_object_id = i.id) n
        on n.device_id = a.id and n.mac = w.mac
),
known as materialized (
    select a.key, a.id,
        m.id is not null or coalesce(w.ip in (select host from netbox_hosts h where h.id = a.id), false)
            or exists (from ledger.last_written l where l.object_type = 'dcim/devices' and l.netbox_id = a.id
                and l.field = 'name'
                and list_contains(list_transform(w.names, lambda n: lower(n)), lower(l.value::json->>'$'))) as agrees,
        nullif(concat_ws(' and ',
            if(not is_no_serial(d.serial) and lower(trim(d.serial)) <> lower(o.serial), 'serial', null),
            if(w.ip not in (select host from netbox_hosts h where h.id = a.id)
               and coalesce(d.primary_ip4_id, d.primary_ip6_id) is not null, 'address', null)), '') as differs,
        exists (from ledger.last_written l, settings where l.object_type = 'dcim/devices' and l.netbox_id = a.id
            and l.field = 'cf.' || settings.node_field) as ours
    from asked a
    join desired.devices w using (key)
    join own_serials o using (key)
    join devices d using (id)
    left join shared_macs m on m.key = a.key and m.id = a.id
),
barred as (
    select p.key, p.id, conflict('device_of_another',
        {candidates: [{'type': 'dcim/devices', 'id': d.id, 'name': coalesce(d.name, 'device ' || d.id)}],
        holders: h.scopes, field: settings.node_field, entry: to_json(settings.id_scope) || ': ' || w.id_value,
        name_alone: if(w.in_site_only, 'a name alone does not show that this node is the same machine', null),
        differs: if(w.in_site_only, null, k.differs)}) as reason
    from pairs p
    cross join settings
    join holders h using (id)
    join desired.devices w using (key)
    join devices d using (id)
    join known k on k.key = p.key and k.id = p.id
    where not p.is_id and p.witnesses = 1 and p.step in (3, 4)
      and (w.in_site_only or (k.differs is not null and not k.agrees))
),
hits as materialized (
    from pairs p where (key, id) not in (select (key, id) from barred)
),

-- A virtual machine of the same name is a second candidate of step 3.
vm_namesakes as (
    select w.key, min(v.name) as name
    from desired.devices w join netbox.virtual_machines v on lower(v.name) = lower(w.names[1])
    group by w.key
),
-- A device to create may be a guest that NetBox has as a virtual machine: by another of its names, or by the address at
-- which the source reaches it.
guests as (
    select key, min(name) as name, min(why) as why from (
        select w.key, v.name, 'the name' as why
        from desired.devices w, unnest(w.names) as n(name)
        join netbox.virtual_machines v on lower(v.name) = lower(n.name)
        union all
        select w.key, v.name, 'the address ' || w.ip
        from desired.devices w
        join netbox.ip_addresses a on a.host = w.ip and a.assigned_object_type = 'virtualization.vminterface'
        join netbox.vm_interfaces i on i.id = a.assigned_object_id
        join netbox.virtual_machines v on v.id = i.virtual_machine_id
        union all
        select w.key, o.name, k.witness
        from desired.known_guests k
        join desired.devices w on w.source_id = k.device_id::varchar, unnest(k.names) as o(name))
    group by key
),

-- NetBox may have a new device under its name with a domain.
near as (
    select w.key, list({'type': 'dcim/devices', 'id': d.id, 'name': d.name} order by d.id) as found
    from desired.devices w
    join devices d on short_name(lower(d.name)) = lower(w.name)
    where w.key not in (select key from pairs) and d.id not in (select id from hits)
    group by w.key
),
-- Or with its MAC addresses or its address on interfaces, under another name.
near_by_interfaces as (
    select n.key, list({'type': 'dcim/devices', 'id': d.id, 'name': coalesce(d.name, 'device ' || d.id)} order by d.id)
        as found, string_agg(distinct n.witnesses, ' or ') as witnesses
    from match.near_devices n join devices d on d.id = n.netbox_id
    group by n.key
),
-- Or a stack as the master of a virtual chassis of its name, or as a master that has its name with a number.
masters as (
    select d.id, d.name, v.name as chassis
    from netbox.virtual_chassis v
    join netbox.devices d on d.virtual_chassis_id = v.id
        and if(v.master_id is null, d.vc_position in (0, 1), d.id = v.master_id)
    where d.id not in (select id from hits)
),
near_stacks as (
    select key, list({'type': 'dcim/devices', 'id': id, 'name': name} order by id) as found, min(chassis) as chassis
    from (
        select distinct w.key, m.*
        from (select key, lower(unnest(names)) as word from desired.devices
              where key in (select device from desired.stack_members) and key not in (select key from pairs)) w
        join masters m on lower(m.chassis) = w.word or (starts_with(lower(m.name), w.word) and
            regexp_full_match(lower(substr(m.name, length(w.word) + 1)), '[^a-z0-9]+(m|sw|member|unit)?[0-9]+')))
    group by key
),

summed as (
    select
        h.key,
        min(h.step) as step,
        count(*) as candidates,
        count(*) filter (is_id) as by_id,
        min(h.id) filter (is_id) as id_id,
        min(h.id) filter (witnesses > 0) as other_id,
        min(h.id) as any_id,
        count(*) filter (witnesses > 0) as by_witness,
        max(witnesses) as witnesses,
        bool_or(is_name and not is_id) as by_name,
        -- One has the name and another witness; the others only have the name.
        min(h.id) filter (is_name and witnesses > 1) as sure_id,
        count(*) filter (is_name and witnesses > 1) = 1
            and count(*) filter (is_name and witnesses = 1) = count(*) - 1 as surely_one,
        -- The others only have the name that the one with the id has too.
        bool_or(is_name) filter (is_id) and bool_and(is_name and witnesses = 1) filter (not is_id) as only_namesakes,
        -- NetBox's device with this id is another device of the source.
        bool_or(is_id and exists (from hits o where o.id = h.id and o.key <> h.key
            and o.witnesses > 0)) as id_is_of_another
    from hits h group by h.key
),
texts as (
    select key, list(text order by text) as found from (
        select distinct f.key, coalesce(d.name, 'device ' || d.id) || ' ('
            || ['id field', 'serial', 'name', 'primary IP', 'position'][f.step] || ')' as text
        from (select key, id, unnest(steps) as step from hits) f
        join devices d on d.id = f.id)
    group by key
),
-- certain: two witnesses. number: the id alone, which something contradicts.
chosen as (
    select s.key, s.step, case
        when s.candidates = 1 and s.by_id = 0 then {'id': s.any_id, 'certain': s.witnesses > 1, 'number': null::varchar,
            'several': false}
        when s.candidates = 1 and s.witnesses > 0
            then {'id': s.any_id, 'certain': true, 'number': null, 'several': false}
        when s.candidates = 1 and k.agrees then {'id': s.any_id, 'certain': true, 'number': null, 'several': false}
        when s.candidates = 1 and k.differs is not null
            then {'id': s.any_id, 'certain': false,
            'number': conflict('device_number_of_another',
            {word: settings.id_word, id: w.source_id, device: d.name, differs: k.differs, field: settings.node_field}),
            'several': false}
        when s.candidates = 1 and k.ours and not w.in_site_only
            then {'id': s.any_id, 'certain': false,
            'number': conflict('device_number_may_be_of_another',
            {word: settings.id_word, id: w.source_id, device: d.name, field: settings.node_field}), 'several': false}
        when s.candidates = 1 then {'id': s.any_id, 'certain': false, 'number': null, 'several': false}
        when s.by_id = 1 and s.only_namesakes
            then {'id': s.id_id, 'certain': true, 'number': null, 'several': false}
        when s.by_id = 0 and s.surely_one
            then {'id': s.sure_id, 'certain': true, 'number': null, 'several': false}
        -- The id leads elsewhere.
        when s.by_witness = 1 and s.by_id >= 1 and s.candidates = 2 and s.witnesses > 1
            then {'id': s.other_id, 'certain': true, 'number': null, 'several': false}
        when s.by_witness = 1 and s.by_id = 2 and s.candidates = 2 and s.id_is_of_another
            then {'id': s.other_id, 'certain': true, 'number': null, 'several': false}
        when s.by_witness = 1 and s.by_id = 1 and s.candidates = 2 and s.by_name and s.id_is_of_another
            then {'id': s.other_id, 'certain': false, 'number': null, 'several': false}
        else {'id': s.any_id, 'certain': false, 'number': null, 'several': true}
        end as choice
    from summed s
    join desired.devices w using (key)
    cross join settings
    left join known k on k.key = s.key and k.id = s.any_id
    left join (select id, coalesce(name, 'device ' || id) as name from devices) d on d.id = s.any_id
),
claiming as (
    select c.key, c.choice, coalesce(w.inactive, false) as inactive, lower(o.serial) as serial, w.ip
    from chosen c join desired.devices w using (key) join own_serials o using (key)
    where not c.choice.several
),
-- Devices that the source has disabled or ignores, and that it has a second time: these do not compete. A name alone
-- may be that of another device.
second_entries as (
    select distinct i.key
    from claiming i join claiming a on a.choice.id = i.choice.id
    where i.inactive and not a.inactive
      and (a.serial = i.serial or a.ip = i.ip or (a.choice.certain and not i.choice.certain))
),
claims as (
    select choice.id as id, count(*) as claimants, count(*) filter (choice.certain) as certain
    from claiming where key not in (from second_entries) group by 1
),
candidates as (
    select key, list(distinct id order by id) as ids
    from (select key, id from pairs union all select key, unnest(found).id from near
          union all select key, netbox_id from match.near_devices
          union all select key, unnest(found).id from near_stacks)
    group by key
),

evaluated as (
    select
        w.key, c.step,
        -- A device that only has the id of another device's match: a new one.
        case when c.choice.number is not null and l.certain = 1 then null
             when w.key in (from second_entries) then null else c.choice.id end as netbox_id,
        case
            when w.key in (from second_entries) then null
            when w.in_site_only and c.step = 3 and not c.choice.several
                and site.netbox_id is null and site.value is null
                then conflict('site_of_node_unknown', {device: d.name, site: other.name, because: site.problem})
            when w.in_site_only and c.step = 3 and not c.choice.several and d.site_id is distinct from site.netbox_id
                then conflict('device_in_another_site', {device: d.name, site: coalesce(other.name, 'none')})
            when c.step = 3 and not c.choice.several and not c.choice.certain and not site.by_default
                and d.site_id <> site.netbox_id
                and ((not is_no_serial(d.serial) and lower(trim(d.serial)) <> lower(o.serial))
                    or (polled.host <> w.ip and polled.family = if(contains(w.ip, ':'), 6, 4)))
                then conflict('name_in_another_site', {device: d.name, site: other.name,
                    differs: if(lower(trim(d.serial)) <> lower(o.serial) and not is_no_serial(d.serial),
                        'serial', 'address')})
            when c.choice.several then conflict('several_devices', {candidates: t.found})
            when c.choice.number is not null and l.certain <> 1 then c.choice.number
            -- The one with two witnesses matches; only the others are in doubt.
            when l.claimants > 1 and c.choice.number is null and not (c.choice.certain and l.certain = 1)
                then conflict('several_could_be_this_device', {candidates: t.found})
            when c.key is null and b.reason is not null then b.reason
            when coalesce(c.step, 3) >= 3 and v.name is not null
                then conflict('virtual_machine_of_this_name', {name: v.name, policy: guest_policy})
            when c.key is null and g.name is not null and w.not_imported is null
                then conflict('known_as_virtual_machine', {witness: g.why, name: g.name, policy: guest_policy})
            -- Also where new devices are not imported: it is not new if it is this one.
            when c.key is null and n.found is not null and w.inactive is not true
                then conflict('may_be_this_device', {candidates: n.found, field: settings.node_field,
                    entry: claim_to_enter(settings.id_scope, w.id_value, settings.node_field_type)})
            when c.key is null and i.found is not null and w.inactive is not true
                then conflict('may_be_device_with_witnesses', {candidates: i.found, witnesses: i.witnesses,
                    field: settings.node_field,
                    entry: claim_to_enter(settings.id_scope, w.id_value, settings.node_field_type)})
            when c.key is null and s.found is not null and w.inactive is not true
                then conflict('may_be_this_stack', {candidates: s.found, chassis: s.chassis,
                    field: settings.node_field,
                    entry: claim_to_enter(settings.id_scope, w.id_value, settings.node_field_type)})
            when c.key is null and w.name is not null
                and count(*) filter (w.inactive is not true) over (partition by lower(w.name)) > 1
                and w.inactive is not true
                then conflict('several_devices_of_a_name', {name: w.name})
        end as problem
    from desired.devices w
    cross join settings
    -- Devices that the policy would sync as one virtual machine.
    left join (select distinct device_id::varchar as source_id, 'policies.virtual_machines: update' as guest_policy
               from desired.known_guests where netbox_id is not null) as offered using (source_id)
    left join chosen c using (key)
    left join claims l on l.id = c.choice.id and not c.choice.several
    left join texts t using (key)
    left join (select key, min(reason) as reason from barred group by key) b using (key)
    left join vm_namesakes v using (key)
    left join guests g using (key)
    left join near n using (key)
    left join near_stacks s using (key)
    left join near_by_interfaces i using (key)
    left join devices d on d.id = c.choice.id
    left join own_serials o using (key)
    left join netbox.ip_addresses polled on polled.id = coalesce(d.primary_ip4_id, d.primary_ip6_id)
    left join match.references site on site.owner_resource = 'devices' and site.owner_key = w.key
        and site.field = 'site'
    left join netbox.sites other on other.id = d.site_id
),

open_ones as (
    select e.* replace (with_candidates(e.problem, c.ids) as problem)
    from evaluated e left join candidates c using (key)
),
-- What a person has answered, if exactly this was asked.
answered as (
    select e.* replace (
        if(a.answer is null, e.netbox_id, a.netbox_id) as netbox_id, if(a.answer is null, e.problem, null) as problem)
    from open_ones e
    left join config.answers a on a.resource = 'devices' and a.key = e.key and a.question = question(e.problem)
        and (a.answer = 'create' or (a.answer = 'pick' and a.netbox_id in (select id from devices)
            and a.netbox_id not in (select netbox_id from evaluated where problem is null and netbox_id is not null)))
),
-- Members of a stack whose device was asked about: the answer decides about them too, by their position.
asked_stacks as (
    select m.key, m.device, s.problem, d.id
    from desired.stack_members m
    join answered s on s.key = m.device
    left join netbox.devices n on n.id = s.netbox_id and s.problem is null
    left join netbox.devices d on d.virtual_chassis_id = n.virtual_chassis_id and d.vc_position = m.position
        and d.id not in (select id from pairs where step < 5)
    where not m.is_master and m.key not in (select key from pairs)
      and m.device in (select key from evaluated where problem is not null)
),
with_members as (
    select j.* replace (
        coalesce(j.netbox_id, m.id) as netbox_id,
        coalesce(j.problem, case when m.problem is not null
            then conflict('reference_undecided', {name: m.device, because: m.problem}) end) as problem)
    from answered j left join asked_stacks m using (key)
)

select
    j.key,
    case when j.problem is null then j.netbox_id end as netbox_id,
    j.step,
    j.problem,
    if(j.problem is null, null, coalesce(c.ids, [])) as candidate_ids
from with_members j
left join candidates c on c.key = j.key
