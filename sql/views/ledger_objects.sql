-- What the ledger says of NetBox's objects: what this product created, deleted and wrote last. The views build on
-- ledger.applied alone: a comparison puts a table of one NetBox in its place (compare/database.py).

-- One row per change that an apply carried out. apply_id is the apply that sent it, which a later one may have
-- settled; undoes is the apply that this one takes back. seq says what came before what.
CREATE OR REPLACE VIEW ledger.applied AS
WITH undos AS (
    SELECT DISTINCT apply_id, undoes
    FROM read_json(
        '{home}/ledger/applies/*/*.jsonl',
        format = 'newline_delimited',
        ignore_errors = true,
        columns = {kind: 'VARCHAR', apply_id: 'VARCHAR', undoes: 'VARCHAR'}
    )
    WHERE kind = 'start' AND undoes IS NOT NULL
)
SELECT
    v.endpoint, v.target, sent.apply_id, undos.undoes, v.resource, v.action, v.key, v.object_type, v.netbox_id, v.fields,
    v.cleared, v.change_id, v."at", v.seq
FROM ledger.verdicts v
CROSS JOIN LATERAL (SELECT coalesce(split_part(v.operation_id, '/', 1), v.apply_id) AS apply_id) AS sent
LEFT JOIN undos ON undos.apply_id = sent.apply_id
WHERE v.verdict = 'applied' AND v.netbox_id IS NOT NULL AND NOT coalesce(v.already, false);

-- Objects that an undo made again, under a new id: one row for each id that the object had before.
CREATE OR REPLACE VIEW ledger.made_again AS
WITH RECURSIVE pairs AS (
    SELECT DISTINCT again.target, again.object_type, gone.netbox_id AS former_id, again.netbox_id
    FROM ledger.applied again
    JOIN ledger.applied gone
        ON gone.apply_id = again.undoes AND gone.resource = again.resource AND gone.object_type = again.object_type
        AND gone.key = again.key
    WHERE again.undoes IS NOT NULL AND again.action = 'create' AND gone.action = 'delete'
),
chain AS (
    FROM pairs
    UNION
    SELECT p.target, p.object_type, c.former_id, p.netbox_id
    FROM chain c JOIN pairs p ON p.object_type = c.object_type AND p.former_id = c.netbox_id AND p.target = c.target
)
FROM chain;

-- One row per object and field that an applied change set, or that NetBox emptied because a change deleted what the
-- field named. value is JSON text; a null that was written is the text null.
CREATE OR REPLACE VIEW ledger.writes AS
WITH set_by_change AS (
    SELECT *, unnest(fields) AS item FROM ledger.applied WHERE action <> 'delete'
),
emptied_by_delete AS (
    SELECT *, unnest(cleared) AS item FROM ledger.applied WHERE action = 'delete'
),
written AS (
    SELECT endpoint, target, undoes, object_type, netbox_id, item.field AS field,
        coalesce(item.after::VARCHAR, 'null') AS value, "at", seq, change_id
    FROM set_by_change
    UNION ALL
    SELECT endpoint, target, undoes, item.object_type, item.netbox_id, item.field, 'null', "at", seq, change_id
    FROM emptied_by_delete
)
FROM written
UNION ALL
SELECT w.* REPLACE (m.netbox_id AS netbox_id)
FROM written w
JOIN ledger.made_again m ON m.target = w.target AND m.object_type = w.object_type AND m.former_id = w.netbox_id;

-- The value that this product wrote last, per object and field, whichever endpoint it came from. value is JSON text
-- with references by NetBox id, as the comparison sees it as `before` next time. A value that an undo brought back
-- belongs to the endpoint that had written it before; restored says that none had: it was in NetBox already.
CREATE OR REPLACE VIEW ledger.last_written AS
WITH newest AS (
    -- A struct, because the maximum's row counts with all its values: arg_max passes over NULL.
    SELECT target, object_type, netbox_id, field,
        arg_max({'endpoint': endpoint, 'value': value, 'undoes': undoes, 'change_id': change_id, 'at': "at"}, seq) AS last,
        max(seq) AS seq
    FROM ledger.writes
    GROUP BY target, object_type, netbox_id, field
),
brought_back AS (
    FROM newest WHERE last.undoes IS NOT NULL
),
-- Names in references are for people, and may have been others then.
nameless AS (
    SELECT b.target, b.object_type, b.netbox_id, b.field, w.endpoint, w.seq,
        regexp_replace(b.last.value, ',"name":("([^"\\]|\\.)*"|null)', '', 'g') AS now,
        regexp_replace(w.value, ',"name":("([^"\\]|\\.)*"|null)', '', 'g') AS earlier
    FROM brought_back b
    JOIN ledger.writes w USING (target, object_type, netbox_id, field)
    WHERE w.undoes IS NULL
),
authors AS (
    SELECT n.target, n.object_type, n.netbox_id, n.field, arg_max(n.endpoint, n.seq) AS endpoint
    FROM nameless n
    LEFT JOIN ledger.made_again m
        ON m.target = n.target AND m.former_id = try_cast(regexp_extract(n.earlier, '^\{"id":([0-9]+)', 1) AS BIGINT)
        AND m.netbox_id = try_cast(regexp_extract(n.now, '^\{"id":([0-9]+)', 1) AS BIGINT)
    WHERE n.now = n.earlier OR m.netbox_id IS NOT NULL
    GROUP BY ALL
)
SELECT
    coalesce(a.endpoint, n.last.endpoint) AS endpoint, n.object_type, n.netbox_id, n.field, n.last.value AS value,
    n.last."at" AS "at", n.last.change_id AS change_id, n.target,
    n.last.undoes IS NOT NULL AND a.endpoint IS NULL AS restored, n.seq
FROM newest n
LEFT JOIN authors a USING (target, object_type, netbox_id, field);

-- The objects that this product created. One that an undo made again counts as what it was before.
CREATE OR REPLACE VIEW ledger.created AS
WITH made AS (
    SELECT a.endpoint, a.object_type, a.netbox_id, a."at", a.seq, a.target
    FROM ledger.applied a
    ANTI JOIN ledger.made_again m
        ON m.target = a.target AND m.object_type = a.object_type AND m.netbox_id = a.netbox_id
    WHERE a.action = 'create'
),
known AS (
    FROM made
    UNION ALL
    SELECT made.* REPLACE (m.netbox_id AS netbox_id)
    FROM made
    JOIN ledger.made_again m
        ON m.target = made.target AND m.object_type = made.object_type AND m.former_id = made.netbox_id
)
SELECT any_value(endpoint) AS endpoint, object_type, netbox_id, arg_min("at", seq) AS "at", target, min(seq) AS seq
FROM known
GROUP BY target, object_type, netbox_id;

-- The objects that this product deleted.
CREATE OR REPLACE VIEW ledger.deleted AS
SELECT any_value(endpoint) AS endpoint, object_type, netbox_id, arg_max("at", seq) AS "at", target, max(seq) AS seq
FROM ledger.applied
WHERE action = 'delete'
GROUP BY target, object_type, netbox_id;

-- The lists of tags that this product wrote, one row per object and change.
CREATE OR REPLACE VIEW ledger.tag_lists AS
WITH written AS (
    SELECT a.target, a.object_type, a.netbox_id, a.seq, item.before::VARCHAR AS before, item.after::VARCHAR AS after
    FROM (SELECT *, unnest(fields) AS item FROM ledger.applied WHERE action <> 'delete') a
    ANTI JOIN ledger.made_again m
        ON m.target = a.target AND m.object_type = a.object_type AND m.netbox_id = a.netbox_id
        -- With which tags an undo made it again says nothing of who had put them on.
        AND a.action = 'create'
    WHERE item.field = 'tags'
)
FROM written
UNION ALL
SELECT w.* REPLACE (m.netbox_id AS netbox_id)
FROM written w
JOIN ledger.made_again m ON m.target = w.target AND m.object_type = w.object_type AND m.former_id = w.netbox_id;
