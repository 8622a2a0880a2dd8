-- IP addresses: desired against NetBox. Key: host address + VRF; the mask is a compared field.
-- An address that NetBox has on another device or virtual machine is a conflict, never moved silently; one without an
-- object is adopted. Within a device or virtual machine an address that this product put on its interface follows the
-- source; one that someone else put there stays. So does the VRF that someone gave it; see sql/match/address_vrfs.sql.
-- Roles for shared addresses in NetBox are exceptions: an anycast address gets an object per place, and one that moves
-- between hosts (VIP, VRRP, HSRP, ...) stays where it is in NetBox (sql/match/skipped_addresses.sql).
-- Only with rows of desired.ip_addresses.
with settings as (from config.endpoint),

wanted as (
    select a.* replace (coalesce(k.prefixlen, a.prefixlen) as prefixlen), k.prefix as prefix_of_mask,
        a.prefixlen as given_prefixlen, n.netbox_id as interface_id, n.machine_id, n.label,
        n.type, n.problem as interface_problem,
        v.vrf_id, v.vrf_name, v.found_vrf_id, v.is_held, v.is_certain, v.doubt_ids,
        case when a.vrf is not null and v.candidates <> 1
             then conflict('vrf_not_one', {vrf: a.vrf, candidates: v.candidates}) end as vrf_problem,
        a.host || coalesce(' in ' || a.vrf, '') as place
    from desired.ip_addresses a
    join match.interface_names n on n.resource = a.interface_resource and n.key = a.interface
    join match.address_vrfs v on v.host = a.host and v.vrf is not distinct from a.vrf
        and v.interface_resource = a.interface_resource and v.interface = a.interface
    left join match.prefix_masks k on k.host = a.host and k.interface = a.interface
        and k.vrf is not distinct from a.vrf
    where a.left_out is null
),

-- Roles by which NetBox itself holds one address several times.
shared_hosts as (
    select host, vrf_id, if(bool_and(coalesce(role, '') = 'anycast'), 'anycast', 'moving') as shared
    from netbox.ip_addresses
    group by host, vrf_id
    having bool_or(role = 'anycast' or is_virtual_address(role, assigned_object_type))
),
-- apart: NetBox has each of them already, or its interface, in different VRFs.
source_places as (
    select host, vrf, list(label order by label) as places,
        bool_and(is_certain) and count(distinct coalesce(vrf_id, 0)) = count(*) as apart
    from wanted group by all
),
counted as (
    select w.*, p.places, if(p.apart, 1, len(p.places)) as places_in_source, s.shared
    from wanted w
    join source_places p on p.host = w.host and p.vrf is not distinct from w.vrf
    left join shared_hosts s on s.host = w.host and s.vrf_id is not distinct from w.vrf_id
),

candidates as (
    select c.host, c.vrf, c.interface_resource, c.interface,
        count(*) as candidates,
        -- Among several the one on this interface is it, else one on this machine.
        count(*) filter (a.assigned_object_type = c.type and a.assigned_object_id = c.interface_id) as here,
        count(*) filter (h.type = c.type and h.machine_id = c.machine_id) as on_machine,
        arg_max(a.id, (if(a.assigned_object_type = c.type and a.assigned_object_id = c.interface_id, 2,
            if(h.type = c.type and h.machine_id = c.machine_id, 1, 0)), -a.id)) as id
    from counted c
    join netbox.ip_addresses a on a.host = c.host and a.vrf_id is not distinct from c.found_vrf_id
    left join match.address_holders h on h.id = a.id
    group by all
),

-- Addresses in a VRF that no interface has, or that another machine has: one that the source shows without a VRF may be
-- one of them.
reserved as (
    select a.host, list(a.id order by a.id) as ids,
        list({'type': 'ipam/ip-addresses', 'id': a.id, 'name': a.address || ' in ' || v.name} order by v.name, a.id)
            as found
    from netbox.ip_addresses a join netbox.vrfs v on v.id = a.vrf_id
    where a.assigned_object_id is null and a.nat_inside_id is null
    group by a.host
),
others as (
    select d.host, list(a.id order by a.id) as ids,
        list({'type': 'ipam/ip-addresses', 'id': a.id, 'name': a.address || ' in ' || v.name || ' on ' || h.label}
            order by v.name, a.id) as found
    from (select distinct host, unnest(doubt_ids) as id from wanted) d
    join netbox.ip_addresses a using (id)
    join netbox.vrfs v on v.id = a.vrf_id
    join match.address_holders h using (id)
    group by d.host
),
in_doubt as (
    select c.place, r.ids, case when r.ids is not null
        then with_candidates(conflict('reserved_in_vrf', {candidates: r.found}), r.ids)
        else with_candidates(conflict('elsewhere_in_vrf', {candidates: o.found}), o.ids) end as cause
    from counted c
    left join reserved r using (host)
    left join others o using (host)
    where c.vrf is null and c.vrf_id is null and c.in_global_table is not true and not c.is_held and len(c.places) = 1
      and c.host not in (select host from candidates) and coalesce(r.ids, o.ids) is not null
),
-- What a person has answered, if exactly this was asked: one of them, or none.
answered as (
    select d.place, d.cause, a.answer is not null as is_answered, a.netbox_id
    from in_doubt d
    left join config.answers a on a.resource = 'ip_addresses' and a.key = d.place and a.question = question(d.cause)
        and (a.answer = 'create' or (a.answer = 'pick' and list_contains(d.ids, a.netbox_id)))
),

paired as materialized (
    select c.*, if(d.is_answered, null, d.cause) as vrf_doubt, k.candidates, k.here, k.on_machine,
        a.id as netbox_id, a.last_updated, a.address as actual_address, existing(r.id, r.name) as actual_vrf,
        -- One address has several spellings: compare the canonical forms.
        a.host = c.host and a.prefixlen = c.prefixlen as same_address, a.dns_name as actual_dns,
        a.assigned_object_type as actual_type, a.assigned_object_id as actual_object,
        h.label as actual_label, h.type = c.type and h.machine_id = c.machine_id as same_machine,
        -- An additional place of an anycast address gets a separate object.
        coalesce(c.shared = 'anycast' and k.here = 0 and (c.places_in_source > 1 or a.assigned_object_id is not null),
            false) as additional,
        f.label as taken_from, additional or f.id is not null as another
    from counted c
    left join candidates k on k.host = c.host and k.vrf is not distinct from c.vrf
        and k.interface_resource = c.interface_resource and k.interface = c.interface
    left join answered d on d.place = c.place
    left join netbox.ip_addresses a on a.id = coalesce(k.id, d.netbox_id)
    left join netbox.vrfs r on r.id = a.vrf_id
    left join match.address_holders h on h.id = k.id
    left join match.freed_addresses f on f.id = k.id
        and f.key = c.host || coalesce(' in ' || c.vrf, '')
),

placed as materialized (
    select * replace (
        if(another, null, netbox_id) as netbox_id, if(another, null, last_updated) as last_updated,
        if(another, null, actual_address) as actual_address, if(another, null, actual_vrf) as actual_vrf,
        if(another, null, same_address) as same_address,
        if(another, null, actual_dns) as actual_dns, if(another, null, actual_type) as actual_type,
        if(another, null, actual_object) as actual_object, if(another, null, actual_label) as actual_label,
        if(another, 0, candidates) as candidates)
    from paired
),

-- Interfaces that may be deleted, because the source no longer has them.
leaving as (
    select g.resource, g.id
    from (select resource, object_type, id from match.removed_vm_interfaces where way = 'delete'
          union all select resource, object_type, id from match.removed_interfaces where way = 'delete') g
    where g.resource in (select resource from config.may_delete_unowned)
       or (g.resource in (select resource from config.may_delete)
           and (g.object_type, g.id) in (select (object_type, netbox_id) from ledger.created))
),
-- Addresses that this product put where NetBox has them, as far as nobody has moved them since; and those on an
-- interface that leaves.
following as (
    select a.id from netbox.ip_addresses a
    join ledger.last_written w on w.object_type = 'ipam/ip-addresses' and w.netbox_id = a.id
        and w.field = 'assigned_object' and not w.restored
    where try_cast(json_extract_string(w.value, '$.id') as bigint) = a.assigned_object_id
      and json_extract_string(w.value, '$.type') = a.assigned_object_type
    union
    select id from netbox.ip_addresses
    where 'ip_addresses.assigned_object' in (select field from config.owned)
       or (assigned_object_type = 'virtualization.vminterface'
           and assigned_object_id in (select id from leaving where resource = 'vm_interfaces'))
       or (assigned_object_type = 'dcim.interface'
           and assigned_object_id in (select id from leaving where resource = 'interfaces'))
),
evaluated as (
    select p.* replace (
            if(kept, p.type, p.actual_type) as actual_type, if(kept, p.interface_id, p.actual_object) as actual_object,
            if(kept, p.label, p.actual_label) as actual_label),
        actual_object is not null and not coalesce(same_machine, false) as elsewhere,
        not kept and coalesce(same_machine, false) and actual_object is distinct from interface_id as within,
        unassignable(p.host, p.family, p.prefixlen) as unassignable,
        r.name as populated_range,
        case when len(p.places) > 1 then p.place || ' on ' || p.label else p.place end as key
    from (
        select *, coalesce(same_machine, false) and actual_object is distinct from interface_id
            and netbox_id not in (select id from following) as kept
        from placed
    ) p
    left join match.populated_ranges r on r.host = p.host and r.vrf_id is not distinct from p.vrf_id
),
-- NetBox refuses to give an address to another device or virtual machine while its owner has it as a primary or
-- out-of-band one.
primaries as (
    select unnest([primary_ip4_id, primary_ip6_id, oob_ip_id]) as id from netbox.devices
    union
    select unnest([primary_ip4_id, primary_ip6_id]) from netbox.virtual_machines
),
-- What a person has answered, if exactly this was asked: such an address may move.
movable as (
    select j.*, a.answer is not null as may_move
    from evaluated j
    left join config.answers a on a.resource = 'ip_addresses' and a.key = j.key and a.answer = 'move' and j.elsewhere
        and a.question = question(conflict('assigned_elsewhere', {place: j.actual_label}))
),
decided as materialized (
    select j.*,
        case
            when j.interface_problem is not null
                then blocked('interface_not_written', {interface: j.label, because: j.interface_problem})
            when j.vrf_problem is not null then j.vrf_problem
            when j.shared = 'moving' and j.here <> 1
                then skipped('address_moves_between_holders', {place: j.actual_label})
            when j.places_in_source > 1 and j.shared is null
                then conflict('duplicate_in_source', {places: j.places[:10],
                    more: nullif(greatest(len(j.places) - 10, 0), 0)})
            when j.vrf_doubt is not null then j.vrf_doubt
            when j.candidates > 1 and j.here <> 1 and j.on_machine <> 1
                then conflict('address_several_times', {candidates: j.candidates, place: j.label})
            when j.elsewhere and not settings.move_addresses and not j.may_move
                then conflict('assigned_elsewhere', {place: j.actual_label})
            when j.elsewhere and j.netbox_id in (select id from primaries)
                then blocked('primary_address_elsewhere', {place: j.actual_label})
            when j.unassignable is not null then j.unassignable
            -- Before 4.5 NetBox refuses edits in a populated range too.
            when j.populated_range is not null and (j.netbox_id is null or (target_release() < 405
                    and (j.elsewhere or j.within or j.actual_object is null or not j.same_address)))
                then blocked('address_in_populated_range', {range: j.populated_range})
            when j.taken_from is not null then noted('address_taken_over', {place: j.taken_from})
            when j.elsewhere then noted('address_moved', {place: j.actual_label, destination: j.label})
            when j.within then noted('address_moved_within', {place: j.actual_label, destination: j.label,
                owner: j.owner})
            when j.netbox_id is not null and j.actual_object is null then noted('address_adopted')
            when j.prefix_of_mask is not null and j.prefixlen <> j.given_prefixlen
                then noted('mask_of_prefix', {prefix: j.prefix_of_mask, given: j.given_prefixlen})
            when not j.same_address and j.prefixlen = if(j.family = 4, 32, 128) then noted('prefix_is_a_host')
            when not j.same_address then noted('prefix_differs')
        end as reason,
        differing([
            trimmed_text_field('address', j.actual_address,
                if(coalesce(j.same_address, false), j.actual_address, j.host || '/' || j.prefixlen)),
            case when j.vrf_id is not null or (j.in_global_table and j.actual_vrf is not null)
                then json_field('vrf', j.actual_vrf, coalesce(existing(j.vrf_id, j.vrf_name), 'null')) end,
            case when j.netbox_id is null then field('status', null, '"active"') end,
            case when j.additional then field('role', null, '"anycast"') end,
            text_field('dns_name', j.actual_dns, j.dns_name),
            json_field('assigned_object', typed_existing(j.actual_type, j.actual_object, j.actual_label),
                typed_link(j.type, j.interface_resource, j.interface, j.interface_id, j.label))
        ]) as fields
    from movable j cross join settings
)

select 'ip_addresses' as resource, key, owner as parent, 'ipam/ip-addresses' as object_type, netbox_id,
       null::varchar as target, last_updated, action, reason,
       case when action in ('create', 'update') then fields else [] end as fields
from (select *, coalesce(nullif(action_of(reason), 'noted'), if(netbox_id is null, 'create', 'update')) as action
    from decided)
where action in ('conflict', 'blocked', 'drifted') or (action <> 'skipped' and len(fields) > 0)
