-- Macros for ids in custom fields.

-- A number as text, as people type it (' 43 ', '044') or a decimal field has it (43.0); any other text unchanged.
create or replace macro plain_number(text) as regexp_replace(text,
    '^[ \x09-\x0d\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*0*([0-9]+)(\.0+)?[ \x09-\x0d\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*$', '\1');
create or replace macro without_zeros(text) as if(getvariable('numeric_ids'), plain_number(text), text);
-- The id of a guest and the cluster that a virtual machine's custom fields hold; NULL: none.
create or replace macro held_guest(cf, name) as
    list_transform([blank(json_extract_string(cf, '$.' || name))],
        lambda held: if(getvariable('numeric_guest_ids'), plain_number(held), held))[1];
create or replace macro held_cluster(cf, name) as blank(json_extract_string(cf, '$.' || name));
create or replace macro id_text(held) as
    case json_type(held) when 'VARCHAR' then without_zeros(held->>'$') when 'UBIGINT' then held::varchar end;
-- The source's id that an object's custom field holds for this endpoint (or cluster): {"<scope>": id}. The entry of
-- netbox-librenms-plugin may be an object: {"id": 7, "oob": {"id": 9}}. A bare number or text counts only while one
-- endpoint of the kind is configured. Everything else is ignored: id_text() of it is NULL.
create or replace macro source_claim(cf, name, scope, alone) as
    list_transform([coalesce(
            json_extract(cf, '$.' || name || '."' || scope || '".id'),
            json_extract(cf, '$.' || name || '."' || scope || '"'),
            if(alone, json_extract(cf, '$.' || name), null))],
        lambda held: id_text(held))[1];
-- A note for the row: the field holds an id that is not the source's, without the scope that it is of.
create or replace macro bare_id_note(cf, name, id) as
    list_transform([id_text(json_extract(cf, '$.' || name))], lambda held: case when held <> id
        then noted('other_bare_id', {field: name, held: held, id: id}) end)[1];
-- The field's value with the id in it: unchanged if it has the id (merging would reorder it); else merged with the
-- other ids, or bare if the field is not JSON. An entry that is an object keeps what else is in it.
create or replace macro with_claim(cf, name, scope, id_json, field_type) as
    case when coalesce(field_type, 'json') = 'json' and id_json = coalesce(
            json_extract(cf, '$.' || name || '."' || scope || '".id'),
            json_extract(cf, '$.' || name || '."' || scope || '"'))::varchar
         then json_extract(cf, '$.' || name)::varchar
         when field_type = 'json' or field_type is null
         then json_merge_patch(
                case when json_type(json_extract(cf, '$.' || name)) = 'OBJECT' then json_extract(cf, '$.' || name)
                    else '{}'::json end,
                ('{' || to_json(scope) || ':' || if(
                    json_type(json_extract(cf, '$.' || name || '."' || scope || '"')) = 'OBJECT',
                    '{"id":' || id_json || '}', id_json) || '}')::json)::varchar
         when field_type = 'text' then to_json(id_json::json->>'$')::varchar
         else id_json end;
-- What a person enters in an id custom field for such a claim.
create or replace macro claim_to_enter(scope, id_json, field_type) as
    case when coalesce(field_type, 'json') = 'json' then '{' || to_json(scope) || ': ' || id_json || '}'
         when field_type = 'text' then id_json::json->>'$'
         else id_json end;
