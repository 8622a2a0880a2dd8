-- Takes out the prerequisites ($prerequisites) that no change uses: many words want them, only those in use are
-- proposed. Runs until it takes out none.
delete from diff.rows
where list_contains($prerequisites::varchar[], resource) and action in ('create', 'update', 'blocked')
  -- A site's coordinates are wanted for themselves.
  and not (resource = 'sites' and action = 'update')
  and (resource, key) not in (
      select (n.needs_resource, n.needs_key) from diff.dependencies n
      join diff.rows r on r.resource = n.resource and r.key = n.key
      where r.action in ('create', 'update'))
