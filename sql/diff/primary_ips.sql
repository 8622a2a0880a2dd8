-- Primary addresses of devices and virtual machines. Key: owner + family. An update of the owner, after the address
-- is on one of its interfaces. Of the addresses that the source offers the first one that can be primary: not a host
-- address (/32, /128) beside an address with a network on the same interface, not one that NetBox knows as virtual,
-- and one that is on the owner after this plan. One that this product chose itself follows the source, whatever the
-- policy says; with set_if_empty it stays while it can be primary and the configuration names no other.
-- Only with rows of desired.primary_ips.
with settings as (from config.endpoint),
owners as (
    select 'devices' as owner_resource, d.key as owner, 'dcim/devices' as object_type, d.netbox_id, d.name,
           a.last_updated, a.primary_ip4_id, a.primary_ip6_id
    from match.live_devices d left join netbox.devices a on a.id = d.netbox_id
    union all
    select 'virtual_machines', v.key, 'virtualization/virtual-machines', v.netbox_id, v.name,
           a.last_updated, a.primary_ip4_id, a.primary_ip6_id
    from match.live_virtual_machines v left join netbox.virtual_machines a on a.id = v.netbox_id
),
-- Interfaces that have an address with a network.
networked as (
    select distinct interface, family from desired.ip_addresses
    where left_out is null and prefixlen < if(family = 4, 32, 128)
),
-- NetBox's own word for addresses that several machines hold in turn.
virtual as (
    select distinct host, vrf_id from netbox.ip_addresses
    where role = 'anycast' or is_virtual_address(role, assigned_object_type)
),
wanted as (
    select p.* replace (coalesce(p.named, false) as named), o.object_type, o.netbox_id, o.name, o.last_updated,
        if(p.family = 4, o.primary_ip4_id, o.primary_ip6_id) as current_id,
        p.host || coalesce(' in ' || p.vrf, '') as ip_key,
        not coalesce(p.named, false) and d.prefixlen = if(p.family = 4, 32, 128) and n.interface is not null
            as host_only
    from desired.primary_ips p
    join owners o using (owner_resource, owner)
    left join desired.ip_addresses d on d.interface = p.interface and d.host = p.host
        and d.vrf is not distinct from p.vrf
    left join networked n on n.interface = p.interface and n.family = p.family
),
-- The address object, as NetBox has it on an interface of this machine or as this diff creates or adopts it. Where
-- NetBox has it several times, in two VRFs say: the one that is primary already, else that of the wanted VRF, else that
-- on the wanted interface, else the oldest.
placed as (
    select w.*, a.id as ip_id, a.address,
        d.action as ip_action, d.netbox_id as ip_change_id, d.reason as ip_reason,
        x.host is not null and not (w.named and a.role = 'anycast') as is_virtual
    from wanted w
    join match.interface_names n on n.key = w.interface
        and n.resource = if(w.owner_resource = 'devices', 'interfaces', 'vm_interfaces')
    left join match.address_holders h on h.host = w.host and h.type = n.type
        and (h.interface_id = n.netbox_id or h.machine_id = n.machine_id)
    left join netbox.ip_addresses a on a.id = h.id
    left join netbox.vrfs v on v.id = a.vrf_id
    left join netbox.vrfs wanted_vrf on lower(w.vrf) in (lower(wanted_vrf.name), lower(wanted_vrf.rd))
    left join match.address_vrfs f on f.host = w.host and f.vrf is not distinct from w.vrf
        and f.interface = w.interface and f.interface_resource = n.resource
    left join virtual x on x.host = w.host
        and x.vrf_id is not distinct from coalesce(a.vrf_id, wanted_vrf.id, f.vrf_id)
    left join diff.ip_addresses d on d.key = w.ip_key
    qualify row_number() over (
        partition by w.owner_resource, w.owner, w.family, w.host, w.interface
        order by a.id is not distinct from w.current_id desc,
            coalesce(lower(w.vrf) in (lower(v.name), lower(v.rd)), w.vrf is null and a.vrf_id is null) desc,
            h.interface_id is not distinct from n.netbox_id desc, a.id
    ) = 1
),
chosen_by_us as (
    select object_type, netbox_id, field, try_cast(json_extract_string(value, '$.id') as bigint) as id
    from ledger.last_written where field in ('primary_ip4', 'primary_ip6') and not restored
),
valued as (
    select p.*, current.address as current_address, o.id is not null as ours,
        bool_or(p.named) over (partition by p.owner_resource, p.owner, p.family) as names_one,
        case when p.host_only or p.is_virtual then null
             when ip_id is not null then existing(ip_id, p.host)
             when ip_action = 'create' then created('ip_addresses', ip_key, p.host)
             when ip_action = 'update' then existing(ip_change_id, p.host) end as value
    from placed p
    left join netbox.ip_addresses current on current.id = p.current_id
    left join chosen_by_us o
        on o.object_type = p.object_type and o.netbox_id = p.netbox_id and o.field = 'primary_ip' || p.family
            and o.id = p.current_id
),
chosen as (
    select v.*
    from valued v cross join settings
    where v.value is not null
    qualify row_number() over (
        partition by v.owner_resource, v.owner, v.family
        order by coalesce(settings.primary_ip = 'set_if_empty' and v.ours and v.ip_id = v.current_id
                and not v.names_one, false) desc,
            v.rank, v.host
    ) = 1
),
-- Machines of which no address can be primary, each with the first that the source offers.
none as (
    select w.owner_resource, w.owner, w.family, w.object_type, w.netbox_id, w.name, w.last_updated,
        arg_min(w.problem, w.rank) as problem,
        arg_min({'host': w.host, 'virtual': v.is_virtual, 'reason': v.ip_reason}, w.rank) as first
    from wanted w
    left join valued v using (owner_resource, owner, family, host, interface)
    where w.current_id is null and (w.problem is not null or v.host is not null)
      and (w.owner_resource, w.owner, w.family) not in (select (owner_resource, owner, family) from chosen)
    group by all
),
-- Guests whose primary address is on an interface that shows no address now because nothing answered about it: the
-- first address of another interface is not the guest's own for that.
unseen as (
    select w.owner, w.family, min(u.reason) as reason
    from (select distinct owner_resource, owner, family, current_id from wanted) w
    join netbox.ip_addresses a on a.id = w.current_id
    join match.interface_names n on n.type = a.assigned_object_type and n.netbox_id = a.assigned_object_id
    join desired.incomplete_scopes u on u.resource = 'ip_addresses' and u.owner in ('*', w.owner, n.key)
    anti join desired.ip_addresses d on d.interface = n.key and d.family = w.family
    where w.owner_resource = 'virtual_machines'
    group by w.owner, w.family
),
decided as (
    select p.*,
        case when p.current_id is not null and not p.ours and settings.primary_ip = 'set_if_empty'
                 then drifted('other_primary_address')
             when u.reason is not null
                 then blocked('addresses_out_of_sight',
                     {address: split_part(p.current_address, '/', 1), system: settings.system_name,
                     because: u.reason}) end as cause
    from chosen p
    left join unseen u on u.owner = p.owner and u.family = p.family and p.owner_resource = 'virtual_machines'
    cross join settings
    where p.current_id is null or p.current_id is distinct from p.ip_id
)
select 'primary_ips' as resource, p.owner || ' IPv' || p.family as key, p.owner as parent, p.object_type, p.netbox_id,
       case when p.netbox_id is null then created(p.owner_resource, p.owner, p.name) end as target, p.last_updated,
       coalesce(action_of(p.cause), 'update') as action, p.cause as reason,
       [field('primary_ip' || p.family, coalesce(existing(p.current_id, split_part(p.current_address, '/', 1)), 'null'),
           p.value)] as fields
from decided p cross join settings
where settings.primary_ip <> 'never'
union all
select 'primary_ips', n.owner || ' IPv' || n.family, n.owner, n.object_type, n.netbox_id,
       case when n.netbox_id is null then created(n.owner_resource, n.owner, n.name) end, n.last_updated, 'blocked',
       blocked('no_primary_address', {family: n.family, because: coalesce(n.problem,
           case when n.first.virtual then because('virtual_address', {address: n.first.host}) end,
           because('address_not_written', {address: n.first.host, because: n.first.reason}))}), []
from none n cross join settings
where settings.primary_ip <> 'never'
