-- Every container that Docker lists, left out or not: what is not here may be gone. Key: the container's name.
select distinct name as source_id from docker.containers
union
-- Docker Compose is recreating it: see sql/desired/docker/virtual_machines.sql.
select substr(name, 14) from docker.containers where regexp_full_match(name, '[0-9a-f]{12}_.+')
union
-- A row that could not be read was listed all the same.
select row_key from docker.rejected where source_table = 'containers' and row_key is not null
