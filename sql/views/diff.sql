-- What is made of diff.changes, the current diffs.

CREATE OR REPLACE VIEW diff.fields AS
SELECT
    endpoint, resource, key, parent, action, item.field AS field, item.before AS before, item.after AS after,
    item.verdict AS verdict, item.reason AS reason, change_id, netbox_id
FROM (SELECT *, unnest(fields) AS item FROM diff.changes);
