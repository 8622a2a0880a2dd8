-- Adds to desired.references.
-- Only with rows of config.default_tenants.
-- The tenant of new objects; the owner is their resource (sql/plan/new_values.sql). Key: owner_key.
select 'defaults' as owner_resource, resource as owner_key, 'tenant' as field, 'tenants' as resource,
    null::varchar as mapped_name, null::varchar as source_name, tenant as default_name, null::varchar as create_name,
    null::varchar as manufacturer, true as required, null::varchar as hint
from config.default_tenants
