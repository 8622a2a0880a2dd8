-- What the configuration and NetBox itself give the objects of a resource beside what the source says: the tenant, the
-- tags and the custom fields of defaults, and NetBox's own defaults of custom fields. NetBox fills its defaults in only
-- where a request has no custom fields at all, and refuses every write that leaves a required custom field empty.
-- problem: why no object can be created, the same for all of a resource.
-- Key: resource. Then adds these values to diff.rows.
create table diff.new_values as
with written as (
    select distinct m.* from config.models m join diff.rows r using (object_type)
    where r.action in ('create', 'update')
),
shown_types as (
    select * from (values
        ('text', 'a text'), ('longtext', 'a text'), ('url', 'a URL'), ('integer', 'a whole number'),
        ('decimal', 'a number'), ('boolean', 'true or false'), ('date', 'a date: 2026-01-31'),
        ('datetime', 'a time: 2026-01-31T12:00:00+00:00'), ('select', 'one of its choices'),
        ('multiselect', 'a list of its choices'), ('object', 'the id of an object'),
        ('multiobject', 'a list of ids of objects')) t(type, shown)
),
choices as (
    select field, list(value order by value) as values from netbox.choices where model = 'extras.customfield'
    group by field
),

-- The custom fields that the configuration gives; a resource's own line goes before that for all.
given as (
    select c.resource, d.field,
        -- What NetBox stores from 4.7 on.
        if(f.type = 'url' and target_release() >= 407, with_scheme(d.value), d.value) as value,
        f.type, f.status, coalesce(t.shown, 'JSON') as shown, h.values as choices,
        f.validation_minimum as lowest, f.validation_maximum as highest, f.validation_regex as pattern,
        f.is_unique as only_one_has,
        f.id is not null as is_known, coalesce(list_contains(f.object_types, c.model), false) as is_for_it
    from written c
    join config.default_custom_fields d on d.resource in (c.resource, '*')
    left join netbox.custom_fields f on f.name = d.field
    left join shown_types t on t.type = f.type
    left join choices h on h.field = d.field
    where d.resource <> '*' or f.id is null or list_contains(f.object_types, c.model)
    qualify row_number() over (partition by c.resource, d.field order by d.resource = '*') = 1
),
evaluated as (
    select resource, field, value, case
        when not is_known then blocked('no_such_custom_field', {field: field})
        when status <> 'active' then blocked('custom_field_pending', {field: field, status: status})
        when not is_for_it then blocked('custom_field_of_others', {field: field, resource: resource})
        when not coalesce(case
                when type in ('text', 'longtext', 'url') then json_type(value) = 'VARCHAR'
                when type in ('integer', 'object') then json_type(value) in ('UBIGINT', 'BIGINT')
                when type = 'decimal' then json_type(value) in ('UBIGINT', 'BIGINT', 'DOUBLE')
                when type = 'boolean' then json_type(value) = 'BOOLEAN'
                when type = 'date' then try_cast(value ->> '$' as date) is not null
                when type = 'datetime' then try_cast(value ->> '$' as timestamptz) is not null
                when type = 'select' then json_type(value) = 'VARCHAR'
                    and coalesce(list_contains(choices, value ->> '$'), true)
                when type = 'multiselect' then json_type(value) = 'ARRAY'
                    and coalesce(list_has_all(choices, text_list(value)), true)
                when type = 'multiobject' then json_type(value) = 'ARRAY'
                else true end, false)
            then blocked('custom_field_value', {field: field, value: value::json, needs: shown, choices: choices})
        when try_cast(value as double) < lowest
            then blocked('custom_field_value', {field: field, value: value::json,
                needs: 'at least ' || number_text(lowest)})
        when try_cast(value as double) > highest
            then blocked('custom_field_value', {field: field, value: value::json,
                needs: 'at most ' || number_text(highest)})
        when json_type(value) = 'VARCHAR' and pattern <> '' and not coalesce(try(regexp_matches(value ->> '$',
                '^(?:' || pattern || ')')), true)
            then blocked('custom_field_value', {field: field, value: value::json, needs: 'a text of ' || pattern})
        when only_one_has
            then blocked('custom_field_value', {field: field, value: value::json,
                needs: 'a different value for each object: it is unique'})
        end as problem
    from given
),
constants as (
    select resource, list(field('cf.' || field, null, value) order by field) as fields,
        list(problem order by field) filter (problem is not null) as problems
    from evaluated group by resource
),
-- Where a request has custom fields, these go along; a field that the source fills stays as it says.
preset as (
    select c.resource, list(field('cf.' || f.name, null, f."default") order by f.name) as fields
    from written c
    join netbox.custom_fields f on list_contains(f.object_types, c.model) and coalesce(f.status, 'active') = 'active'
    where content(f."default") <> 'null'
      and not exists (from evaluated j where j.resource = c.resource and j.field = f.name)
    group by c.resource
),
required as (
    select c.resource, list({'field': 'cf.' || f.name, 'value': coalesce(j.value,
        if(content(f."default") = 'null', null, f."default"))} order by f.name) as fields
    from written c
    join netbox.custom_fields f on list_contains(f.object_types, c.model) and coalesce(f.status, 'active') = 'active'
    left join evaluated j on j.resource = c.resource and j.field = f.name
    where f.required
    group by c.resource
),
tags as (
    select c.resource, list(distinct coalesce(t.slug, w.slug) order by coalesce(t.slug, w.slug)) as slugs,
        list_concat(
            list(distinct blocked('default_is_nothing', {kind: 'tag', word: d.tag})) filter (t.slug is null
                and (w.slug is null or 'tags' not in (select resource from config.may_create))),
            list(distinct blocked('default_tag_of_others', {tag: d.tag, resource: c.resource}))
                filter (not tag_fits(t.object_types, c.model))) as problems
    from written c
    join config.default_tags d on d.resource in (c.resource, '*')
    left join netbox.tags t on lower(d.tag) in (lower(t.name), t.slug)
    left join desired.tags w on w.key = lower(d.tag)
    where d.resource <> '*' or tag_fits(t.object_types, c.model)
    group by c.resource
),
tenants as (
    select owner_key as resource, value, problem from match.references where owner_resource = 'defaults'
)
select c.resource, c.object_type,
    if(t.value is null, [], [field('tenant', null, t.value)]) as tenant,
    coalesce(constants.fields, []) as constants,
    coalesce(preset.fields, []) as preset,
    coalesce(required.fields, []) as required,
    coalesce(tags.slugs, []) as tags,
    nullif(array_to_string(list_concat([t.problem], constants.problems, tags.problems), '; '), '') as problem
from written c
left join tenants t using (resource)
left join constants using (resource)
left join preset using (resource)
left join required using (resource)
left join tags using (resource)
where coalesce(t.value, t.problem) is not null or constants.fields is not null or preset.fields is not null
   or required.fields is not null or tags.slugs is not null;

create table diff.completed as
with creates as (
    select r.resource, r.key, r.reason, r.fields, n.tenant, n.constants, n.tags, n.problem,
        list_transform(r.fields, lambda f: f.field) as names,
        if(len(n.constants) > 0 or len(list_filter(r.fields, lambda f: starts_with(f.field, 'cf.'))) > 0,
            n.preset, []) as preset,
        list_transform(list_filter(n.required, lambda f: f.value is null), lambda f: f.field) as lacking
    from diff.rows r join diff.new_values n using (resource)
    where r.action = 'create'
),
completed as (
    select resource, key, reason, problem,
        list_filter(lacking, lambda name: not list_contains(names, name)) as lacking,
        list_concat(
            list_filter(fields, lambda f: f.field <> 'tags' or len(tags) = 0),
            as_updates(list_filter(list_concat(tenant, constants, preset),
                lambda f: not list_contains(names, f.field))),
            if(len(tags) = 0, [], as_updates([field('tags', '[]', to_json(list_sort(list_distinct(list_concat(tags,
                text_list(list_filter(fields, lambda f: f.field = 'tags')[1].after)))))::varchar)]))) as fields
    from creates
),
-- An object that has no value yet for a field that was made required since. Of several rows that write it, the first
-- to be applied fills it.
updates as (
    select r.resource, r.key, r.reason, r.fields, r.netbox_id, n.object_type,
        list_transform(r.fields, lambda f: f.field) as names, n.required
    from diff.rows r join diff.new_values n using (object_type)
    where r.action = 'update' and len(n.required) > 0
    qualify row_number() over (partition by r.object_type, r.netbox_id order by r.resource = n.resource desc,
        r.resource, r.key) = 1
),
empty as (
    select u.resource, u.key, u.reason, u.fields,
        list_filter(u.required, lambda f: not list_contains(u.names, f.field)
            and content(json_extract(h.cf, '$."' || substr(f.field, 4) || '"')::varchar) = 'null') as required
    from updates u join match.custom_field_values h on h.object_type = u.object_type and h.id = u.netbox_id
)
select resource, key, fields,
    coalesce(problem, case when len(lacking) > 0
        then blocked('custom_field_required', {fields: lacking, resource: resource}) end) as problem
from completed
union all
select resource, key, list_concat(fields, as_updates(list_transform(
        list_filter(required, lambda f: f.value is not null), lambda f: field(f.field, null, f.value)))),
    case when len(list_filter(required, lambda f: f.value is null)) > 0
        then blocked('custom_field_required', {fields: list_transform(list_filter(required,
            lambda f: f.value is null), lambda f: f.field), resource: resource}) end
from empty where len(required) > 0;

update diff.rows set fields = c.fields, action = coalesce(action_of(c.problem), rows.action),
    reason = coalesce(c.problem, rows.reason)
from diff.completed c
where c.resource = rows.resource and c.key = rows.key
