-- What the user's rules set, beside what NetBox has: one row per object and field. Key: resource + key + field.
-- config.ruled_before has NetBox's values. problem: why the field stays undecided.
with objects as materialized (
    select distinct on (o.resource, o.rule_key) o.*, b.last_updated
    from diff.ruled_objects o
    left join (select distinct resource, netbox_id, last_updated from config.ruled_before) b using (resource, netbox_id)
),

-- A rule may be about several rows of one object: VLANs that many devices have.
given as (
    select o.resource, o.key, f.field, list(distinct f.value order by f.value) as "values",
        list(distinct f.file order by f.file) as files, any_value(o.rule_key) as rule_key
    from desired.rule_fields f
    join objects o on o.resource = f.resource and o.rule_key = f.key
    where f.value is not null and not starts_with(f.field, 'tags')
    group by o.resource, o.key, f.field
    -- By its VRF an address is found: the comparison itself has it, unless it changes.
    having not (o.resource = 'ip_addresses' and f.field = 'vrf' and count(distinct f.value) = 1
        and any_value(o.rule_key) not in (select key from config.ruled_vrfs where moves))
),
typed as (
    select g.*, g."values"[1] as value, g."values"[1] ->> '$' as text, k.kind, k.refers,
        k.required, c.type as cf_type,
        c.id is not null as is_known, coalesce(list_contains(c.object_types, m.model), false) as is_for_it,
        r.value as reference
    from given g
    join config.rule_kinds k using (resource, field)
    left join config.models m on m.resource = g.resource
    left join netbox.custom_fields c on k.kind = 'cf' and c.name = substr(g.field, 4)
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
        when kind = 'integer' or cf_type in ('integer', 'object') then if(
            try_cast(text as double) = floor(try_cast(text as double)), try_cast(text as bigint)::varchar, null)
        when kind = 'decimal' or cf_type = 'decimal'
            then if(isfinite(try_cast(text as double)), to_json(try_cast(text as double))::varchar, null)
        when kind = 'boolean' or cf_type = 'boolean'
            then case when lower(text) in ('true', 'false') then lower(text) end
        when cf_type = 'date' then if(try_cast(text as date) is not null, to_json(text)::varchar, null)
        when cf_type = 'datetime' then if(try_cast(text as timestamptz) is not null, to_json(text)::varchar, null)
        -- In the order of the snapshot.
        when cf_type = 'multiobject' then to_json(list_sort(try_cast(text as bigint[])))::varchar
        when cf_type in ('multiselect', 'json')
            then if(json_valid(text), json(text)::varchar, if(cf_type = 'json', value, null))
        else to_json(stripped(text))::varchar end as after
    from typed
)

select t.resource, t.key, o.parent, o.object_type, o.netbox_id, o.last_updated, t.field,
    coalesce(b.before, 'null') as before, if(problem is null, t.after, null) as after, problem
from (
    select *, case
        when len("values") > 1 then conflict('rules_disagree',
            {rules: files, given: list_transform("values"[:5], lambda v: v ->> '$')})
        when kind = 'cf' and not is_known then conflict('rule_unknown_custom_field', {rule: files[1],
            field: substr(field, 4)})
        when kind = 'cf' and not is_for_it then conflict('rule_custom_field_of_others', {rule: files[1],
            field: substr(field, 4), resource: resource})
        when resource = 'virtual_machines' and field = 'name' and exists (from netbox.virtual_machines n
                where lower(n.name) = lower(text) and n.id not in (select netbox_id from objects b
                    where b.resource = converted.resource and b.key = converted.key and b.netbox_id is not null))
            then conflict('rule_name_taken', {rule: files[1], name: text})
        when kind = 'reference' and after is null then conflict('rule_names_nothing', {rule: files[1],
            kind: rtrim(replace(refers, '_', ' '), 's'), word: text})
        when stripped(text) = '' and required then conflict('rule_value', {rule: files[1], field: field,
            value: text, needs: 'a value, which NetBox cannot clear'})
        when field = 'description' and length(text) > 200 or field = 'label' and length(text) > 64
            then conflict('rule_value', {rule: files[1], field: field, value: cut(text, 60),
                needs: if(field = 'label', 'at most 64 characters', 'at most 200 characters')})
        when field = 'dns_name' and not regexp_matches(stripped(text), '^(([0-9A-Za-z_-]+|\*)(\.[0-9A-Za-z_-]+)*\.?)?$')
            then conflict('rule_value', {rule: files[1], field: field, value: text, needs: 'a DNS name'})
        when after is null then conflict('rule_value', {rule: files[1], field: field, value: text,
            needs: case coalesce(cf_type, kind) when 'integer' then 'a whole number'
                when 'object' then 'the id of an object'
                when 'decimal' then 'a number' when 'boolean' then 'true or false' when 'date' then 'a date: 2026-01-31'
                when 'datetime' then 'a time: 2026-01-31T12:00:00+00:00' else 'JSON' end}) end as problem
    from converted
) t
join (select distinct on (resource, key) * from objects) o on o.resource = t.resource and o.key = t.key
left join config.ruled_before b on b.resource = t.resource and b.field = t.field and b.netbox_id = o.netbox_id
-- Most objects have the value, and no other difference.
where problem is not null or content(b.before) is distinct from content(t.after)
   or (t.resource, t.key) in (select (resource, key) from diff.compared)
