-- Adds to desired.references.
-- Only with rows of desired.modules.
-- Which module type each part is, as a word; sql/match/references.sql finds it. Key: module.
select 'modules' as owner_resource, m.key as owner_key, 'module_type' as field, 'module_types' as resource,
    mapping('module_types', m.model) as mapped_name,
    m.model as source_name, null::varchar as default_name,
    coalesce(mapping('module_types', m.model),
        m.model) as create_name,
    coalesce(mapping('manufacturers', m.manufacturer),
             mapping('manufacturers', m.os),
             m.manufacturer, settings.default_manufacturer) as manufacturer,
    true as required,
    because('no_mapping', {section: 'module_types', word: m.model, or_create: 'module_types'}) as hint
from desired.modules m, config.endpoint settings
