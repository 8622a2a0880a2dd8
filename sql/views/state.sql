-- The status of an endpoint, from sync.facts: the first condition that applies. It is computed only here and not
-- stored.
case
    when not configured then 'not configured'
    when not enabled then 'disabled'
    when failed and unreachable then 'unreachable'
    when failed then 'error'
    when not synced then 'never synced'
    when running then 'running'
    when stale then 'stale'
    when waiting > 0 then 'changes waiting'
    when approved > 0 then 'changes approved'
    when questions > 0 then 'questions'
    -- NetBox itself is read, not synced.
    when system = 'netbox' then 'ok'
    else 'in sync'
end
