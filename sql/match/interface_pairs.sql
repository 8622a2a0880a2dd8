-- Desired and NetBox interfaces of the same device and name, side by side: the only pass over all of both.
-- Key: desired interface (device + name), NULL for a NetBox interface without a desired interface of that name.
-- settled: nothing on either side suggests another interface. same_values: all values are equal and NetBox has its id;
-- NULL: no. claim: the source's id that NetBox holds. References (LAG, parent, bridge, VLANs) and slow checks are left
-- to later files, for the few rows that need them.
-- Only with rows of desired.interfaces; match.devices WHERE netbox_id IS NOT NULL.
with settings as (from config.endpoint),

wanted as (
    select i.*, d.netbox_id as device_id, if(i.problem is null, i.name, null) as usable_name
    from desired.interfaces i
    join match.devices d on d.key = i.device
),

-- held: the JSON under this endpoint's name, as text. Anything but the usual bare number is checked later.
held as (
    select i.*, json_extract(i.cf, getvariable('id_path'))::varchar as held
    from netbox.interfaces i
    where i.device_id in (
        select netbox_id from match.devices where netbox_id is not null union select netbox_id
            from match.chassis_devices)
),
actual as (
    select * exclude (cf, id_field, id_scope, only_of_its_kind),
        case when held is null or held[1] in ('"', '{') then source_claim(cf, id_field, id_scope, only_of_its_kind)
             else held end as claim
    from held cross join (select id_field, id_scope, only_of_its_kind from settings)
)

select
    w.key, w.source_id, w.device, coalesce(w.name, a.name) as name, w.mac,
    w.lag is not null or w.parent_interface is not null or w.bridge is not null as linked,
    coalesce(w.device_id, a.device_id) as device_id,
    a.id as netbox_id,
    a.claim,
    w.key is not null and a.id is not null and (a.claim is null or a.claim = w.source_id
        or w.source_id is null) as settled,
    (w.description is null or w.description = coalesce(a.description, ''))
        and (w.enabled is null or w.enabled = a.enabled)
        and (w.mtu is null or w.mtu = a.mtu)
        and (w.speed is null or w.speed = a.speed)
        and if(w.mapped_type is null, (a.type <> 'other' or w.natural_type = 'other')
            and not (a.type = 'virtual' and w.natural_type = 'lag')
            and not (settings.down_port_types = 'always' and a.type = 'other' and w.likely_type is not null),
            w.mapped_type = a.type)
        and (a.held = w.source_id or w.source_id is null or not settings.writes_id_fields) as same_values
from wanted w
full join actual a on a.device_id = w.device_id and a.name = w.usable_name
cross join settings
