-- What the user's rules set in the desired tables, before anything is matched: names, serials and VRFs by which objects
-- are found, and the names of other objects. sql/rules/skips.sql leaves objects out.

-- The values on which all rules agree. Key: resource + key + field.
create table config.ruled as
select resource, key, field, min(value) as value
from desired.rule_fields
where value is not null and not starts_with(field, 'tags')
group by resource, key, field
having min(value) = max(value);

-- By its own name NetBox may have the device too.
update desired.devices as d set name = r.name, names = list_distinct(list_concat([r.name], d.names))
from (select key, blank(value ->> '$') as name from config.ruled where resource = 'devices' and field = 'name') r
where r.key = d.key and r.name is not null;

update desired.devices as d set serial = r.serial
from (select key, blank(value ->> '$') as serial from config.ruled where resource = 'devices' and field = 'serial') r
where r.key = d.key and r.serial is not null;

-- The VRF by which an address is found. moves: NetBox has it in the VRF that it has without the rule, and not in that
-- of the rule: it is this one, and its VRF changes like any field.
create table config.ruled_vrfs as
with ruled as (
    select r.key, nullif(stripped(r.value ->> '$'), '') as vrf, a.host, a.vrf as given
    from config.ruled r
    join desired.ip_addresses a on r.key = a.interface || ' ' || a.host
    where r.resource = 'ip_addresses' and r.field = 'vrf'
),
held as (
    select a.host, coalesce(lower(v.name), '') as name, coalesce(lower(v.rd), '') as rd
    from netbox.ip_addresses a left join netbox.vrfs v on v.id = a.vrf_id
    where a.host in (select host from ruled)
)
select r.key, any_value(r.vrf) as vrf,
    coalesce(bool_or(coalesce(lower(r.given), '') in (h.name, h.rd)), false)
        and not coalesce(bool_or(coalesce(lower(r.vrf), '') in (h.name, h.rd)), false)
        -- Without a VRF in the source it is where NetBox has it on its interface.
        and coalesce(any_value(r.vrf), any_value(r.given)) is not null as moves
from ruled r left join held h using (host)
group by r.key;
update desired.ip_addresses as a set vrf = r.vrf, in_global_table = r.vrf is null
from config.ruled_vrfs r where not r.moves and r.key = a.interface || ' ' || a.host;
update desired.primary_ips as p set vrf = r.vrf
from config.ruled_vrfs r where not r.moves and r.key = p.interface || ' ' || p.host;

-- Names are resolved as mappings are (sql/match/references.sql), and nothing is created for them.
update desired.references as w
set mapped_name = stripped(r.value ->> '$'), source_name = null, default_name = null, create_name = null
from config.ruled r join config.rule_kinds k using (resource, field)
where k.refers is not null and (r.value ->> '$') <> ''
  and w.owner_resource = r.resource and w.owner_key = r.key and w.field = r.field;
insert into desired.references by name
select r.resource as owner_resource, r.key as owner_key, r.field, k.refers as resource,
    stripped(r.value ->> '$') as mapped_name, false as required
from config.ruled r
join config.rule_kinds k using (resource, field)
anti join desired.references w on w.owner_resource = r.resource and w.owner_key = r.key and w.field = r.field
where k.refers is not null and (r.value ->> '$') <> ''
  and (r.resource <> 'ip_addresses' or r.field <> 'vrf' or r.key in (select key from config.ruled_vrfs where moves));

-- Tags that NetBox does not have are created like those of a source. Key: the word in lower case.
insert into desired.tags by name
select distinct on (slug) lower(word) as key, word as name, slug(word) as slug
from (select distinct value ->> '$' as word from desired.rule_fields where starts_with(field, 'tags'))
where slug(word) not in (select slug from netbox.tags) and slug(word) not in (select slug from desired.tags)
  and lower(word) not in (select lower(name) from netbox.tags) and slug(word) <> ''
order by slug, word;
