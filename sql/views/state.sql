-- How an endpoint stands, from the facts of sync.facts: the first line that holds. There is no other computation
-- of it, and it is stored nowhere.
case
    when not configured then 'not configured'
    when not enabled then 'disabled'
    when failed and unreachable then 'unreachable'
    when failed then 'error'
    when not synced then 'never synced'
    when running then 'running'
    when stale then 'stale'
    when waiting + approved > 0 then 'changes waiting'
    when conflicts > 0 then 'conflicts'
    -- NetBox itself is read, not synced.
    when system = 'netbox' then 'ok'
    else 'in sync'
end
