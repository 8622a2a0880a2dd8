-- The decision on each row of the current diffs, see diff.changes.
create or replace view sync.change_states as
select
    endpoint, resource, key, change_id, action, object_type, decision as state, decided_by as who, decided_at,
    expires
from diff.changes;
