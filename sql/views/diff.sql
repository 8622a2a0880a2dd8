-- What is made of diff.changes, the current diffs.

CREATE OR REPLACE VIEW diff.fields AS
SELECT
    endpoint, resource, key, parent, action, item.field AS field, item.before AS before, item.after AS after,
    item.verdict AS verdict, item.reason AS reason, item.cause AS cause, change_id, netbox_id
FROM (SELECT *, unnest(fields) AS item FROM diff.changes);

-- The closed list of causes. sentence: with its parameters in braces; about: those that say what is missing.
CREATE OR REPLACE VIEW sync.causes AS
{causes};

-- The open questions: rows in which cause, and what it is about, agree are answered together.
CREATE OR REPLACE VIEW diff.causes AS
WITH asked AS (
    SELECT
        d.endpoint, d.resource, d.action, d.cause, d.key, d.reason,
        nullif(array_to_string(list_transform(c.about, lambda name: json_extract_string(d.subject, '$.' || name)), ', '), '') AS missing
    FROM diff.changes d
    LEFT JOIN sync.causes c USING (cause)
    WHERE d.cause IS NOT NULL AND d.action IN ('blocked', 'conflict', 'drifted')
)
SELECT
    endpoint, resource, action, cause, missing, count(*) AS "rows",
    min(key) AS example, arg_min(reason, key) AS reason
FROM asked
GROUP BY ALL;
