-- Removes the prerequisites ($prerequisites) that no change uses: only prerequisites in use are proposed. Repeated
-- until it removes none.
delete from diff.rows
where list_contains($prerequisites::varchar[], resource) and action in ('create', 'update', 'blocked')
  -- A site's coordinates are proposed even if no change needs them.
  and not (resource = 'sites' and action = 'update')
  and (resource, key) not in (
      select (n.needs_resource, n.needs_key) from diff.dependencies n
      join diff.rows r on r.resource = n.resource and r.key = n.key
      where r.action in ('create', 'update'))
