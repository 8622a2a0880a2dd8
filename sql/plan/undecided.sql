-- Blocks changes that hidden rows could contradict: different names for one VLAN, an address in two places, a second
-- object with the same name. Changes of objects that have the source's id are not affected.
create table diff.undecided as
with settings as (from config.endpoint),
changes as (
    select resource, key, parent, action, fields from diff.rows where action in ('create', 'update')
),

-- Objects on a device that was found only by its name or address.
namesakes as (
    select key, reason from match.devices cross
        join (select min(reason) as reason from desired.undecided where resource = 'devices') u
    where step >= 3 and netbox_id is not null and reason is not null
),
-- Interfaces whose NetBox object holds the port's id.
ours as (
    select m.key
    from match.interfaces m
    join desired.interfaces w using (key)
    join netbox.interfaces a on a.id = m.netbox_id
    cross join settings
    where w.source_id is not null
      and source_claim(a.cf, settings.id_field, settings.id_scope, settings.only_of_its_kind) = w.source_id
      and (w.device in (select owner from desired.undecided where resource = 'interfaces')
           or '*' in (select owner from desired.undecided where resource = 'interfaces'))
),
identified as (
    select 'devices' as resource, key from match.devices where step <= 2
    union all
    select 'virtual_machines', key from match.virtual_machines where step = 1
    union all
    select 'interfaces', key from ours
    union all
    select 'primary_macs', key from ours
    union all
    select 'mac_addresses', c.key from changes c
    where c.resource = 'mac_addresses' and regexp_replace(c.key, ' [0-9A-F:]{17}.*$', '') in (from ours)
),
written as (
    select c.resource, c.key, f.field from changes c, unnest(c.fields) as u(f) where f.decision = 'update'
),
-- An address that stays on its interface is not contradicted by another place.
placed as (
    select distinct key from written where resource = 'ip_addresses' and field in ('address', 'assigned_object')
),
of_a_lag as (
    select distinct key from written where resource = 'interfaces' and field = 'lag'
),

by_gap as (
    select c.resource, c.key, u.reason
    from changes c
    join desired.undecided u on u.owner in ('*', c.parent)
        and (u.resource = c.resource
             or (u.resource = 'lags' and c.resource = 'interfaces')
             or (u.resource = 'interfaces' and c.resource in ('mac_addresses', 'primary_macs')))
    where if(u.resource = 'lags', c.key in (from of_a_lag),
             (c.action = 'create' and c.resource <> 'mac_addresses')
             or (c.resource, c.key) not in (select (resource, key) from identified))
      and (c.resource <> 'ip_addresses' or c.key in (from placed))
),
by_name as (
    select c.resource, c.key, n.reason from changes c join namesakes n on n.key = c.parent
),
by_memory as (
    select c.resource, c.key, because('address_was_elsewhere_too',
        {address: r.host, place: r.owner, because: r.reason}) as reason
    from changes c
    join desired.remembered_addresses r on r.host = split_part(c.key, ' ', 1) and r.owner is distinct from c.parent
    where c.resource = 'ip_addresses' and c.key in (from placed)
)
select resource, key, string_agg(distinct reason, '; ' order by reason) as reason
from (from by_gap union all from by_name union all from by_memory)
group by resource, key;

update diff.rows set action = 'blocked',
    reason = blocked('cannot_be_decided', {system: (select system_name from config.endpoint), because: u.reason})
from diff.undecided u
where u.resource = rows.resource and u.key = rows.key
