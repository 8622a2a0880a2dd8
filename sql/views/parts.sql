-- The object that each row of a diff belongs to: the row's own, or the port, device or guest to which it attaches
-- something (a MAC address, an IP address, a contact), or of which it sets a field in a separate step (a primary
-- address, the place in a stack). Key of an object: endpoint + object_resource + object_id, and object if that is NULL.
-- object_id: its id in NetBox; NULL if the diff creates it. object: its name, which two objects can share: NetBox
-- allows the same device name in two sites. own: the row is about the object itself.
with attached as (
    select *,
        -- What the row attaches its object to, or detaches it from.
        (list_transform(list_filter(fields, lambda f: f.field in ('assigned_object', 'object')),
            lambda f: coalesce(nullif(f.after, 'null'), f.before)))[1] as holder,
        case when resource in ('primary_macs', 'primary_ips', 'virtual_chassis_members', 'virtual_chassis_masters')
            then case object_type when 'dcim/devices' then 'devices'
                when 'dcim/interfaces' then 'interfaces'
                when 'dcim/virtual-chassis' then 'virtual_chassis'
                when 'virtualization/interfaces' then 'vm_interfaces'
                when 'virtualization/virtual-machines' then 'virtual_machines' end end as step_of
    from {changes}
),
held as (
    select *,
        case json_extract_string(holder, '$.type') when 'dcim.interface' then 'interfaces'
            when 'virtualization.vminterface' then 'vm_interfaces' when 'dcim.device' then 'devices'
            when 'virtualization.virtualmachine' then 'virtual_machines'
            when 'virtualization.cluster' then 'clusters' end as holder_resource
    from attached
),
-- As the row itself names its object: by NetBox's id, or by the key of the row that creates it.
named as (
    select *,
        coalesce(step_of, holder_resource, case when resource = 'module_bays' then 'modules' else resource end)
            as object_resource,
        case when holder_resource is not null then try_cast(json_extract_string(holder, '$.id') as bigint)
            -- The id of a bay is not that of the module in it.
            when resource <> 'module_bays' then netbox_id end as named_id,
        case when holder_resource is not null
                then coalesce(json_extract_string(holder, '$.key'), json_extract_string(holder, '$.name'))
            when step_of is not null
                then coalesce(json_extract_string(target, '$.key'),
                    case when resource = 'primary_ips' then parent else key end)
            else key end as name,
        -- How well the row knows what the diff calls its object: of an object that NetBox has, others only know
        -- NetBox's name.
        case when holder_resource is not null or resource = 'module_bays' then 3 when step_of is not null then 2
            else 1 end as distance
    from held
),
-- Keys that stand for one object that NetBox has, and for none that is created.
keyed as (
    select endpoint, object_resource, name, any_value(named_id) as id
    from named where distance = 1
    group by all having count(*) = count(named_id) and count(distinct named_id) = 1
),
identified as (
    select n.*, coalesce(n.named_id, k.id) as object_id
    from named n
    left join keyed k on n.named_id is null and k.endpoint = n.endpoint and k.object_resource = n.object_resource
        and k.name = n.name
),
known as (
    select endpoint, object_resource, object_id, arg_min(name, (distance, name)) as name
    from identified where object_id is not null
    group by all
)
select
    i.* exclude (holder, step_of, holder_resource, object_resource, named_id, name, distance, object_id),
    i.object_resource, i.object_id, coalesce(k.name, i.name) as object, i.distance < 3 as own
from identified i
left join known k on k.endpoint = i.endpoint and k.object_resource = i.object_resource and k.object_id = i.object_id
