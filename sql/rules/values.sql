-- What the user's rules set, beside what NetBox has: one row per object and field. Key: resource + key + field.
-- config.ruled_before has NetBox's values. problem: why the field stays undecided.
with dates as (select distinct resource, netbox_id, last_updated from config.ruled_before),

-- A rule may be about several rows of one object: VLANs that many devices have.
given as (
    select o.resource, o.key, f.field, min(f.value) as value, max(f.value) as other, min(f.file) as file,
        any_value(o.rule_key) as rule_key, any_value(o.parent) as parent, any_value(o.object_type) as object_type,
        any_value(o.netbox_id) as netbox_id
    from desired.rule_fields f
    join diff.ruled_objects o on o.resource = f.resource and o.rule_key = f.key
    where f.value is not null and not starts_with(f.field, 'tags')
    group by o.resource, o.key, f.field
    -- By its VRF an address is found: the comparison itself has it, unless it changes.
    having not (o.resource = 'ip_addresses' and f.field = 'vrf' and min(f.value) = max(f.value)
        and any_value(o.rule_key) not in (select key from config.ruled_vrfs where moves))
),
-- Lists cost more than all the rest: only for the few fields of which rules say different things.
disagreeing as (
    select g.resource, g.key, g.field, list(distinct f.file order by f.file) as files,
        (list(distinct f.value ->> '$' order by f.value ->> '$'))[1:5] as "values"
    from given g
    join diff.ruled_objects o on o.resource = g.resource and o.key = g.key
    join desired.rule_fields f on f.resource = o.resource and f.key = o.rule_key and f.field = g.field
    where g.value <> g.other and f.value is not null
    group by all
),

-- The choices of fields that NetBox's configuration does not extend (unlike those of a status).
told as (
    select model, field, list(value order by value) as "values" from netbox.choices
    where (model = 'extras.customfield' or field = 'type') and value <> 'max_length'
    group by model, field
),
unique_fields as (
    select k.resource, k.field
    from config.rule_kinds k join netbox.custom_fields c on c.name = substr(k.field, 4)
    where k.kind = 'cf' and c.is_unique
),
-- What only one object may have, as NetBox has it and as the rules give it several times.
taken as (
    select 'devices' as resource, 'asset_tag' as field, asset_tag as text, id from netbox.devices
    where asset_tag is not null and 'asset_tag' in (select field from config.rule_kinds)
    union all
    select 'virtual_machines', 'name', lower(name), id from netbox.virtual_machines
    union all
    select u.resource, u.field, json_extract_string(h.cf, '$."' || substr(u.field, 4) || '"'), h.id
    from unique_fields u join match.custom_field_values h using (resource)
),
repeated as (
    select f.resource, f.field, if(starts_with(f.field, 'cf.'), f.value, lower(f.value)) as value
    from desired.rule_fields f
    join diff.ruled_objects o on o.resource = f.resource and o.rule_key = f.key
    where f.resource = 'devices' and f.field = 'asset_tag' or f.resource = 'virtual_machines' and f.field = 'name'
       or (f.resource, f.field) in (select (resource, field) from unique_fields)
    group by all having count(distinct o.key) > 1
),

typed as (
    select g.*, d.files, d."values", g.value ->> '$' as text, k.kind, k.refers,
        k.required or coalesce(c.required, false) as required, k.longest,
        coalesce(k.least, c.validation_minimum) as least, coalesce(k.greatest, c.validation_maximum) as greatest,
        nullif(c.validation_regex, '') as pattern,
        coalesce(k.takes, concat_ws(' and ', 'at least ' || number_text(c.validation_minimum),
            'at most ' || number_text(c.validation_maximum))) as takes,
        c.type as cf_type,
        if(len(k.allowed) > 0, k.allowed, told."values") as allowed,
        case when g.resource = 'devices' and g.field = 'asset_tag' then stripped(g.value ->> '$')
             when g.resource = 'virtual_machines' and g.field = 'name' then lower(stripped(g.value ->> '$'))
             when c.is_unique then stripped(g.value ->> '$') end as only_one_has,
        c.id is not null as is_known, coalesce(list_contains(c.object_types, m.model), false) as is_for_it,
        r.value as reference
    from given g
    join config.rule_kinds k using (resource, field)
    left join disagreeing d using (resource, key, field)
    left join config.models m on m.resource = g.resource
    left join netbox.custom_fields c on k.kind = 'cf' and c.name = substr(g.field, 4)
    left join told on told.field = if(k.kind = 'cf', c.name, g.field)
        and told.model = if(k.kind = 'cf', 'extras.customfield', m.model)
    left join match.references r on r.owner_resource = g.resource and r.owner_key = g.rule_key and r.field = g.field
),
converted as (
    select *, case
        -- NetBox keeps them so.
        when field = 'dns_name' then to_json(lower(stripped(text)))::varchar
        when kind = 'text' then to_json(stripped(text))::varchar
        when kind = 'choice' then coalesce(to_json(nullif(stripped(text), ''))::varchar, 'null')
        when kind = 'reference' then if(text = '', 'null', reference)
        when text = '' then 'null'
        -- DuckDB would round.
        when cf_type = 'object' then if(regexp_full_match(text, '[1-9][0-9]{0,17}'), text, null)
        when (kind = 'integer' or kind = 'decimal' or cf_type in ('integer', 'decimal'))
            and not regexp_full_match(text, '[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?') then null
        when kind = 'integer' or cf_type = 'integer' then if(
            try_cast(text as double) = floor(try_cast(text as double)), try_cast(text as bigint)::varchar, null)
        when kind = 'decimal' or cf_type = 'decimal'
            then if(isfinite(try_cast(text as double)), to_json(try_cast(text as double))::varchar, null)
        when kind = 'boolean' or cf_type = 'boolean'
            then case when lower(text) in ('true', 'false') then lower(text) end
        -- As NetBox reads them: DuckDB takes 2026/1/5 and epoch too.
        when cf_type = 'date' then if(regexp_full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}')
            and try_cast(text as date) is not null, to_json(text)::varchar, null)
        when cf_type = 'datetime' then if(regexp_full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*')
            and try_cast(text as timestamptz) is not null, to_json(text)::varchar, null)
        -- In the order of the snapshot.
        when cf_type = 'multiobject' then if(
            regexp_full_match(text, '\[\s*([1-9][0-9]{0,17}(\s*,\s*[1-9][0-9]{0,17})*)?\s*\]'),
            to_json(list_sort(try_cast(text as bigint[])))::varchar, null)
        when cf_type = 'multiselect'
            then if(json_valid(text) and starts_with(stripped(text), '['), json(text)::varchar, null)
        when cf_type = 'url' then if(regexp_matches(text, '\s'), null, to_json(text)::varchar)
        when cf_type = 'json' then if(json_valid(text), json(text)::varchar, value)
        else to_json(stripped(text))::varchar end as after
    from typed
)

select t.resource, t.key, t.parent, t.object_type, t.netbox_id, d.last_updated, t.field,
    coalesce(b.before, 'null') as before, if(problem is null, t.after, null) as after, problem
from (
    select *, case
        when files is not null then conflict('rules_disagree', {rules: files, given: "values"})
        when kind = 'cf' and not is_known then conflict('rule_unknown_custom_field', {rule: file,
            field: substr(field, 4)})
        when kind = 'cf' and not is_for_it then conflict('rule_custom_field_of_others', {rule: file,
            field: substr(field, 4), resource: resource})
        when only_one_has <> '' and exists (from taken t
                where t.resource = converted.resource and t.field = converted.field and t.text = only_one_has
                    and t.id is distinct from converted.netbox_id)
            then conflict('rule_value_taken', {rule: file, field: replace(field, '_', ' '), value: text,
                kind: rtrim(replace(resource, '_', ' '), 's')})
        when only_one_has <> '' and exists (from repeated r
                where r.resource = converted.resource and r.field = converted.field
                    and r.value = if(kind = 'cf', converted.value, lower(converted.value)))
            then conflict('rule_value_repeated', {rule: file, field: replace(field, '_', ' '), value: text,
                resource: replace(resource, '_', ' ')})
        when kind = 'reference' and after is null then conflict('rule_names_nothing', {rule: file,
            kind: rtrim(replace(refers, '_', ' '), 's'), word: text})
        when stripped(text) = '' and required then conflict('rule_value', {rule: file, field: field,
            value: text, needs: 'a value, which NetBox cannot clear'})
        when length(stripped(text)) > longest
            then conflict('rule_value', {rule: file, field: field, value: cut(text, 60),
                needs: 'at most ' || longest || ' characters'})
        when not coalesce(try_cast(text as double) between least and greatest, true)
            then conflict('rule_value', {rule: file, field: field, value: text,
                needs: takes})
        when stripped(text) <> '' and not coalesce(try(regexp_matches(stripped(text), '^(?:' || pattern || ')')), true)
            then conflict('rule_value', {rule: file, field: field, value: cut(text, 60),
                needs: 'a text of ' || pattern})
        when stripped(text) <> '' and len(list_filter(
                if(cf_type = 'multiselect', coalesce(text_list(after), []), [stripped(text)]),
                lambda choice: not list_contains(allowed, choice))) > 0
            then conflict('rule_value', {rule: file, field: field, value: cut(text, 60),
                needs: 'one of ' || array_to_string(allowed[:10], ', ') || if(len(allowed) > 10, ', ...', '')})
        when field = 'dns_name' and not regexp_matches(stripped(text), '^(([0-9A-Za-z_-]+|\*)(\.[0-9A-Za-z_-]+)*\.?)?$')
            then conflict('rule_value', {rule: file, field: field, value: text, needs: 'a DNS name'})
        when after is null then conflict('rule_value', {rule: file, field: field, value: text,
            needs: case coalesce(cf_type, kind) when 'integer' then 'a whole number'
                when 'object' then 'the id of an object'
                when 'decimal' then 'a number' when 'boolean' then 'true or false' when 'date' then 'a date: 2026-01-31'
                when 'datetime' then 'a time: 2026-01-31T12:00:00+00:00'
                when 'multiselect' then 'a list of choices: ["a"]' when 'multiobject' then 'a list of ids: [1, 2]'
                when 'url' then 'a URL'
                else 'JSON' end}) end as problem
    from converted
) t
left join config.ruled_before b on b.resource = t.resource and b.field = t.field and b.netbox_id = t.netbox_id
left join dates d on d.resource = t.resource and d.netbox_id = t.netbox_id
-- Most objects have the value, and no other difference.
where problem is not null or content(b.before) is distinct from content(t.after)
   or (t.resource, t.key) in (select (resource, key) from diff.compared)
