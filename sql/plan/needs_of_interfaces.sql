-- Interfaces: the VLANs that a mode and a site allow, and the fields that a type allows; see sql/plan/field_needs.sql.
-- Only with rows of diff.written_fields WHERE resource IN ('interfaces', 'vm_interfaces')
--   AND field IN ('mode', 'untagged_vlan', 'tagged_vlans', 'type', 'parent', 'lag', 'mark_connected').
with ports as materialized (
    select 'interfaces' as resource, w.key, w.field, w.after, coalesce(a.mode, '') as mode,
        a.untagged_vlan_id is not null as untagged, len(coalesce(a.tagged_vlan_ids, [])) > 0 as tagged, a.type,
        a.cable_id is not null as cabled, a.mark_connected, a.parent_id, a.lag_id, a.channel_id, a.channels, a.poe_mode,
        coalesce(a.rf_role, a.rf_channel_frequency::varchar, a.rf_channel_width::varchar) as wireless
    from diff.written w join netbox.interfaces a on a.id = w.netbox_id
    where w.resource = 'interfaces'
      and w.field in ('mode', 'untagged_vlan', 'tagged_vlans', 'type', 'parent', 'lag', 'mark_connected')
    union all
    select 'vm_interfaces', w.key, w.field, w.after, coalesce(a.mode, ''), a.untagged_vlan_id is not null,
        len(coalesce(a.tagged_vlan_ids, [])) > 0, null, false, false, null, null, null, null, null, null
    from diff.written w join netbox.vm_interfaces a on a.id = w.netbox_id
    where w.resource = 'vm_interfaces' and w.field in ('mode', 'untagged_vlan', 'tagged_vlans')
),

-- Interfaces that a rule marks as connected, with the type that they have and the one that they will have.
marked as (
    select r.key, any_value(a.type) as had_type, any_value(f.after ->> '$') filter (f.field = 'type') as new_type
    from diff.rows r
    left join netbox.interfaces a on a.id = r.netbox_id, unnest(r.fields) as u(f)
    where r.resource = 'interfaces' and r.action in ('create', 'update') and f.decision = 'update'
      and len(list_filter(r.fields, lambda f: f.field = 'mark_connected' and f.after = 'true')) > 0
    group by r.key
),

-- Devices and machines of NetBox with the site that they have and the one that they will have. moved_by: the field of
-- their row that brings them there; when NetBox saves a machine without a site, it gets that of its cluster.
updates as (
    select resource, key, min(field) as any_field,
        any_value(try_cast(json_extract_string(after, '$.id') as bigint)) filter (field = 'site') as site_id
    from diff.edited where resource in ('devices', 'virtual_machines')
    group by resource, key
),
owners as (
    select 'interfaces' as resource, m.key, 'devices' as owner_resource, 'device' as what, d.site_id as had_site,
        coalesce(u.site_id, d.site_id) as site_id, 'site' as moved_by
    from match.devices m
    join netbox.devices d on d.id = m.netbox_id
    left join updates u on u.resource = 'devices' and u.key = m.key
    union all
    select 'vm_interfaces', m.key, 'virtual_machines', 'virtual machine', v.site_id,
        coalesce(u.site_id, v.site_id, if(u.key is null, null, c.new_site_id)),
        if(u.site_id is null, u.any_field, 'site')
    from match.virtual_machines m
    join netbox.virtual_machines v on v.id = m.netbox_id
    join desired.virtual_machines w on w.key = m.key
    left join diff.cluster_places c on c.key = w.cluster
    left join updates u on u.resource = 'virtual_machines' and u.key = m.key
),
vlans_put as (
    select w.resource, w.key, w.field, r.parent as owner,
        unnest(json_extract(if(w.field = 'tagged_vlans', w.after, '[' || w.after || ']'), '$[*].id')::bigint[])
            as vlan_id
    from diff.written w join diff.rows r on r.resource = w.resource and r.key = w.key
    where w.field in ('untagged_vlan', 'tagged_vlans') and w.after <> 'null'
),
vlans_away as (
    select p.resource, p.key, p.field, o.owner_resource, if(v.site_id = o.site_id, o.key, null) as owner, o.moved_by,
        because('vlan_and_machine_at_two_sites', {vlan: v.vid || ' ' || v.name, site: s.name, what: o.what,
            place: coalesce('site ' || n.name, 'no site')}) as why
    from vlans_put p
    join owners o on o.resource = p.resource and o.key = p.owner
    join netbox.vlans v on v.id = p.vlan_id
    join netbox.sites s on s.id = v.site_id
    left join netbox.sites n on n.id = if(v.site_id = o.had_site, o.site_id, o.had_site)
    where v.site_id is distinct from o.had_site or v.site_id is distinct from o.site_id
),

-- A mode goes with the VLANs that it is for: mode tagged with tagged VLANs, or with an untagged one.
untagged_put as (
    select resource, key from vlans_put where field = 'untagged_vlan'
    except
    select resource, key from vlans_away where field = 'untagged_vlan'
),
vlans_of_mode as (
    select p.resource, p.key, f.field, p.after as mode
    from ports p
    join diff.rows r on r.resource = p.resource and r.key = p.key
    cross join unnest(r.fields) as u(f)
    where p.field = 'mode' and f.decision in ('update', 'conflict')
      and case p.after when '"access"' then f.field = 'untagged_vlan'
                       when '"tagged"' then f.field = 'tagged_vlans' and not p.untagged
                           and (p.resource, p.key) not in (select (resource, key) from untagged_put) end
)

select resource, key, field, owner_resource as needs_resource, owner as needs_key, moved_by as needs_field, why
from vlans_away
union all
select resource, key, 'mode', resource, key, field, because('mode_without_vlans', {mode: mode ->> '$'})
from vlans_of_mode
union all
select resource, key, field, resource, key, 'mode', because('interface_without_mode')
from ports where field = 'untagged_vlan' and after <> 'null' and mode = ''
union all
select resource, key, field, resource, key, 'mode', because('interface_not_in_mode_tagged')
from ports where field = 'tagged_vlans' and after not in ('null', '[]') and mode <> 'tagged'
union all
select resource, key, field, resource, key, 'tagged_vlans', because('interface_has_tagged_vlans', {mode: after})
from ports where field = 'mode' and tagged and after <> '"tagged"'
union all
select resource, key, field, resource, key, 'untagged_vlan', because('interface_has_an_untagged_vlan')
from ports where field = 'mode' and untagged and after in ('null', '""')
union all
select resource, key, field, resource, null, null, because('interface_has_a_cable')
from ports where field = 'type' and is_virtual_type(after ->> '$') and (cabled or mark_connected)
union all
select resource, key, field, resource, null, null, because('cabled_not_marked_as_connected')
from ports where field = 'mark_connected' and after = 'true' and cabled
union all
select 'interfaces', key, 'mark_connected', 'interfaces', if(is_virtual_type(new_type), null, key), 'type',
    because('type_not_marked_as_connected', {type: coalesce(new_type, had_type)})
from marked where is_virtual_type(new_type) or is_virtual_type(had_type)
union all
select resource, key, field, resource, null, null, because('interface_has_poe', {type: after ->> '$'})
from ports where field = 'type' and poe_mode is not null and is_virtual_type(after ->> '$')
union all
select resource, key, field, resource, null, null, because('interface_is_wireless', {type: after ->> '$'})
from ports where field = 'type' and wireless is not null and not is_wireless_type(after ->> '$')
union all
select resource, key, field, resource, null, null, because('interface_is_channelized', {type: after ->> '$'})
from ports
where field = 'type' and channels is not null
  and (is_virtual_type(after ->> '$') or is_wireless_type(after ->> '$') or after = '"channel"')
union all
select resource, key, field, resource, key, 'parent', because('interface_has_a_parent')
from ports where field = 'type' and after <> '"virtual"' and parent_id is not null and channel_id is null
union all
select resource, key, field, resource, null, null, because('interface_is_a_channel')
from ports
where field = 'type' and channel_id is not null and (is_virtual_type(after ->> '$') or is_wireless_type(after ->> '$'))
union all
select resource, key, field, resource, key, 'lag', because('interface_is_in_a_lag')
from ports where field = 'type' and after = '"virtual"' and lag_id is not null
union all
select resource, key, field, resource, key, 'type', because('only_virtual_has_a_parent', {type: type})
from ports where field = 'parent' and after <> 'null' and type <> 'virtual'
union all
select resource, key, field, resource, key, 'type', because('virtual_not_in_a_lag')
from ports where field = 'lag' and after <> 'null' and type = 'virtual'
