-- Tables whose rows come from a call of another name: where they shrink, that call's evidence is short. Key: name.
select * from (values
    ('nodes', 'cluster'), ('guests', 'cluster'), ('guest_config', 'guest'), ('snapshots', 'guest_snapshots'),
        ('backups', 'storage'),
    ('replications', 'replication'), ('sdn_zones', 'sdn'), ('sdn_vnets', 'sdn'), ('tag_styles', 'options')
) as t(name, call)
