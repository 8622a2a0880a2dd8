-- The hosts. Datacenters are the sites.
select
    coalesce(nullif("Serial number", ''), "Host") as id,
    split_part("Host", '.', 1) as name,
    "Datacenter" as site,
    "Vendor" as manufacturer,
    "Model" as device_type,
    nullif("Serial number", '') as serial,
    regexp_extract("ESX Version", '^(VMware ESXi \d+\.\d+)', 1) as platform,
    coalesce(nullif("Cluster", ''), "Host") as cluster
from vhost
