-- The current diffs. {home} is the warehouse directory, {current} the way to what is current.

CREATE OR REPLACE VIEW diff.changes AS
SELECT * FROM read_parquet('{home}/diffs/*/{current}/*.parquet', union_by_name = true);

CREATE OR REPLACE VIEW diff.fields AS
SELECT
    endpoint, resource, key, parent, action, item.field AS field, item.before AS before, item.after AS after,
    item.verdict AS verdict, item.reason AS reason, change_id, netbox_id
FROM (SELECT *, unnest(fields) AS item FROM diff.changes);
