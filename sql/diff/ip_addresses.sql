-- IP addresses: desired against NetBox. Key: host address + VRF; the mask is a compared field.
-- An address that NetBox has on another object is a conflict, never moved silently; one without an object is adopted.
-- Roles for shared addresses in NetBox are exceptions: an anycast address gets an object per place, and one that moves
-- between hosts (VIP, VRRP, HSRP, ...) stays where it is in NetBox.
-- Only with rows of desired.ip_addresses.
with settings as (from config.endpoint),

vrf_hits as (
    select w.vrf, count(distinct v.id) as candidates, min(v.id) as id, min_by(v.name, v.id) as name
    from (select distinct vrf from desired.ip_addresses where vrf is not null) w
    join netbox.vrfs v on lower(w.vrf) in (lower(v.name), lower(v.rd))
    group by w.vrf
),

wanted as (
    select a.*, n.netbox_id as interface_id, n.label, n.type, n.problem as interface_problem,
        v.id as vrf_id, v.name as vrf_name,
        case when a.vrf is not null and coalesce(v.candidates, 0) <> 1
             then conflict('vrf_not_one', {vrf: a.vrf, candidates: coalesce(v.candidates, 0)}) end as vrf_problem,
        a.host || coalesce(' in ' || a.vrf, '') as place
    from desired.ip_addresses a
    join match.interface_names n on n.resource = a.interface_resource and n.key = a.interface
    left join vrf_hits v using (vrf)
    where a.left_out is null
),

-- Roles by which NetBox itself holds one address several times.
shared_hosts as (
    select host, vrf_id, if(bool_and(coalesce(role, '') = 'anycast'), 'anycast', 'moving') as shared
    from netbox.ip_addresses
    group by host, vrf_id
    having bool_or(role in ('anycast', 'vip', 'vrrp', 'hsrp', 'glbp', 'carp')
        or assigned_object_type = 'ipam.fhrpgroup')
),
counted as (
    select w.*,
        count(*) over (partition by w.host, w.vrf_id, w.vrf) as places_in_source,
        s.shared
    from wanted w
    left join shared_hosts s on s.host = w.host and s.vrf_id is not distinct from w.vrf_id
),
source_places as (
    select host, vrf_id, vrf, list(label order by label) as places from counted group by all
),

candidates as (
    select c.host, c.vrf_id, c.interface_resource, c.interface,
        count(*) as candidates,
        -- Among several the one on this interface is it.
        count(*) filter (a.assigned_object_type = c.type and a.assigned_object_id = c.interface_id) as here,
        arg_max(a.id, (if(a.assigned_object_type = c.type and a.assigned_object_id = c.interface_id, 1, 0),
            -a.id)) as id
    from counted c
    join netbox.ip_addresses a on a.host = c.host and a.vrf_id is not distinct from c.vrf_id
    group by all
),

paired as materialized (
    select c.*, sp.places, k.candidates, k.here, a.id as netbox_id, a.last_updated, a.address as actual_address,
        -- One address has several spellings: compare the canonical forms.
        a.host = c.host and a.prefixlen = c.prefixlen as same_address, a.dns_name as actual_dns,
        a.assigned_object_type as actual_type, a.assigned_object_id as actual_object,
        case a.assigned_object_type
            when 'dcim.interface' then (select d.name || ' ' || i.name from netbox.interfaces i join netbox.devices d
                on d.id = i.device_id where i.id = a.assigned_object_id)
            when 'virtualization.vminterface' then (select m.name || ' ' || i.name from netbox.vm_interfaces i
                join netbox.virtual_machines m on m.id = i.virtual_machine_id where i.id = a.assigned_object_id)
            when 'ipam.fhrpgroup' then 'FHRP group ' || a.assigned_object_id
            else a.assigned_object_type || ' ' || a.assigned_object_id end as actual_label,
        -- An additional place of an anycast address gets a separate object.
        coalesce(c.shared = 'anycast' and k.here = 0 and (c.places_in_source > 1 or a.assigned_object_id is not null),
            false) as another
    from counted c
    join source_places sp on sp.host = c.host and sp.vrf_id is not distinct from c.vrf_id and sp.vrf is not distinct
        from c.vrf
    left join candidates k on k.host = c.host and k.vrf_id is not distinct from c.vrf_id
        and k.interface_resource = c.interface_resource and k.interface = c.interface
    left join netbox.ip_addresses a on a.id = k.id
),

placed as materialized (
    select * replace (
        if(another, null, netbox_id) as netbox_id, if(another, null, last_updated) as last_updated,
        if(another, null, actual_address) as actual_address, if(another, null, same_address) as same_address,
        if(another, null, actual_dns) as actual_dns, if(another, null, actual_type) as actual_type,
        if(another, null, actual_object) as actual_object, if(another, null, actual_label) as actual_label,
        if(another, 0, candidates) as candidates)
    from paired
),

evaluated as (
    select p.*,
        p.actual_object is not null and (p.actual_type <> p.type or p.actual_object is distinct
            from p.interface_id) as elsewhere,
        unassignable(p.host, p.family, p.prefixlen) as unassignable,
        case when p.places_in_source > 1 then p.place || ' on ' || p.label else p.place end as key
    from placed p
),
-- NetBox refuses to move an address that its owner has as a primary or out-of-band one.
primaries as (
    select unnest([primary_ip4_id, primary_ip6_id, oob_ip_id]) as id from netbox.devices
    union
    select unnest([primary_ip4_id, primary_ip6_id]) from netbox.virtual_machines
),
decided as (
    select j.*,
        case
            when j.interface_problem is not null
                then blocked('interface_not_written', {interface: j.label, because: j.interface_problem})
            when j.vrf_problem is not null then j.vrf_problem
            when j.shared = 'moving' and j.here <> 1
                then drifted('address_moves_between_holders', {place: j.actual_label})
            when j.places_in_source > 1 and j.shared is null
                then conflict('duplicate_in_source', {places: j.places[:10],
                    more: nullif(greatest(len(j.places) - 10, 0), 0)})
            when j.candidates > 1 and j.here <> 1
                then conflict('address_several_times', {candidates: j.candidates, place: j.label})
            when j.elsewhere and not settings.move_addresses
                then conflict('assigned_elsewhere', {place: j.actual_label})
            when j.elsewhere and j.netbox_id in (select id from primaries)
                then blocked('primary_address_elsewhere', {place: j.actual_label})
            when j.unassignable is not null then j.unassignable
            when j.elsewhere then noted('address_moved', {place: j.actual_label, destination: j.label})
            when j.netbox_id is not null and j.actual_object is null then noted('address_adopted')
            when not j.same_address then noted('prefix_differs')
        end as reason,
        differing([
            trimmed_text_field('address', j.actual_address,
                if(coalesce(j.same_address, false), j.actual_address, j.host || '/' || j.prefixlen)),
            case when j.netbox_id is null and j.vrf_id is not null
                then json_field('vrf', null, existing(j.vrf_id, j.vrf_name)) end,
            case when j.netbox_id is null then field('status', null, '"active"') end,
            case when j.another then field('role', null, '"anycast"') end,
            text_field('dns_name', j.actual_dns, j.dns_name),
            json_field('assigned_object', typed_existing(j.actual_type, j.actual_object, j.actual_label),
                typed_link(j.type, j.interface_resource, j.interface, j.interface_id, j.label))
        ]) as fields
    from evaluated j cross join settings
)

select 'ip_addresses' as resource, key, owner as parent, 'ipam/ip-addresses' as object_type, netbox_id,
       null::varchar as target, last_updated, action, reason,
       case when action in ('create', 'update') then fields else [] end as fields
from (select *, coalesce(nullif(action_of(reason), 'noted'), if(netbox_id is null, 'create', 'update')) as action
    from decided)
where action in ('conflict', 'blocked', 'drifted') or len(fields) > 0
