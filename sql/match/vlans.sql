-- The NetBox VLAN of each VID of a device or cluster. Key: owner + VID. Among the groups whose scope contains the owner
-- and that have the VID, the most specific wins: rack; location and its parents; site; site group and its parents;
-- region and its parents; cluster; cluster group; no scope. A tie is a conflict. If no group has it: the endpoint's
-- group for new VLANs, else the most specific group whose range contains it, else (policy) no group. permitted: only a
-- range of a trunk names it, so it is not created.
-- Only with rows of desired.vlans; desired.carried_vids.
with recursive settings as (from config.endpoint),

-- The location of each owner in NetBox; for a new one only the site and the location are known. new_site: the name of
-- its site, where the plan creates it.
places as (
    select 'devices' as owner_resource, m.key as owner, coalesce(m.site_id, r.netbox_id) as site_id,
           if(m.site_id is null and r.netbox_id is null and r.value is not null, r.name, null) as new_site,
           if(m.netbox_id is null, l.netbox_id, m.location_id) as location_id, m.rack_id,
               coalesce(m.cluster_id, c.netbox_id) as cluster_id, n.group_id as cluster_group_id
    from match.devices m
    join desired.devices d using (key)
    left join match.clusters c on c.key = d.cluster
    left join netbox.clusters n on n.id = coalesce(m.cluster_id, c.netbox_id)
    left join match.references r on r.owner_resource = 'devices' and r.owner_key = m.key and r.field = 'site'
    left join match.references l on l.owner_resource = 'devices' and l.owner_key = m.key and l.field = 'location'
    union all
    select 'clusters', m.key, coalesce(m.site_id, r.netbox_id),
           if(m.site_id is null and r.netbox_id is null and r.value is not null, r.name, null),
           null, null, m.netbox_id, m.group_id
    from match.clusters m
    left join match.references r on r.owner_resource = 'clusters' and r.owner_key = m.key and r.field = 'site'
),

location_line as (
    select owner_resource, owner, location_id as id, 0 as depth from places where location_id is not null
    union all
    select l.owner_resource, l.owner, p.parent_id, depth + 1
    from location_line l join netbox.locations p on p.id = l.id where p.parent_id is not null
),
site_group_line as (
    select p.owner_resource, p.owner, s.group_id as id, 0 as depth
    from places p join netbox.sites s on s.id = p.site_id where s.group_id is not null
    union all
    select l.owner_resource, l.owner, g.parent_id, depth + 1
    from site_group_line l join netbox.site_groups g on g.id = l.id where g.parent_id is not null
),
region_line as (
    select p.owner_resource, p.owner, s.region_id as id, 0 as depth
    from places p join netbox.sites s on s.id = p.site_id where s.region_id is not null
    union all
    select l.owner_resource, l.owner, r.parent_id, depth + 1
    from region_line l join netbox.regions r on r.id = l.id where r.parent_id is not null
),

-- rank: the smaller the more specific. Clusters look at their own scope first.
scopes as (
    select owner_resource, owner, 'dcim.rack' as scope_type, rack_id as scope_id, 10 as rank from places
        where rack_id is not null
    union all select owner_resource, owner, 'dcim.location', id, 100 + depth from location_line
    union all select owner_resource, owner, 'dcim.site', site_id, 1000 from places where site_id is not null
    union all select owner_resource, owner, 'dcim.sitegroup', id, 2000 + depth from site_group_line
    union all select owner_resource, owner, 'dcim.region', id, 3000 + depth from region_line
    union all select owner_resource, owner, 'virtualization.cluster', cluster_id,
        if(owner_resource = 'clusters', 1, 4000) from places where cluster_id is not null
    union all select owner_resource, owner, 'virtualization.clustergroup', cluster_group_id,
        if(owner_resource = 'clusters', 2, 4001) from places where cluster_group_id is not null
),
-- The endpoint's group for new VLANs.
configured_group as (
    select count(distinct g.id) as candidates, min(g.id) as group_id, min_by(g.slug, g.id) as slug,
        min_by(g.vid_ranges, g.id) as vid_ranges, list(g.slug order by g.slug) as places
    from settings
    join netbox.vlan_groups g on lower(settings.default_vlan_group) = lower(g.slug)
        -- A slug means its group, even if another group has it as its name.
        or (lower(settings.default_vlan_group) = lower(g.name)
            and lower(settings.default_vlan_group) not in (select lower(slug) from netbox.vlan_groups))
),
groups_in_reach as (
    select s.owner_resource, s.owner, g.id as group_id, s.rank, g.name, g.slug, g.vid_ranges
    from scopes s join netbox.vlan_groups g on g.scope_type = s.scope_type and g.scope_id = s.scope_id
    union all
    select p.owner_resource, p.owner, g.id, 9000, g.name, g.slug, g.vid_ranges
    from places p cross join netbox.vlan_groups g where g.scope_type is null
    union all
    -- A VLAN that this group has is not created again, wherever its scope is.
    select p.owner_resource, p.owner, g.id, 9950, g.name, g.slug, g.vid_ranges
    from places p cross join configured_group c join netbox.vlan_groups g on g.id = c.group_id where c.candidates = 1
),

-- Every VID that an owner or one of its interfaces has.
wanted as (
    select owner_resource, owner, vid, bool_and(permitted) as permitted from (
        select owner_resource, owner, vid, false as permitted from desired.vlans where problem is null
        union all
        select owner_resource, owner, vid, permitted from desired.carried_vids
    )
    group by owner_resource, owner, vid
),

-- Machines of a cluster without a site may have one.
guest_sites as (select distinct cluster_id, site_id from netbox.virtual_machines where site_id is not null),

-- away: the name of the VLAN's site, if that is not the owner's: NetBox accepts such a VLAN on none of its interfaces.
-- So it comes after all others.
holders as (
    select w.owner_resource, w.owner, w.vid, v.id, v.name, if(s.id is null, 0, 10000) + g.rank as rank, g.group_id,
        g.slug as group_slug, s.name as away
    from wanted w
    join groups_in_reach g using (owner_resource, owner)
    join places p using (owner_resource, owner)
    join netbox.vlans v on v.group_id = g.group_id and v.vid = w.vid
    left join guest_sites k on k.cluster_id = p.cluster_id and k.site_id = v.site_id
        and p.owner_resource = 'clusters' and p.site_id is null
    left join netbox.sites s on s.id = v.site_id and s.id is distinct from p.site_id and k.site_id is null
    union all
    -- Ungrouped VLANs: by VID and site, after every group.
    select w.owner_resource, w.owner, w.vid, v.id, v.name, if(v.site_id is null, 9902, 9901), null, null, null
    from wanted w
    join places p using (owner_resource, owner)
    join netbox.vlans v on v.group_id is null and v.vid = w.vid and (v.site_id = p.site_id or v.site_id is null)
),
held as (
    select owner_resource, owner, vid, rank, count(*) as candidates, min(id) as netbox_id, min_by(name, id) as name,
           min_by(group_id, id) as group_id, min_by(group_slug, id) as group_slug, min_by(away, id) as away,
           list(coalesce(group_slug, 'no group: ' || name || ' (id ' || id || ')') order by group_slug, id) as places
    from holders group by owner_resource, owner, vid, rank
    qualify rank = min(rank) over (partition by owner_resource, owner, vid)
),

-- Where a new VLAN goes.
allowing as (
    select w.owner_resource, w.owner, w.vid, g.group_id, g.slug, g.rank
    from wanted w join groups_in_reach g using (owner_resource, owner)
    where takes_vid(g.vid_ranges, w.vid)
),
home as (
    select owner_resource, owner, vid, count(*) as candidates, min(group_id) as group_id,
        min_by(slug, group_id) as slug,
           list(slug order by slug) as places
    from (select * from allowing qualify rank = min(rank) over (partition by owner_resource, owner, vid))
    group by owner_resource, owner, vid
),

chosen as (
    select
        w.owner_resource, w.owner, w.vid, w.permitted, p.site_id, p.new_site,
        h.netbox_id, h.name as netbox_name,
        case when h.candidates is not null then h.group_id
             when settings.default_vlan_group is not null then c.group_id
             else o.group_id end as group_id,
        case when h.candidates is not null then h.group_slug
             when settings.default_vlan_group is not null then c.slug
             else o.slug end as group_slug,
        case
            when h.candidates > 1 then conflict('vlan_in_several_places', {vid: w.vid, places: h.places})
            when h.away is not null
                then blocked('vlan_at_another_site', {vid: w.vid, 'group': h.group_slug, site: h.away})
            when h.candidates = 1 then null
            when settings.default_vlan_group is not null and c.group_id is null
                then blocked('no_vlan_group', {'group': settings.default_vlan_group})
            when settings.default_vlan_group is not null and c.candidates > 1
                then conflict('several_vlan_groups_of_a_name', {'group': settings.default_vlan_group, groups: c.places})
            when settings.default_vlan_group is not null and not takes_vid(c.vid_ranges, w.vid)
                then blocked('vlan_group_too_narrow', {'group': c.slug, vid: w.vid})
            when settings.default_vlan_group is not null then null
            when o.candidates > 1 then conflict('several_vlan_groups', {vid: w.vid, groups: o.places})
            when o.candidates = 1 then null
            when settings.ungrouped_vlans and coalesce(p.site_id::varchar, p.new_site) is not null then null
            else blocked('no_vlan_group_takes_it', {vid: w.vid})
        end as problem
    from wanted w
    join places p using (owner_resource, owner)
    cross join settings
    left join held h using (owner_resource, owner, vid)
    left join home o using (owner_resource, owner, vid)
    left join configured_group c on true
)

select *,
    vid || ' in ' || coalesce(group_slug, 'no group'
        || coalesce(' at site ' || coalesce((select slug from netbox.sites s where s.id = chosen.site_id),
            prerequisite_key('sites', new_site)), '')) as key
from chosen
