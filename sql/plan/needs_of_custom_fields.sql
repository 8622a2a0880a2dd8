-- Objects with a value in a custom field that the field no longer takes, as after its limits, pattern or choices were
-- changed: NetBox refuses every edit that leaves the value; see sql/plan/field_needs.sql.
-- Only with rows of netbox.custom_fields WHERE coalesce(validation_minimum, validation_maximum) IS NOT NULL
--   OR validation_regex <> '' OR is_unique; netbox.choices WHERE model = 'extras.customfield'.
with limited as (
    select f.name, f.type, f.object_types, f.validation_minimum as lowest, f.validation_maximum as highest,
        nullif(f.validation_regex, '') as pattern, c.choices, coalesce(f.is_unique, false) as only_one_has
    from netbox.custom_fields f
    left join (select field, list(value) as choices from netbox.choices where model = 'extras.customfield'
        group by field) c on c.field = f.name and f.type in ('select', 'multiselect')
    where coalesce(f.status, 'active') = 'active' and (f.validation_minimum is not null
        or f.validation_maximum is not null or f.validation_regex <> '' or c.choices is not null or f.is_unique)
),
-- What several objects have, as before the field was made unique.
repeated as (
    select h.object_type, l.name, json_extract_string(h.cf, '$."' || l.name || '"') as value
    from limited l
    join (select distinct object_type, model from config.models) m on list_contains(l.object_types, m.model)
    join match.custom_field_values h using (object_type)
    where l.only_one_has
    group by all having count(*) > 1
),
kept as (
    select h.object_type, h.id, l.*, json_extract_string(h.cf, '$."' || l.name || '"') as value
    from match.custom_field_values h
    join (select distinct object_type, model from config.models) m using (object_type)
    join limited l on list_contains(l.object_types, m.model)
    where (h.object_type, h.id) in (select (object_type, netbox_id) from diff.edited)
),
refused as (
    select object_type, id, 'cf.' || name as mended_by,
        because('custom_field_holds', {field: name, value: value}) as why
    from kept
    where value is not null and value <> '' and coalesce(case
        when type in ('integer', 'decimal') then try_cast(value as double) not between coalesce(lowest, '-inf'::double)
            and coalesce(highest, 'inf'::double)
        when type = 'select' then not list_contains(choices, value)
        when type = 'multiselect' then not list_has_all(choices, text_list(value))
        when type in ('text', 'longtext', 'url') then not try(regexp_matches(value, '^(?:' || pattern || ')')) end,
        false)
    union all
    select k.object_type, k.id, 'cf.' || k.name, because('custom_field_holds_repeated', {field: k.name, value: k.value})
    from kept k join repeated using (object_type, name, value)
    where value <> ''
)
select e.resource, e.key, e.field, coalesce(o.resource, e.resource) as needs_resource,
    coalesce(o.key, e.key) as needs_key, r.mended_by as needs_field, r.why
from diff.edited e
join refused r on r.object_type = e.object_type and r.id = e.netbox_id
left join diff.edited o on o.object_type = e.object_type and o.netbox_id = e.netbox_id and o.field = r.mended_by
where e.field <> r.mended_by
