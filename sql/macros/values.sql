-- Macros for values as JSON, and for times.

-- Whether two JSON texts are equal: references by their id, lists without regard to order, else by the text. (The name
-- in a reference is for people; it may have been another when it was written.)
create or replace macro identity_text(value) as
    case when json_type(value) = 'OBJECT' and json_extract(value, '$.id') is not null
         then json_extract(value, '$.id')::varchar || coalesce(' ' || json_extract_string(value, '$.type'), '')
         else value::varchar end;
create or replace macro same_value(a, b) as
    case when a = b then true
         else list_transform([{one: a::json, other: b::json}], lambda v: case
             when json_type(v.one) = 'OBJECT' and json_type(v.other) = 'OBJECT'
                 and json_extract(v.one, '$.id') is not null
                 then identity_text(v.one) = identity_text(v.other)
             when json_type(v.one) = 'ARRAY' and json_type(v.other) = 'ARRAY'
                 then list_sort(list_transform(v.one::json[], lambda part: identity_text(part)))
                      = list_sort(list_transform(v.other::json[], lambda part: identity_text(part)))
             else false end)[1] end;

-- A URL as JSON text, with https where it has no scheme.
create or replace macro with_scheme(value) as
    case when json_type(value) <> 'VARCHAR' or trim(value ->> '$') = ''
             or regexp_matches(trim(value ->> '$'), '^[A-Za-z][^/:]*:') then value
         else to_json(if(starts_with(trim(value ->> '$'), '//'), 'https:', 'https://') || trim(value ->> '$'))::varchar
    end;

-- The list of texts in a JSON text; 'null' and NULL are an empty list.
create or replace macro text_list(json_text) as coalesce(from_json(json_text::json, '["VARCHAR"]'), []);

-- Seconds from a moment to the later of two clocks' times; a very long time if the moment is unknown.
create or replace macro seconds_since(moment, clock, other_clock) as
    coalesce(epoch(greatest(clock, other_clock)) - epoch(moment), 1e12);

-- Whether NetBox allows a tag on objects of a type: it may be limited to some.
create or replace macro tag_fits(object_types, model) as
    coalesce(len(object_types), 0) = 0 or list_contains(object_types, model);
-- A number as people write it: 5, not 5.0.
create or replace macro number_text(number) as regexp_replace(number::varchar, '\.0$', '');

-- The name of a new VLAN that no source names: NetBox demands one.
create or replace macro neutral_vlan_name(vid) as 'VLAN' || lpad(vid::varchar, 4, '0');
