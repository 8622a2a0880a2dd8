-- VLANs, whose group may have changed; see sql/plan/kept_values.sql.
-- Only with rows of diff.rows WHERE action = 'update' AND object_type = 'ipam/vlans'.
-- A group's ranges may be narrowed at any time.
select 'ipam/vlans', v.id, []::varchar[], null,
    because('vlan_outside_its_group', {vid: v.vid, 'group': g.name})
from netbox.vlan_groups g
join netbox.vlans v on v.group_id = g.id
where not takes_vid(g.vid_ranges, v.vid)
union all
-- So may its scope, and a site may leave its site group.
select 'ipam/vlans', v.id, []::varchar[], null,
    because('vlan_outside_scope_of_its_group', {vid: v.vid, site: s.name, 'group': g.name})
from netbox.vlan_groups g
join netbox.vlans v on v.group_id = g.id
join netbox.sites s on s.id = v.site_id
where g.scope_type = 'dcim.site' and s.id <> g.scope_id
   or g.scope_type = 'dcim.sitegroup' and s.group_id is distinct from g.scope_id
