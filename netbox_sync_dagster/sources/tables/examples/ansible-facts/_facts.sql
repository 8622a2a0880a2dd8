-- One row per file of facts, as `ansible all -m setup --tree FOLDER` or the fact cache `jsonfile` writes them. host:
-- the name of the file, which is the name of the host in the inventory. facts is NULL if the host did not answer.
with files as (
    select regexp_replace(parse_filename(filename), '\.json$', '') as host, try_cast(content as json) as content
    from read_text($facts || '/*')
),
found as (
    select host, coalesce(content -> '$.ansible_facts', content) as facts from files
)
select host, if((facts ->> '$.ansible_hostname') is not null, facts, null) as facts,
    -- Physical machines are devices, others virtual machines. Only a machine that is virtual has the role guest.
    coalesce((facts ->> '$.ansible_virtualization_role') = 'guest', false) as is_guest
from found
union all
-- A folder without files is a wrong path: read_text finds nothing and does not complain.
select error('no files in ' || $facts), null, false
where not exists (from files)
