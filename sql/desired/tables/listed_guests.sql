-- Every virtual machine of virtual_machines.sql: what is not here may be gone. Key: the id.
select distinct id as source_id from tables.virtual_machines
union
-- A row that was rejected was there all the same.
select row_key from tables.rejected where source_table = 'virtual_machines' and row_key is not null
