-- Primary addresses: NetBox accepts only one that is assigned to the device, machine or interface; see
-- sql/plan/field_needs.sql.
-- Only with rows of diff.written_fields WHERE resource IN ('primary_ips', 'primary_macs').
with chosen as (
    select resource, key, field, json_extract_string(after, '$.name') as name,
        try_cast(json_extract_string(after, '$.id') as bigint) as id
    from diff.written
    where resource in ('primary_ips', 'primary_macs') and json_extract_string(after, '$.id') is not null
)

select c.resource, c.key, c.field, r.resource as needs_resource, r.key as needs_key, 'assigned_object' as needs_field,
    because('address_not_assigned_there', {address: c.name}) as why
from chosen c
join diff.rows r on r.netbox_id = c.id and r.resource = if(c.resource = 'primary_ips', 'ip_addresses', 'mac_addresses')
where len(list_filter(r.fields, lambda f: f.field = 'assigned_object')) > 0 and r.action <> 'delete'
