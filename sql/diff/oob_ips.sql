-- Out-of-band addresses of devices. Key: device + OOB. As with primary addresses an update of the device, after the
-- address is on its interface; the policy primary_ip decides whether NetBox's own is replaced. One that this
-- product chose itself follows the source.
-- Only with rows of desired.oob_ips.
with settings as (from config.endpoint),
placed as (
    select w.*, d.netbox_id, d.name, b.last_updated, b.oob_ip_id as current_id, a.id as ip_id, c.action as ip_action,
        c.netbox_id as ip_change_id, w.host || coalesce(' in ' || w.vrf, '') as ip_key
    from desired.oob_ips w
    join match.live_devices d on d.key = w.owner
    join match.interface_names n on n.resource = 'interfaces' and n.key = w.interface
    left join netbox.devices b on b.id = d.netbox_id
    left join netbox.ip_addresses a on a.host = w.host and a.assigned_object_type = n.type
        and a.assigned_object_id = n.netbox_id
    left join netbox.vrfs v on v.id = a.vrf_id
    left join diff.ip_addresses c on c.key = w.host || coalesce(' in ' || w.vrf, '')
    -- Of several, in two VRFs say, one, as with primary addresses.
    qualify row_number() over (
        partition by w.owner, w.host, w.interface
        order by a.id is not distinct from b.oob_ip_id desc,
            coalesce(lower(w.vrf) in (lower(v.name), lower(v.rd)), w.vrf is null and a.vrf_id is null) desc, a.id
    ) = 1
),
chosen_by_us as (
    select netbox_id, try_cast(json_extract_string(value, '$.id') as bigint) as id
    from ledger.last_written where object_type = 'dcim/devices' and field = 'oob_ip' and not restored
),
valued as (
    select p.*, split_part(was.address, '/', 1) as current_host, o.id is not null as ours,
        case when p.ip_id is not null then existing(p.ip_id, p.host)
             when p.ip_action = 'create' then created('ip_addresses', p.ip_key, p.host)
             when p.ip_action = 'update' then existing(p.ip_change_id, p.host) end as value
    from placed p
    left join netbox.ip_addresses was on was.id = p.current_id
    left join chosen_by_us o on o.netbox_id = p.netbox_id and o.id = p.current_id
)
select 'primary_ips' as resource, v.owner || ' OOB' as key, v.owner as parent, 'dcim/devices' as object_type,
    v.netbox_id,
       case when v.netbox_id is null then created('devices', v.owner, v.name) end as target, v.last_updated,
       coalesce(action_of(v.cause), 'update') as action, v.cause as reason,
       case when v.problem is null then [field('oob_ip', coalesce(existing(v.current_id, v.current_host), 'null'),
           v.value)] else [] end as fields
from (
    select v.*, case when v.problem is not null then v.problem
        when v.current_id is not null and not v.ours and settings.primary_ip = 'set_if_empty'
            then drifted('other_oob_address') end as cause
    from valued v cross join settings
    where settings.primary_ip <> 'never'
) v
where true
  and (v.problem is not null or (v.value is not null
      and (v.current_id is null or v.current_id is distinct from v.ip_id)))
