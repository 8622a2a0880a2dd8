-- What there is, over all kinds of endpoints. {home} is the warehouse directory. Times are UTC.

CREATE OR REPLACE VIEW sync.snapshots AS
SELECT system, endpoint, snapshot_id, started, finished, source_version, complete, reasons, row_counts, shrunken
FROM read_json(
    '{home}/snapshots/*/*/[0-9]*/manifest.json',
    format = 'unstructured',
    columns = {
        system: 'VARCHAR', endpoint: 'VARCHAR', snapshot_id: 'VARCHAR', started: 'TIMESTAMP',
        finished: 'TIMESTAMP', source_version: 'VARCHAR', complete: 'BOOLEAN', reasons: 'VARCHAR[]',
        row_counts: 'MAP(VARCHAR, BIGINT)', shrunken: 'MAP(VARCHAR, VARCHAR)'
    }
);

CREATE OR REPLACE VIEW sync.diffs AS
SELECT
    endpoint, kind, diff_id, finished, source_snapshot, source_complete, target_snapshot, counts, existing, gates,
    carried_over_from
FROM read_json(
    '{home}/diffs/*/[0-9]*/manifest.json',
    format = 'unstructured',
    columns = {
        endpoint: 'VARCHAR', kind: 'VARCHAR', diff_id: 'VARCHAR', finished: 'TIMESTAMP',
        source_snapshot: 'VARCHAR', source_complete: 'BOOLEAN', target_snapshot: 'VARCHAR',
        counts: 'MAP(VARCHAR, MAP(VARCHAR, BIGINT))', existing: 'MAP(VARCHAR, BIGINT)', gates: 'VARCHAR[]',
        carried_over_from: 'VARCHAR'
    }
);

CREATE OR REPLACE VIEW sync.left_out AS
SELECT endpoint, resource, key, reason, cause, subject FROM desired.left_out;

CREATE OR REPLACE VIEW sync.shared_devices AS
SELECT
    netbox_id, any_value(name) AS name, list(endpoint ORDER BY endpoint) AS endpoints,
    list(key ORDER BY endpoint) AS keys, list(source_id ORDER BY endpoint) AS source_ids
FROM desired.matched_devices
GROUP BY netbox_id
HAVING count(DISTINCT endpoint) > 1;
