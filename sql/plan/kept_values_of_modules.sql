-- Modules; see sql/plan/kept_values.sql.
-- Only with rows of diff.rows WHERE action = 'update' AND object_type = 'dcim/modules'.
-- The bay types of both may be changed at any time.
select 'dcim/modules', m.id, ['module_bay', 'module_type'], null,
    because('module_bay_takes_it_no_longer', {bay: b.name, model: t.model})
from netbox.modules m
join netbox.module_bays b on b.id = m.module_bay_id
join netbox.module_types t on t.id = m.module_type_id
where len(b.bay_type_ids) > 0 and len(t.bay_type_ids) > 0 and not list_has_any(b.bay_type_ids, t.bay_type_ids)
