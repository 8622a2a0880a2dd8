-- Macros for references to NetBox objects, in the notation of netbox_sync_dagster/compare/values.py.

create or replace macro existing(netbox_id, name) as
    case when netbox_id is not null then '{"id":' || netbox_id || ',"name":' || to_json(name) || '}' end;
create or replace macro created(resource, key, name) as
    '{"key":' || to_json(key) || ',"name":' || to_json(name) || ',"ref":' || to_json(resource) || '}';
create or replace macro typed_existing(type, netbox_id, name) as
    case when netbox_id is not null
        then '{"id":' || netbox_id || ',"name":' || to_json(name) || ',"type":' || to_json(type) || '}' end;
create or replace macro typed_created(type, resource, key, name) as
    '{"key":' || to_json(key) || ',"name":' || to_json(name) || ',"ref":' || to_json(resource)
        || ',"type":' || to_json(type) || '}';
create or replace macro link(resource, key, netbox_id, name) as
    coalesce(existing(netbox_id, name), created(resource, key, name));
create or replace macro typed_link(type, resource, key, netbox_id, name) as
    coalesce(typed_existing(type, netbox_id, name), typed_created(type, resource, key, name));
