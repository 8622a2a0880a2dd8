-- Clusters that are in NetBox or are created by this diff.
-- Only with rows of match.clusters.
select m.* from match.clusters m
where m.problem is null
  and (m.netbox_id is not null or m.key in (select key from diff.clusters where action = 'create'))
