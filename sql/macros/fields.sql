-- Macros for the fields of a diff row.
-- In desired tables NULL means unknown, which is never a difference. '', 0 (if 0 is not a valid value) and
-- the reference 'null' mean that the field should be empty.

-- Each is one struct; differing() keeps those of which before and after differ. An after of NULL is unknown: no
-- difference. Each argument occurs once in a field's text, because DuckDB plans every occurrence.
create or replace macro field(name, before_json, after_json) as
    {'field': name, 'before': before_json::varchar, 'after': after_json::varchar,
     'decision': null::varchar, 'reason': null::varchar};
create or replace macro text_field(name, old, new) as field(name, to_json(old)::varchar,
    to_json(stripped(new))::varchar);
-- The same for texts that are already trimmed, of which there may be a million.
create or replace macro trimmed_text_field(name, old, new) as field(name, to_json(old)::varchar, to_json(new)::varchar);
-- A choice that may be empty: '' is sent as null.
create or replace macro choice_field(name, old, new) as
    field(name, to_json(nullif(old, ''))::varchar,
          case when new is not null then coalesce(to_json(nullif(new, ''))::varchar, 'null') end);
create or replace macro number_field(name, old, new) as field(name, to_json(old)::varchar, to_json(new)::varchar);
-- A number for which 0 means none.
create or replace macro amount_field(name, old, new) as
    case when new is not null and coalesce(old, 0) <> new
        then field(name, to_json(old)::varchar, coalesce(to_json(nullif(new, 0))::varchar, 'null')) end;
-- A reference, or custom field content: both sides JSON text. References to the same object are equal whatever its
-- name.
create or replace macro json_field(name, old, new) as field(name, coalesce(old, 'null'), new);
-- What a change writes, whatever the order of its fields.
create or replace macro written_values(fields) as list_sort(list_transform(
    list_filter(fields, lambda f: f.decision = 'update'),
    lambda f: {field: f.field, before: f.before, after: f.after}));
-- The same with the names of other objects alone, whether these exist or are created by another change.
create or replace macro named(value) as regexp_replace(regexp_replace(value,
    '\{"id":[0-9]+,"name":', '{"name":', 'g'),
    '\{"key":"(?:[^"\\]|\\.)*","name":("(?:[^"\\]|\\.)*"),"ref":"[a-z_]+"', '{"name":\1', 'g');
create or replace macro named_values(fields) as list_transform(written_values(fields),
    lambda f: {field: f.field, before: named(f.before), after: named(f.after)});
create or replace macro same_object(old, new) as
    starts_with(old, '{"id":') and starts_with(new, '{"id":')
    and split_part(old, ',"name":', 1) = split_part(new, ',"name":', 1)
    and regexp_extract(old, '"type":"[a-z.]+"\}$') = regexp_extract(new, '"type":"[a-z.]+"\}$');
-- The cause of a field that waits for something else: a cause that is not a conflict (a VLAN is blocked) becomes a part
-- of one.
create or replace macro as_conflict(why) as
    case when why is null then null
         when action_of(why) = 'conflict' then why
         else conflict('field_undecided', {because: why}) end;
-- The cause of a reference to an object that is not decided itself.
create or replace macro of_undecided(name, why) as
    case when why is not null then conflict('reference_undecided', {name: name, because: why}) end;
-- A field that cannot be decided: shown with its reason, a conflict, and never written.
create or replace macro undecided_field(name, old, why) as
    case when why is not null then
        {'field': name, 'before': old, 'after': null::varchar, 'decision': 'conflict', 'reason': why} end;
-- A field that is shown with its reason and never written, although its desired value is known.
create or replace macro shown_field(name, old, new, why) as
    case when why is not null then
        {'field': name, 'before': old, 'after': new, 'decision': 'drifted', 'reason': why} end;
-- An empty text counts as null.
create or replace macro content(json_text) as coalesce(nullif(json_text, '""'), 'null');
-- as_updates: fields without a decision are updates. reasons: the reasons of the fields with a decision.
create or replace macro as_updates(fields) as
    list_transform(fields, lambda f: {'field': f.field, 'before': f.before, 'after': f.after,
        'decision': coalesce(f.decision, 'update'), 'reason': if(f.decision is null, null, f.reason)});
create or replace macro reasons(fields) as
    nullif(array_to_string(list_transform(
        list_filter(fields, lambda f: f.decision is not null and f.reason is not null),
        lambda f: f.field || ': ' || f.reason), '; '), '');
-- A case is lazy, a conjunction in a lambda is not.
create or replace macro differing(fields) as
    list_filter(fields, lambda f: case
        when f.decision is not null then true
        when f.after is null or content(f.before) = content(f.after) then false
        when starts_with(f.after, '{"id":') then not coalesce(same_object(f.before, f.after), false)
        else true end);

-- Whether Python writes a value exactly as this JSON text, for sql/plan/change_ids.sql: not so numbers with a fraction
-- or exponent. Of the JSON in custom fields (is_canonical_object) only flat objects with sorted keys, which our ids
-- are.
create or replace macro is_canonical(json_text) as
    case when json_text is null or starts_with(json_text, '"') or json_text in ('true', 'false', 'null')
                or starts_with(json_text, '{') or starts_with(json_text, '[') then true
         else regexp_full_match(json_text, '0|-?[1-9][0-9]{0,17}') end;
create or replace macro is_canonical_object(json_text) as
    case when json_text is null or not (starts_with(json_text, '{') or starts_with(json_text, '[')) then true
         -- One key is sorted; this is most of a large diff.
         when not contains(json_text, ',')
             then regexp_full_match(json_text, '\{"[^"\\]*":(0|-?[1-9][0-9]{0,17}|"[^"\\]*"|true|false|null)\}')
         else regexp_full_match(json_text,
                '\{("[^"\\]*":(0|-?[1-9][0-9]{0,17}|"[^"\\]*"|true|false|null)(,|\}$))+')
            and json_keys(json_text) = list_sort(list_distinct(json_keys(json_text))) end;
