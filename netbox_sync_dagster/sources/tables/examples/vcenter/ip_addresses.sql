-- The addresses that VMware Tools report. They have no prefix length, so each is the address of a host (/32, /128).
-- With `policies.host_masks: prefix` the smallest prefix of NetBox that contains the address gives it its length.
with addresses as (
    select "VM UUID" as vm, "NIC label" as nic,
        trim(unnest(string_split(concat_ws(',', "IPv4 Address", "IPv6 Address"), ','))) as address
    from vnetwork
    where lower("Template") <> 'true'
)
select a.vm as virtual_machine, a.nic as interface, a.address || if(contains(a.address, ':'), '/128', '/32') as address,
    a.address = v."Primary IP Address" as is_primary
from addresses a
join vinfo v on v."VM UUID" = a.vm
where a.address <> '' and not regexp_matches(lower(a.address), '^fe80:')
