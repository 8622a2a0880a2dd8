-- Natural order, for lists that people read: Ethernet1/2 before Ethernet1/10, in any case. Each number is preceded by
-- its number of digits. netbox_sync_dagster/text.py has the same for Python. Ties: order by the text itself too.
create or replace macro natural_order(text) as array_to_string(list_transform(
    regexp_extract_all(lower(text), '[0-9]+|[^0-9]+'),
    lambda part: case when part[1] between '0' and '9'
        then lpad(length(ltrim(part, '0'))::varchar, 3, '0') || ltrim(part, '0') else part end), '');
