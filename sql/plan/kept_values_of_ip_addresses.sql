-- Addresses; see sql/plan/kept_values.sql.
-- Only with rows of diff.rows WHERE action = 'update' AND object_type = 'ipam/ip-addresses'.
-- A VRF may be made to take an address once at any time; some roles share an address.
select 'ipam/ip-addresses', a.id, ['vrf'], null,
    because('address_twice_in_vrf', {address: a.host, vrf: v.name})
from netbox.vrfs v
join netbox.ip_addresses a on a.vrf_id = v.id
join netbox.ip_addresses o on o.vrf_id = v.id and o.host = a.host and o.id <> a.id
where v.enforce_unique and a.id in (select netbox_id from diff.edited where object_type = 'ipam/ip-addresses')
  and len(list_filter([a.role, o.role],
      lambda role: role in ('anycast', 'vip', 'vrrp', 'hsrp', 'glbp', 'carp'))) < 2
group by a.id, a.host, v.name
