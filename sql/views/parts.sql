-- The object that each row of a diff belongs to: the row's own, or the port, device or guest to which it attaches
-- something (a MAC address, an IP address, a contact), or of which it sets a field in a separate step (a primary
-- address, the place in a stack). Key of an object: endpoint + object_resource + object.
-- own: the row is about the object itself.
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
            when 'virtualization.cluster' then 'clusters' end as holder_resource,
        try_cast(json_extract_string(holder, '$.id') as bigint) as holder_id
    from attached
),
-- What the diff calls the objects that NetBox has: of the others only NetBox's name is known.
known as (
    select endpoint, coalesce(step_of, resource) as resource, netbox_id,
        any_value(case when resource = 'primary_ips' then parent else key end) as key
    from held
    where netbox_id is not null and holder is null
    group by all
)
select
    h.* exclude (holder, step_of, holder_resource, holder_id),
    coalesce(h.step_of, h.holder_resource, case when h.resource = 'module_bays' then 'modules' else h.resource end)
        as object_resource,
    case when h.resource = 'primary_ips' then h.parent
        when h.holder_resource is not null
            then coalesce(json_extract_string(h.holder, '$.key'), k.key, json_extract_string(h.holder, '$.name'))
        else h.key end as object,
    h.holder_resource is null and h.resource <> 'module_bays' as own
from held h
left join known k on k.endpoint = h.endpoint and k.resource = h.holder_resource and k.netbox_id = h.holder_id
