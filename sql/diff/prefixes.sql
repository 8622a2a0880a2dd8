-- Prefixes of the networks that interfaces have addresses in, by the policy interface_prefixes. Key: prefix + VRF,
-- that of the address (sql/match/address_vrfs.sql). A prefix that NetBox has in the VRF, whatever its status, is never
-- changed or deleted. scope: the site of the machines
-- that NetBox has with such an address, where they are at one site.
-- Only with rows of config.endpoint WHERE interface_prefixes.
with unread as (
    select min(reason) as reason from netbox.scopes where scope_id = 'prefixes' and not complete
),
shown as (
    select a.host, a.family, coalesce(a.vrf, v.vrf_name) as vrf, v.vrf_id, v.vrf_name,
        if(a.vrf is null, 1, v.candidates) as candidates, a.owner, a.owner_resource, n.machine_id,
        coalesce(k.prefixlen, a.prefixlen) as prefixlen
    from desired.ip_addresses a
    join match.interface_names n on n.resource = a.interface_resource and n.key = a.interface and n.problem is null
    join match.address_vrfs v on v.host = a.host and v.vrf is not distinct from a.vrf
        and v.interface_resource = a.interface_resource and v.interface = a.interface and v.doubt_ids is null
    left join match.prefix_masks k on k.host = a.host and k.interface = a.interface and k.vrf is not distinct from a.vrf
    where a.left_out is null and (select interface_prefixes from config.endpoint)
),
placed as (
    select s.*, coalesce(d.site_id, v.site_id) as site_id, network_text(s.host, s.family, s.prefixlen) as prefix,
        network_bits(s.host, s.family, s.prefixlen) as bits
    from shown s
    left join netbox.devices d on s.owner_resource = 'devices' and d.id = s.machine_id
    left join netbox.virtual_machines v on s.owner_resource = 'virtual_machines' and v.id = s.machine_id
    where s.prefixlen < if(s.family = 4, 32, 128)
),
networks as (
    select p.family, p.prefixlen, p.bits, p.vrf_id, p.candidates, any_value(p.vrf_name) as vrf_name,
        min(p.vrf) as vrf, any_value(p.prefix) as prefix, min(p.owner) as owner,
        if(count(distinct p.site_id) = 1 and count(p.site_id) = count(*), min(p.site_id), null) as site_id
    from placed p
    group by p.family, p.prefixlen, p.bits, p.vrf_id, p.candidates, if(p.candidates = 1, null, p.vrf)
),
known as (
    select family, prefixlen, vrf_id, network_bits(host, family, prefixlen) as bits from netbox.prefixes
)
select 'prefixes' as resource, n.prefix || coalesce(' in ' || n.vrf, '') as key, n.owner as parent,
    'ipam/prefixes' as object_type, null::bigint as netbox_id, null::varchar as target, null::varchar as last_updated,
    coalesce(action_of(n.cause), 'create') as action, n.cause as reason,
    if(n.cause is null, list_filter([
        field('prefix', null, to_json(n.prefix)::varchar),
        case when n.vrf_id is not null then json_field('vrf', null, existing(n.vrf_id, n.vrf_name)) end,
        case when n.site_id is not null then json_field('scope', null, typed_existing('dcim.site', n.site_id, s.name))
            end,
        field('status', null, '"active"')], lambda f: f is not null), []) as fields
from (
    select n.*,
        case when u.reason is not null then blocked('prefixes_not_read', {because: u.reason})
             when n.candidates <> 1
                 then conflict('vrf_not_one', {vrf: n.vrf, candidates: n.candidates}) end as cause
    from networks n
    cross join unread u
) n
left join netbox.sites s on s.id = n.site_id
where not exists (from known k where k.family = n.family and k.prefixlen = n.prefixlen and k.bits = n.bits
    and k.vrf_id is not distinct from n.vrf_id)
