-- Primary addresses of devices and virtual machines. Key: owner + family. An update of the owner, after the address
-- is on one of its interfaces. One that this product chose itself follows the source, whatever the policy says.
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
wanted as (
    select p.*, o.object_type, o.netbox_id, o.name, o.last_updated,
        if(p.family = 4, o.primary_ip4_id, o.primary_ip6_id) as current_id,
        p.host || coalesce(' in ' || p.vrf, '') as ip_key
    from desired.primary_ips p join owners o using (owner_resource, owner)
),
-- The address object, as NetBox has it on this very interface or as this diff creates or adopts it. Where NetBox has it
-- there several times, in two VRFs say: the one that is primary already, else that of the wanted VRF, else the oldest.
placed as (
    select w.*, a.id as ip_id, a.address,
        d.action as ip_action, d.netbox_id as ip_change_id
    from wanted w
    join match.interface_names n on n.key = w.interface
        and n.resource = if(w.owner_resource = 'devices', 'interfaces', 'vm_interfaces')
    left join netbox.ip_addresses a on a.host = w.host and a.assigned_object_type = n.type
        and a.assigned_object_id = n.netbox_id
    left join netbox.vrfs v on v.id = a.vrf_id
    left join diff.ip_addresses d on d.key = w.ip_key
    qualify row_number() over (
        partition by w.owner_resource, w.owner, w.family, w.host, w.interface
        order by a.id is not distinct from w.current_id desc,
            coalesce(lower(w.vrf) in (lower(v.name), lower(v.rd)), w.vrf is null and a.vrf_id is null) desc, a.id
    ) = 1
),
chosen_by_us as (
    select object_type, netbox_id, field, try_cast(json_extract_string(value, '$.id') as bigint) as id
    from ledger.last_written where field in ('primary_ip4', 'primary_ip6') and not restored
),
-- Guests whose primary address is on an interface that shows no address now because nothing answered about it: the
-- first address of another interface is not the guest's own for that.
unseen as (
    select w.owner, w.family, min(u.reason) as reason
    from wanted w
    join netbox.ip_addresses a on a.id = w.current_id
    join match.interface_names n on n.type = a.assigned_object_type and n.netbox_id = a.assigned_object_id
    join desired.incomplete_scopes u on u.resource = 'ip_addresses' and u.owner in ('*', w.owner, n.key)
    anti join desired.ip_addresses d on d.interface = n.key and d.family = w.family
    where w.owner_resource = 'virtual_machines'
    group by w.owner, w.family
),
paired as (
    select p.*, u.reason as unseen, current.address as current_address, o.id is not null as ours,
        case when ip_id is not null then existing(ip_id, p.host)
             when ip_action = 'create' then created('ip_addresses', ip_key, p.host)
             when ip_action = 'update' then existing(ip_change_id, p.host) end as value
    from placed p
    left join netbox.ip_addresses current on current.id = p.current_id
    left join chosen_by_us o
        on o.object_type = p.object_type and o.netbox_id = p.netbox_id and o.field = 'primary_ip' || p.family
            and o.id = p.current_id
    left join unseen u on u.owner = p.owner and u.family = p.family and p.owner_resource = 'virtual_machines'
),
decided as (
    select p.*,
        case when p.current_id is not null and not p.ours and settings.primary_ip = 'set_if_empty'
                 then drifted('other_primary_address')
             when p.unseen is not null
                 then blocked('addresses_out_of_sight',
                     {address: split_part(p.current_address, '/', 1), system: settings.system_name,
                     because: p.unseen}) end as cause
    from paired p cross join settings
    where p.value is not null and settings.primary_ip <> 'never'
        and (p.current_id is null or p.current_id is distinct from p.ip_id)
)
select 'primary_ips' as resource, p.owner || ' IPv' || p.family as key, p.owner as parent, p.object_type, p.netbox_id,
       case when p.netbox_id is null then created(p.owner_resource, p.owner, p.name) end as target, p.last_updated,
       coalesce(action_of(p.cause), 'update') as action, p.cause as reason,
       [field('primary_ip' || p.family, coalesce(existing(p.current_id, split_part(p.current_address, '/', 1)), 'null'),
           p.value)] as fields
from decided p
