-- The clusters. A host outside a cluster is one.
select "Name" as name, 'active' as status from vcluster
