-- The hosts. Datacenters are the sites.
select
    id,
    split_part("Host", '.', 1) as name,
    "Datacenter" as site,
    "Vendor" as manufacturer,
    "Model" as device_type,
    serial,
    regexp_extract("ESX Version", '^(VMware ESXi \d+\.\d+)', 1) as platform,
    coalesce(nullif("Cluster", ''), "Host") as cluster
from hosts
