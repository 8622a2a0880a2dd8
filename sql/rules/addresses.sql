-- The addresses of which the user's rules set a field: those that are in NetBox or that this diff creates.
-- Key: rule_key, the key as rules write it; key is that of the diff.

-- The address on its own interface, else the one elsewhere on the machine.
with addresses as (
    select r.key as rule_key, a.host || coalesce(' in ' || a.vrf, '') as place, n.label, a.owner,
        arg_min(h.id, (h.interface_id is distinct from n.netbox_id, h.id)) as netbox_id
    from (select distinct key from desired.rule_fields where resource = 'ip_addresses') r
    join desired.ip_addresses a on r.key = a.interface || ' ' || a.host and a.left_out is null
    join match.interface_names n on n.resource = a.interface_resource and n.key = a.interface and n.problem is null
    left join match.address_vrfs v on v.host = a.host and v.vrf is not distinct from a.vrf
        and v.interface_resource = a.interface_resource and v.interface = a.interface
    left join match.address_holders h on h.host = a.host and h.type = n.type and h.machine_id = n.machine_id
        and h.vrf_id is not distinct from v.found_vrf_id
    group by all
)

select 'ip_addresses' as resource, a.rule_key, coalesce(c.key, a.place) as key,
    coalesce(c.netbox_id, a.netbox_id) as netbox_id, a.owner as parent, 'ipam/ip-addresses' as object_type
from addresses a
left join diff.compared c on c.resource = 'ip_addresses' and c.key in (a.place, a.place || ' on ' || a.label)
