-- Guests that the configuration leaves out, with the rule that does it. Key: vmid.
select vmid, min(option) as option, min_by(pattern, option) as pattern from (
    select g.vmid, 'ignored_guests' as option, coalesce(matching_pattern(stripped(g.name_given),
        settings.ignored_guests), matching_pattern(g.vmid::varchar, settings.ignored_guests)) as pattern
    from proxmox.guests g, config.endpoint settings
    union all
    select g.vmid, 'ignored_tags', list_intersect(list_transform(g.tags, lambda t: lower(t)), settings.ignored_tags)[1]
    from proxmox.guests g, config.endpoint settings
    union all
    select g.vmid, 'ignored_pools', list_intersect([g.pool], settings.ignored_pools)[1]
    from proxmox.guests g, config.endpoint settings
    union all
    select g.vmid, 'ignored_nodes', list_intersect([g.node], settings.ignored_nodes)[1]
    from proxmox.guests g, config.endpoint settings
)
where pattern is not null group by vmid
