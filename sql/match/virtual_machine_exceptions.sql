-- The NetBox virtual machine of each guest, where it is not obvious for all of them. Key: the desired virtual machine.
-- Proxmox reuses vmids: a vmid needs a second witness (name, also as written before; MAC addresses; SMBIOS UUID) and
-- never wins against name and MAC addresses together. A guest that left another cluster is found there by two of name,
-- MAC addresses and SMBIOS UUID. A container's name is its id. If several guests have the same name, the source's name
-- counts as well as the one derived from it, but without the vmid only together with MAC addresses. A guest with that
-- name or the MAC addresses of a virtual machine whose vmid is no longer listed may be that machine under another vmid:
-- a conflict. A guest that nothing above finds is compared with the virtual machines without an id: the same name in
-- another cluster or in none, the name with or without its domain, the MAC address, the primary address. Name and MAC
-- address together are a match; less is a question. candidate_ids: every possible NetBox virtual machine. moved_from:
-- the cause with its former cluster.
-- Only with rows of desired.virtual_machines WHERE
--   key NOT IN (SELECT key FROM match.virtual_machine_pairs WHERE settled).
with settings as (from config.endpoint),

actual as (from match.known_machines),
called as (from match.machine_names),
hits as (from match.virtual_machine_pairs),

-- MAC addresses are compared if id and name disagree. Addresses of several machines on one side are ignored.
asked as materialized (
    select key, name, given_name from desired.virtual_machines, settings
    where settings.reuses_ids and key not in (select key from hits where is_id and is_name)
),
source_macs as materialized (
    select min(virtual_machine) as key, mac from desired.vm_interfaces where mac <> '' and exists (from asked)
    group by mac having count(distinct virtual_machine) = 1
),
netbox_macs as materialized (
    select min(i.virtual_machine_id) as id, upper(m.mac_address) as mac
    from netbox.mac_addresses m
    join netbox.vm_interfaces i on m.assigned_object_type = 'virtualization.vminterface' and m.assigned_object_id = i.id
    where exists (from asked)
    group by 2 having count(distinct i.virtual_machine_id) = 1
),
shared as materialized (
    select distinct s.key, n.id from source_macs s join netbox_macs n using (mac) where s.key in (select key from asked)
),
disks as (
    select virtual_machine_id as id, list(size order by size) as sizes from netbox.virtual_disks group by 1
),
wanted_disks as (
    select virtual_machine as key, list(size order by size) as sizes from desired.virtual_disks group by 1
),
written_ids as (
    select netbox_id as id from ledger.last_written l, settings
    where l.object_type = 'virtualization/virtual-machines' and l.field = 'cf.' || settings.id_field
),
weighed as materialized (
    select h.key, h.id, h.is_id, h.is_name, a.name, a."foreign", a.held_vmid,
        s.id is not null as same_macs,
        s.id is null and h.key in (select key from source_macs) and h.id in (select id from netbox_macs) as other_macs,
        -- Another guest of the source has its name.
        exists (from hits o where o.id = h.id and o.key <> h.key and o.is_name) as named_otherwise,
        settings.reuses_ids and h.id in (from written_ids) and (w.vcpus <> a.vcpus or w.memory <> a.memory
            or coalesce(wd.sizes, []) is distinct from coalesce(nd.sizes, [])) as differs_too,
        -- A UUID may be copied, so it does not count if the disks differ too.
        coalesce(f.uuid = w.uuid and coalesce(wd.sizes, []) = coalesce(nd.sizes, []), false) as same_uuid,
        coalesce(f.uuid <> w.uuid, false) as other_uuid
    from hits h
    join desired.virtual_machines w using (key)
    join actual a using (id)
    cross join settings
    left join shared s on s.key = h.key and s.id = h.id
    left join disks nd on nd.id = h.id
    left join wanted_disks wd on wd.key = h.key
    left join config.former_guests f on f.netbox_id = h.id
),
-- By name alone only a machine without an id.
usable_names as (
    select * from weighed where not is_id and not "foreign" and (same_macs or (is_name and held_vmid is null))
),
-- Machines of this cluster whose vmid is no longer listed, and that have a guest's MAC addresses or the name it gives.
unlisted as (
    select r.key, list(distinct r.id order by r.id) as ids,
        list(distinct a.name || ' (id ' || r.id || ', ' || settings.id_word || ' ' || a.held_vmid || ', ' || r.witness
            || ')'
            order by a.name || ' (id ' || r.id || ', ' || settings.id_word || ' ' || a.held_vmid || ', ' || r.witness
                || ')') as found
    from (
        select key, id, 'the same MAC address' as witness from shared
        union all
        select key, id, 'the same name' from hits where not is_id and not is_name
    ) r
    join actual a using (id)
    cross join settings
    where lower(a.held_cluster) = lower(settings.id_scope)
      and a.held_vmid not in (select source_id from desired.listed_guests where source_id is not null)
    group by r.key
),
compared as (
    select key,
        count(*) filter (is_id and is_name) as agreeing,
        min(id) filter (is_id and is_name) as agreeing_id,
        count(*) filter (is_id and (is_name or not named_otherwise)) as by_id,
        any_value({'id': id, 'name': name, 'same_macs': same_macs, 'same_uuid': same_uuid,
            'others': nullif(concat_ws(' nor ', if(other_macs, 'a MAC address', null),
                if(other_uuid, 'the SMBIOS UUID', null)), ''),
            'named_otherwise': named_otherwise, 'differs_too': differs_too})
                filter (is_id and not is_name) as by_number,
        count(*) filter (is_id and not is_name) as by_number_alone,
        list({'type': 'virtualization/virtual-machines', 'id': id, 'name': name} order by name, id)
            filter (is_id) as numbered
    from weighed group by key
),
named as (
    select key, count(*) as candidates, min(id) as id, bool_or(same_macs) as same_macs,
        list({'type': 'virtualization/virtual-machines', 'id': id, 'name': name} order by name, id) as found
    from usable_names group by key
),

-- A guest that another cluster had, and no guest of this cluster yet: two of name, MAC address and SMBIOS UUID are the
-- same. One alone raises a question if nothing contradicts it and the other cluster no longer shows that guest.
others as (
    select lower(cluster) as cluster, string_agg(distinct endpoint, ', ' order by endpoint) as endpoints,
        string_agg(distinct gap, '; ' order by gap) as gap
    from config.other_guests group by 1
),
-- The guest that the other cluster shows under the vmid: that guest, unless name, MAC addresses and UUID all differ.
still_there as (
    select a.id, min(g.endpoint) as endpoint, max(g.uuid) as uuid
    from actual a
    join config.other_guests g on lower(g.cluster) = lower(a.held_cluster) and g.vmid = a.held_vmid
    left join config.former_guests f on f.netbox_id = a.id
    where g.name is null
       or exists (from called c where c.id = a.id and c.name = lower(g.name))
       or exists (from netbox_macs n where n.id = a.id and list_contains(g.macs, n.mac))
       or f.uuid = g.uuid
    group by a.id
),
uuids as (
    select netbox_id as id, uuid from config.former_guests
    union
    select id, uuid from still_there where uuid is not null
),
newcomers as (
    select w.key, w.source_id, w.name, w.given_name, w.uuid from desired.virtual_machines w
    where w.key in (select key from asked) and w.key not in (select key from weighed)
),
-- Guests whose cluster got another name: NetBox has them in this one already, or their cluster was a standalone node
-- that is a node of this one now.
same_home as (
    select a.id from actual a
    join match.clusters c on c.netbox_id = a.cluster_id and c.problem is null
    join desired.clusters w on w.key = c.key
    union
    select a.id from actual a join desired.devices d on lower(d.key) = lower(a.held_cluster)
    where d.cluster is not null
),
witnesses as (
    select key, id, bool_or(of_what = 'name') as same_name, bool_or(of_what = 'mac') as same_macs,
        bool_or(of_what = 'uuid') as same_uuid, bool_or(of_what = 'number') as same_number
    from (
        select w.key, c.id, 'name' as of_what from newcomers w join called c
            on c.name in (lower(w.name), lower(w.given_name))
        union all
        select key, id, 'mac' from shared
        union all
        select w.key, u.id, 'uuid' from newcomers w join uuids u using (uuid)
        union all
        select w.key, a.id, 'number' from newcomers w join actual a on a.held_vmid = w.source_id
        where a.id in (from same_home))
    group by key, id
),
weighed_elsewhere as (
    select s.*, a.name, a.held_cluster, a.held_vmid,
        coalesce(u.uuid <> w.uuid, false) as other_uuid,
        not s.same_macs and w.key in (select key from source_macs)
            and a.id in (select id from netbox_macs) as other_macs
    from witnesses s
    join newcomers w using (key)
    cross join settings
    join actual a on a.id = s.id and a.held_vmid is not null and lower(a.held_cluster) <> lower(settings.id_scope)
    left join uuids u on u.id = a.id
),
agreed as (
    select s.key, s.id, s.name, s.held_cluster, s.held_vmid, t.endpoint as still_shown_by, o.cluster, o.gap,
        list_filter([if(same_name, 'this name', null), if(same_macs, 'these MAC addresses', null),
            if(same_uuid, 'this SMBIOS UUID', null),
            if(same_number and not other_uuid and not other_macs, 'this ' || settings.id_word, null)],
            lambda one: one is not null) as agreeing,
        s.other_uuid, s.other_macs
    from weighed_elsewhere s
    cross join settings
    left join others o on o.cluster = lower(s.held_cluster)
    left join still_there t on t.id = s.id
),
moved as (
    select key, id, name, agreeing,
        name || ' (id ' || id || ') of the cluster ' || held_cluster || ', ' || settings.id_word || ' '
            || held_vmid as place,
        case
            when a.cluster is null and a.id not in (from same_home)
                then because('moved_from_unread_cluster', {word: settings.id_word})
            when still_shown_by is not null then because('still_shown_by', {endpoint: still_shown_by})
            when gap is not null then because('not_certain_that_it_left', {because: gap})
            when len(agreeing) = 1 then because('nothing_else_agrees', {word: settings.id_word})
        end as doubt
    from agreed a cross join settings
    where len(agreeing) > 1
       or (a.cluster is not null and still_shown_by is null and not other_uuid and not other_macs)
    qualify len(agreeing) = max(len(agreeing)) over (partition by key)
),
left_behind as (
    select key, count(*) as candidates, min(id) as id, min(place) as place, any_value(doubt) as doubt,
        any_value(agreeing) as agreeing,
        list(place order by place) as found
    from moved group by key
),

-- What a guest that nothing was found for may be all the same.
unfound as (
    select w.key, w.source_id, w.cluster, c.netbox_id as cluster_id, lower(w.name) as name,
        lower(w.given_name) as given_name
    from desired.virtual_machines w
    cross join settings
    left join match.clusters c on c.key = w.cluster
    where not coalesce(settings.ids_are_names, false) and w.known_id is null
      and w.key not in (select key from hits where is_id or is_name)
),
without_id as (
    select id, lower(name) as name, cluster_id from actual where held_vmid is null and not "foreign"
),
nearly as (
    select u.key, a.id, 'name' as of_what, 'this name' as witness, 1 as place
    from unfound u join without_id a using (name)
    union
    -- The name that several guests have is that of the guest that NetBox has under it.
    select u.key, a.id, 'name', 'this name', 1
    from unfound u join without_id a on a.name = u.given_name
    where a.id not in (select id from hits where is_name)
    union
    select u.key, a.id, 'name', 'this name without its domain', 2
    from unfound u join without_id a on short_name(a.name) = u.name
    union
    select u.key, a.id, 'name', 'this name without its domain', 2
    from unfound u join without_id a on a.name = short_name(u.name)
    union
    select s.key, s.id, 'mac', 'this MAC address', 3
    from shared s join without_id a using (id) join unfound u using (key)
    union
    select u.key, a.id, 'address', 'this address', 4
    from unfound u
    join desired.ip_addresses w on w.owner_resource = 'virtual_machines' and w.owner = u.key and w.left_out is null
    join netbox.ip_addresses i on i.host = w.host
    join netbox.virtual_machines v on i.id in (v.primary_ip4_id, v.primary_ip6_id)
    join without_id a on a.id = v.id
),
near_ones as (
    select n.key, n.id, any_value(a.cluster_id) as cluster_id, any_value(a.name) as name,
        bool_or(n.of_what = 'name') as same_name, bool_or(n.of_what = 'mac') as same_macs,
        any_value(a.name) || ' (id ' || n.id || ', ' || coalesce('cluster ' || any_value(c.name), 'no cluster') || ', '
            || enumerated(list(n.witness order by n.place)) || ')' as shown
    from nearly n
    join actual a using (id)
    left join netbox.clusters c on c.id = a.cluster_id
    group by n.key, n.id
),
near as (
    select n.key, count(*) as candidates, min(n.id) as id, list(n.id order by n.id) as ids,
        bool_and(n.same_name and n.same_macs
            and coalesce(n.cluster_id = u.cluster_id, n.cluster_id is null)) as certain,
        list({'type': 'virtualization/virtual-machines', 'id': n.id, 'name': n.name} order by n.name, n.id) as objects,
        list(n.shown order by n.shown)[:3] as found,
        -- The guests' cluster may have another name in NetBox.
        case when any_value(u.cluster_id) is null and count(distinct n.cluster_id) = 1 then any_value(c.name)
            end as cluster_there
    from near_ones n
    join unfound u using (key)
    left join netbox.clusters c on c.id = n.cluster_id
    group by n.key
),
device_namesakes as (
    select u.key, min(d.id) as id, min_by(d.name, d.id) as name
    from (select key, name from unfound union select key, given_name from unfound) u
    join netbox.devices d on lower(d.name) = u.name
    group by u.key
),

-- strength: 2 with two witnesses, 1 with one that nothing contradicts. other_machine: a guest that only has the vmid of
-- a machine in NetBox.
chosen as (
    select w.key, case
        when w.known_id is not null then {'id': w.known_id, 'strength': 2, 'step': 1, 'reason': null::varchar,
            'other_machine': false}
        when c.agreeing = 1 and c.by_id = 1 then {'id': c.agreeing_id, 'strength': 2, 'step': 1,
            'reason': null::varchar, 'other_machine': false}
        when c.by_id > 1 or c.by_number_alone > 1
            then {'id': null::bigint, 'strength': null, 'step': 1,
                'reason': conflict('several_have_this_number',
                {word: settings.id_word, id: w.source_id, cluster: w.cluster, candidates: c.numbered}),
                'other_machine': false}
        when c.by_number_alone = 1 and c.by_number.same_macs
            then {'id': c.by_number.id, 'strength': 2, 'step': 1, 'reason': null, 'other_machine': false}
        when n.candidates = 1 and n.same_macs then {'id': n.id, 'strength': 2, 'step': 2, 'reason': null,
            'other_machine': false}
        when c.by_number_alone = 1 and c.by_number.same_uuid and n.candidates is null
            then {'id': c.by_number.id, 'strength': 2, 'step': 1, 'reason': null, 'other_machine': false}
        when u.found is not null
            then {'id': u.ids[1], 'strength': 0, 'step': 2, 'reason': conflict('may_have_a_new_number', {
                candidates: u.found, system: settings.system_name, word: settings.id_word, id: w.source_id}),
                    'other_machine': false}
        when c.by_number_alone = 1 and c.by_number.others is not null
            then {'id': c.by_number.id, 'strength': 0, 'step': 1, 'reason': conflict('number_of_another_machine', {
                word: settings.id_word, id: w.source_id,
                    candidates: [{'type': 'virtualization/virtual-machines', 'id': c.by_number.id,
                    'name': c.by_number.name}],
                differs: c.by_number.others, field: settings.id_field}), 'other_machine': true}
        when c.by_number_alone = 1 and (c.by_number.named_otherwise
            or (c.by_number.differs_too and n.candidates is null))
            then {'id': c.by_number.id, 'strength': 0, 'step': 1,
                'reason': conflict('number_may_be_of_another_machine', {
                word: settings.id_word, id: w.source_id,
                    candidates: [{'type': 'virtualization/virtual-machines', 'id': c.by_number.id,
                    'name': c.by_number.name}],
                named: n.found,
                doubt: case when n.found is not null then null
                    when c.by_number.named_otherwise then 'which is the name of another guest'
                    else 'and nothing else shows that it is the same' end}), 'other_machine': false}
        when c.by_number_alone = 1 then {'id': c.by_number.id, 'strength': 1, 'step': 1, 'reason': null,
            'other_machine': false}
        when n.candidates = 1 then {'id': n.id, 'strength': 1, 'step': 2, 'reason': null, 'other_machine': false}
        when n.candidates > 1
            then {'id': null, 'strength': null, 'step': 2,
                'reason': conflict('several_virtual_machines', {candidates: n.found}), 'other_machine': false}
        when b.candidates > 1
            then {'id': null, 'strength': null, 'step': 3,
                'reason': conflict('several_virtual_machines', {candidates: b.found}), 'other_machine': false}
        when b.doubt is not null
            then {'id': b.id, 'strength': 0, 'step': 3,
                'reason': conflict('guest_of_another_cluster',
                {agreeing: b.agreeing, place: b.place, because: b.doubt}), 'other_machine': false}
        when b.candidates = 1 then {'id': b.id, 'strength': 2, 'step': 3, 'reason': null, 'other_machine': false}
        when q.candidates = 1 and q.certain
            then {'id': q.id, 'strength': 2, 'step': 4, 'reason': null, 'other_machine': false}
        when q.candidates is not null
            then {'id': if(q.candidates = 1, q.id, null), 'strength': 0, 'step': 4,
                'reason': conflict('may_be_this_virtual_machine', {found: q.found, candidates: q.objects,
                entry: coalesce(settings.cluster_field || ' '
                    || if(settings.ids_span_clusters, settings.id_scope, w.cluster) || ' and ', '')
                    || settings.id_field || ' ' || w.source_id, cluster: q.cluster_there}), 'other_machine': false}
        when d.name is not null
            then {'id': null, 'strength': null, 'step': 4, 'reason': conflict('device_of_this_name',
                {candidates: [{'type': 'dcim/devices', 'id': d.id, 'name': d.name}]}), 'other_machine': false}
        end as choice,
        case when b.candidates = 1 and b.doubt is null then noted('moves_here', {place: b.place}) end as moved_from
    from desired.virtual_machines w
    cross join settings
    left join compared c using (key)
    left join named n using (key)
    left join unlisted u using (key)
    left join left_behind b using (key)
    left join near q using (key)
    left join device_namesakes d using (key)
),
-- Several guests match one virtual machine: the guest with two witnesses is it, a guest with only its vmid is new.
claims as (
    select choice.id as id, count(*) filter (choice.strength > 0) as claimants,
        count(*) filter (choice.strength = 2) as certain
    from chosen where choice.id is not null group by 1
),
best as (
    select c.key, c.choice.step as step, c.moved_from,
        c.choice.other_machine and k.certain = 1 as is_new,
        case when c.choice.strength > 0 then c.choice.id end as netbox_id,
        case when c.choice.other_machine and k.certain = 1 then null
             when c.choice.reason is not null then c.choice.reason
             when k.claimants > 1 then conflict('several_guests', {
                 candidates: [{'type': 'virtualization/virtual-machines', 'id': a.id, 'name': a.name}]}) end as reason
    from chosen c
    left join claims k on k.id = c.choice.id
    left join actual a on a.id = c.choice.id
),

-- A name in the cluster that another virtual machine has: another guest's, or one without a vmid where the guest has
-- been found as a different one.
held_names as (
    select w.key, string_agg(a.name || ' (' || case when a."foreign" then 'of another system'
            else coalesce(settings.id_word || ' ' || a.held_vmid
                || coalesce(' of ' || nullif(a.held_cluster, w.cluster), ''), 'no ' || settings.id_word) end || ')',
                ', ' order by a.name) as found
    from desired.virtual_machines w
    cross join settings
    join match.clusters c on c.key = w.cluster
    join actual a on a.cluster_id = c.netbox_id and lower(a.name) = lower(w.name)
    left join best b on b.key = w.key
    where a.id is distinct from b.netbox_id and (a.held_vmid is not null or a."foreign" or b.netbox_id is not null)
    group by w.key
),
candidates as (
    select key, list(distinct id order by id) as ids
    from (select key, id from hits union all select key, id from moved union all select key, unnest(ids) from unlisted
        union all select key, id from near_ones)
        group by key
),
evaluated as (
    select w.key, b.netbox_id, b.step, b.moved_from, c.ids,
        with_candidates(
            case when w.problem is not null then w.problem
                 when b.reason is not null then b.reason
                 when b.netbox_id is null and h.found is not null
                     then conflict('name_held_by_another_guest', {guest: h.found})
            end, c.ids) as problem,
        h.found as name_held_by
    from desired.virtual_machines w
    left join best b using (key)
    left join held_names h using (key)
    left join candidates c using (key)
),
-- What a person has answered, if exactly this was asked.
answered as (
    select e.* replace (
        if(a.answer is null, e.netbox_id, a.netbox_id) as netbox_id, if(a.answer is null, e.ids, null) as ids,
        if(a.answer is null, e.problem, null) as problem)
    from evaluated e
    left join config.answers a on a.resource = 'virtual_machines' and a.key = e.key
        and a.question = question(e.problem)
        and (a.answer = 'create' or (a.answer = 'pick' and a.netbox_id in (select id from actual)
            and a.netbox_id not in (select netbox_id from evaluated where problem is null and netbox_id is not null)))
)
select j.key,
    case when j.problem is null then j.netbox_id end as netbox_id,
    if(j.problem is null, j.netbox_id, coalesce(j.netbox_id, j.ids[1])) as candidate_id,
    if(j.problem is null, null, coalesce(j.ids, [])) as candidate_ids,
    j.step, j.problem, j.name_held_by,
    case when j.problem is null then j.moved_from end as moved_from
from answered j
