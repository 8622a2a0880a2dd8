-- Every machine of the register: what is not here may be gone.
select name as source_id from register.machines
union
select row_key from register.rejected where source_table = 'machines' and row_key is not null
