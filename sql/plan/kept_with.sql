-- Rows that are deleted only because another object is, if that one is kept. Key: resource + key.
select g.resource, g.key, min(blocked('goes_only_with',
    {resource: p.resource, key: p.key, action: p.action, because: nested(p.reason)})) as reason
from match.goes_with g
join diff.rows r on r.resource = g.resource and r.key = g.key and r.action = 'delete'
join diff.rows p on p.resource = g.parent_resource and p.key = g.parent_key and p.action <> 'delete'
group by g.resource, g.key
