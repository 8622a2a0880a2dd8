-- Physical machines. A serial number or model that Ansible may not read (it needs root) is NA, and unknown here.
select
    host as id,
    facts ->> '$.ansible_hostname' as name,
    nullif(facts ->> '$.ansible_product_serial', 'NA') as serial,
    nullif(facts ->> '$.ansible_product_name', 'NA') as device_type,
    nullif(facts ->> '$.ansible_system_vendor', 'NA') as manufacturer,
    concat_ws(' ', facts ->> '$.ansible_distribution', nullif(facts ->> '$.ansible_distribution_version', 'NA'))
        as platform,
    'active' as status
from facts
where not is_guest and facts is not null
union all
-- A host that did not answer has no name here. The row is rejected, so the host does not count as removed.
select host, null, null, null, null, null, null from facts where facts is null
