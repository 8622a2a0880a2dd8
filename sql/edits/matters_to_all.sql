-- Whether an edit may matter to every endpoint: a tag is gone, or a cable ends at something else than interfaces.
select exists (from edits.changed where table_name = 'tags' and is_gone)
    or exists (from edits.cables
        where id in (select id from edits.changed where table_name = 'cables')
          and (a_type is distinct from 'dcim.interface' or b_type is distinct from 'dcim.interface'))
