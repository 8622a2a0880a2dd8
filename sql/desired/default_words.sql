-- Adds to desired.wanted.
-- Only with rows of config.default_tenants.
-- The tenant of new objects; the owner is their resource (sql/plan/new_values.sql). Key: owner_key.
select 'defaults' as owner_resource, resource as owner_key, 'tenant' as field, 'tenants' as resource,
    null::varchar as mapped, null::varchar as own_word, tenant as fallback, null::varchar as new_name,
    null::varchar as manufacturer, true as required, null::varchar as advice
from config.default_tenants
