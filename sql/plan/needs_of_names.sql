-- Devices and virtual machines that would have the name of another one: NetBox takes a name once per site or cluster
-- and tenant, in any case of its letters; see sql/plan/field_needs.sql. A new place counts as much as a new name.
-- Only with rows of diff.written_fields WHERE resource IN ('devices', 'virtual_machines')
--   AND field IN ('name', 'site', 'cluster', 'tenant').
with changed as (
    select resource, key, netbox_id, list(field order by field) as fields,
        max(json_extract_string(after, '$')) filter (field = 'name') as name,
        -- -1: one that NetBox does not have yet.
        max(coalesce(try_cast(json_extract_string(after, '$.id') as bigint), -1))
            filter (field = if(resource = 'devices', 'site', 'cluster')) as place_id,
        max(coalesce(try_cast(json_extract_string(after, '$.id') as bigint), -1)) filter (field = 'tenant') as tenant_id
    from diff.written
    where resource = 'devices' and field in ('name', 'site', 'tenant')
       or resource = 'virtual_machines' and field in ('name', 'cluster', 'tenant')
    group by resource, key, netbox_id
),
known as (
    select 'devices' as resource, id, name, site_id as place_id, tenant_id from netbox.devices
    union all
    select 'virtual_machines', id, name, cluster_id, tenant_id from netbox.virtual_machines
),
-- As they will be. An object that this diff does not change has no key.
planned as (
    select coalesce(c.resource, k.resource) as resource, c.key, c.fields, k.id, coalesce(c.name, k.name) as name,
        coalesce(c.place_id, k.place_id) as place_id, coalesce(c.tenant_id, k.tenant_id) as tenant_id,
        k.name as had_name, k.place_id as had_place_id, k.tenant_id as had_tenant_id
    from changed c full join known k on k.resource = c.resource and k.id = c.netbox_id
),
taken as (
    select p.resource, p.key, p.fields, o.id, true as stays
    from planned p join planned o on o.resource = p.resource and lower(o.name) = lower(p.name)
        and o.place_id = p.place_id and o.tenant_id is not distinct from p.tenant_id
    where p.key is not null and p.place_id > 0 and o.id is not null and o.id is distinct from p.id
    union all
    select p.resource, p.key, p.fields, o.id, false
    from planned p join planned o on o.resource = p.resource and lower(o.had_name) = lower(p.name)
        and o.had_place_id = p.place_id and o.had_tenant_id is not distinct from p.tenant_id
    where p.key is not null and p.place_id > 0 and o.key is not null and o.id is distinct from p.id
),
others as (
    select resource, key, id, any_value(fields) as fields, bool_or(stays) as stays from taken group by resource, key, id
)
select t.resource, t.key, unnest(t.fields) as field, t.resource as needs_resource,
    if(t.stays, null, o.key) as needs_key, if(t.stays, null, o.fields[1]) as needs_field,
    because('name_taken_there', {object: if(t.resource = 'devices', 'device', 'virtual machine'),
        name: coalesce(o.had_name, o.name), scope: if(t.resource = 'devices', 'site', 'cluster')}) as why
from others t
join planned o on o.resource = t.resource and o.id = t.id
