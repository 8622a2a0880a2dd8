-- How an endpoint stands, from the facts of sync.facts: the first line that holds. There is no other computation
-- of it, and it is stored nowhere.
CASE
    WHEN NOT configured THEN 'not configured'
    WHEN NOT enabled THEN 'disabled'
    WHEN failed AND unreachable THEN 'unreachable'
    WHEN failed THEN 'error'
    WHEN NOT synced THEN 'never synced'
    WHEN running THEN 'running'
    WHEN stale THEN 'stale'
    WHEN waiting + approved > 0 THEN 'changes waiting'
    WHEN conflicts > 0 THEN 'conflicts'
    -- NetBox itself is read, not synced.
    WHEN system = 'netbox' THEN 'ok'
    ELSE 'in sync'
END
