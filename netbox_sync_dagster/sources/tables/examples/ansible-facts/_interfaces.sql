-- One row per network interface: every fact that is an object with the name of a device. Left out are loopback, and
-- interfaces that container engines and hypervisors make for others.
with objects as (
    select host, is_guest, json_extract(facts, '$."' || unnest(json_keys(facts)) || '"') as interface from facts
    where facts is not null
)
select host, is_guest, interface, interface ->> '$.device' as name,
    -- Members of a bond have its address, and keep their own here. The addresses of InfiniBand are longer than a MAC.
    nullif(coalesce(interface ->> '$.perm_macaddress', interface ->> '$.macaddress'), '') as address
from objects
where json_type(interface) = 'OBJECT' and (interface ->> '$.device') is not null
  and not regexp_matches((interface ->> '$.device'),
      '^(lo$|veth|docker|br-[0-9a-f]{12}|virbr|vnet|tap|cni|cali|flannel|podman|ifb|dummy)|:')
