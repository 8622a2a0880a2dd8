-- What NetBox says of the custom fields that hold ids, and where the records of guests go. Key: the one row.
update config.endpoint set
    id_field_type = (select any_value(type) from netbox.custom_fields where name = id_field),
    node_field_type = (select any_value(type) from netbox.custom_fields where name = node_field),
    writes_id_fields = 'custom_fields' in (select resource from config.may_create)
        or list_has_all((select coalesce(list(name), []) from netbox.custom_fields), id_fields),
    records_to = case
        when guest_records in ('none', 'custom_fields') then guest_records
        -- A table that the token may not read would look empty.
        when exists (from netbox.scopes where not complete and starts_with(scope_id, 'proxbox_')) then 'none'
        when (select bool_or(proxbox) from netbox.status) then 'plugin'
        when guest_records = 'auto' then 'custom_fields'
        else 'none' end;
-- config.mappings for the macro mapping(): planning several subqueries in one query takes longer than all the rest of a
-- small comparison, and a variable needs none.
set variable mappings = (
    select map_from_entries(coalesce(list({'word': word, 'target': target}), []))
    from (select kind || ' ' || lower(source) as word, min(target) as target from config.mappings group by 1)
)
