"""The SQL that creates the views of the warehouse: which there are, and what each reads. ``storage.views`` opens them.

- ``<kind>.<table>``, ``netbox.<table>``: the current snapshots (``storage.tables``)
- ``history.<system>_<table>``: all kept snapshots; ``history.diff_changes``: all kept diffs
- ``desired.<table>``: the current snapshots in NetBox's terms
- ``diff.<resource>``, ``diff.changes``, ``diff.fields``: the current diffs; ``diff.objects``, ``diff.summary``: put together
- ``ledger.*``: approvals, applies, verdicts
- ``sync.*``: status, snapshots, diffs, attempts, scopes, rejected, skipped
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.current_files import NONE, current_pattern, files_with_rows
from netbox_sync_dagster.storage.desired_tables import desired_columns
from netbox_sync_dagster.storage.folding import folded
from netbox_sync_dagster.storage.ledger import prepare_ledger
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_dagster.storage.shown_columns import fields_of, readable
from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_dagster.storage.tables import (
    ANY_FIELD_STRUCT,
    CAUSE_COLUMNS,
    DIFF_COLUMNS,
    SENTENCE_COLUMNS,
    SENTENCES,
    SYSTEMS,
    Columns,
)
from netbox_sync_dagster.storage.versions import linked

# The snapshot that a file belongs to, by its path.
_ID_OF_FOLDER = "coalesce(nullif(regexp_extract(filename, '/([0-9][^/]*)/[^/]*$', 1), ''), snapshot_id)"
# Hand-written views: first those for ``sync.status`` and the ledger, then those that read the generated ones.
_DECISIONS = "views/decisions.sql"
_FIRST = ("views/ledger.sql", _DECISIONS)
_STATES = "views/change_states.sql"
_STATUS = "views/sync.sql"
_REST = ("views/ledger_objects.sql", "views/diff.sql", "views/across.sql", "views/comments.sql")
# What diff.changes reads of _DECISIONS.
_DECIDED = ("plans", "last_verdicts", "decisions")
_CHANGES = "diffs/*/{current}/*.parquet"
_SCHEMAS = (*SYSTEMS, "history", "desired", "diff", "ledger", "sync")


def prepare_views(warehouse: Warehouse, *, history: bool, few: bool = False, status: bool = False) -> str:
    """Create the empty files that the views need; returns the SQL that creates the views (which ones: see
    ``open_views``)."""
    desired = desired_columns()
    for system, tables in SYSTEMS.items():
        head: Columns = {"endpoint": "VARCHAR", "snapshot_id": "VARCHAR"}
        empty = {f"{name}.parquet": {**head, **table.columns} for name, table in tables.items()}
        _publish_empty(warehouse, warehouse.snapshots(system, NONE), empty)
        (warehouse.snapshots(system, NONE) / "attempts.jsonl").touch()
        (warehouse.home / "running" / system).mkdir(parents=True, exist_ok=True)
    empty = {f"{name}.parquet": DIFF_COLUMNS | {"fields": ANY_FIELD_STRUCT} for name in RESOURCES}
    empty |= {f"desired/{name}.parquet": columns for name, columns in desired.items()}
    empty[f"desired/{SENTENCES}.parquet"] = SENTENCE_COLUMNS
    _publish_empty(warehouse, warehouse.diffs(NONE), empty)
    (warehouse.diffs(NONE) / "attempts.jsonl").touch()
    (warehouse.home / "running" / "netbox" / f"{NONE}.json").touch()
    (warehouse.home / "endpoints.jsonl").touch()
    prepare_ledger(warehouse)
    lines = [f"CREATE SCHEMA IF NOT EXISTS {schema};" for schema in _SCHEMAS]
    lines += [read_sql(file) for file in ("natural.sql", "missing.sql", *_FIRST)]
    if few:
        lines.append(_diff_view("changes", files_with_rows(warehouse)))
    else:
        lines += _table_views(desired, history)
        lines += _without_looking_again([*_diff_views(), folded("diff.changes", "diff")])
    lines += [
        read_sql(file)
        .replace("{state}", read_sql("views/state.sql"))
        .replace("{causes}", read_sql("causes.sql").rstrip())
        .replace("{rows}", _rows_of([_CHANGES]))
        for file in (_STATES, *([_STATUS] * (status or not few)), *(() if few else _REST))
    ]
    if not few:
        lines += [source.comments() for source in sources().values()]
    home = connections.quoted(connections.pattern(warehouse.home))
    script = "\n".join(lines).replace("{stored}", "table" if few else "view")
    return script.replace("{home}", home).replace("{current}", current_pattern(warehouse))


def rows_of_diffs(warehouse: Warehouse) -> str:
    """SQL of the rows of all current diffs, as their files have them: decisions (``diff.changes``) cost a reading of the whole
    ledger. Use it within ``ask``, after the views were opened."""
    sql = _rows_of(files_with_rows(warehouse)).replace("{current}", current_pattern(warehouse))
    return sql.replace("{home}", connections.quoted(connections.pattern(warehouse.home)))


def _table_views(desired: Mapping[str, Columns], history: bool) -> list[str]:
    """One view per table of the snapshots, the desired state and the diffs."""
    lines: list[str] = []

    def view(name: str, pattern: str, columns: Columns, comment: str = "", *, linked: bool = False) -> None:
        shown = readable(columns)
        if linked:
            # A table without changes is the file of an earlier snapshot, whose id is in its column.
            shown.replaced["snapshot_id"] = _ID_OF_FOLDER
        # By name: an older file may lack columns that a newer one has.
        lines.append(
            f"CREATE OR REPLACE VIEW {name} AS\nSELECT *{' EXCLUDE (filename)' * linked}{shown}"
            f" FROM read_parquet('{{home}}/{pattern}', union_by_name = true{', filename = true' * linked});"
        )
        if comment:
            lines.append(f"COMMENT ON VIEW {name} IS '{comment}';")

    for system, tables in SYSTEMS.items():
        for table, content in tables.items():
            view(
                f"{system}.{table}",
                f"snapshots/{system}/*/{{current}}/{table}.parquet",
                content.columns,
                f"{table.replace('_', ' ')} of the current snapshot of every endpoint",
                linked=system == "netbox",
            )
            if history:
                view(
                    f"history.{system}_{table}",
                    f"snapshots/{system}/*/[0-9]*/{table}.parquet",
                    content.columns,
                    f"{system}.{table} of every kept snapshot; when it was read: join sync.snapshots on snapshot_id",
                    linked=system == "netbox",
                )
    for about in ("scopes", "rejected"):
        of_each = " UNION ALL BY NAME ".join(
            f"SELECT '{system}' AS system, * FROM {system}.{about}" for system in SYSTEMS
        )
        lines.append(f"CREATE OR REPLACE VIEW sync.{about} AS {of_each};")
    if history:
        view(
            "history.diff_changes",
            "diffs/*/[0-9]*/*.parquet",
            DIFF_COLUMNS,
            "diff.changes of every kept diff; slow where many are kept, so filter by endpoint and resource",
        )
    for table, columns in desired.items():
        lines.append(_desired_view(table, columns))
    return lines


def _diff_views() -> list[str]:
    """``diff.changes``, and one view per resource."""
    lines = [_diff_view("changes", [_CHANGES])]
    for resource in RESOURCES:
        lines.append(_diff_view(resource, [f"diffs/*/{{current}}/{resource}.parquet"]))
        lines.append(
            f"COMMENT ON VIEW diff.{resource} IS 'Current differences in {resource}; columns as in diff.changes';"
        )
    return lines


def _without_looking_again(views: Sequence[str]) -> list[str]:
    """The SQL that creates ``views``, each of which reads ``_DECIDED``: while they are created, those are views of tables
    without rows. DuckDB looks through everything that a view reads when it creates it, which for decisions takes longer than
    all the rest."""
    lines = []
    for name in _DECIDED:
        lines.append(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM sync.{name} LIMIT 0;")
        lines.append(f"CREATE OR REPLACE VIEW sync.{name} AS FROM temp.{name};")
    lines += views
    lines += [read_sql(_DECISIONS), *(f"DROP TABLE temp.{name};" for name in _DECIDED)]
    return lines


def _diff_view(name: str, patterns: Sequence[str]) -> str:
    """Rows of the current diffs in these files, with their decisions."""
    query = read_sql("views/changes.sql").replace("{fields}", fields_of("r"))
    return f"CREATE OR REPLACE VIEW diff.{name} AS\n{query.replace('{rows}', _rows_of(patterns))};"


def _rows_of(patterns: Sequence[str]) -> str:
    listed = ", ".join(f"'{{home}}/{pattern}'" for pattern in patterns)
    return f"read_parquet([{listed}], union_by_name = true)"


def _desired_view(table: str, columns: Columns) -> str:
    """A desired table, with causes as sentences."""
    files = "{home}/diffs/*/{current}/desired"
    causes = [name for name in CAUSE_COLUMNS if name in columns]
    shown = readable(columns, "d")
    shown.replaced.update({name: f"coalesce(s_{name}.sentence, d.{name})" for name in causes})
    joins = "".join(
        f"\nLEFT JOIN read_parquet('{files}/{SENTENCES}.parquet') s_{name}"
        f" ON s_{name}.endpoint = d.endpoint AND s_{name}.text = d.{name}"
        for name in causes
    )
    return (
        f"CREATE OR REPLACE VIEW desired.{table} AS\n"
        f"SELECT d.*{shown} FROM read_parquet('{files}/{table}.parquet', union_by_name = true) d{joins};\n"
        f"COMMENT ON VIEW desired.{table} IS '{table.replace('_', ' ')} of the current diffs,"
        " from the endpoints'' snapshots in NetBox''s terms';"
    )


def _publish_empty(warehouse: Warehouse, folder: Path, files: dict[str, Columns]) -> None:
    """Make an endpoint without rows current in ``folder``, unless the one there has these columns already."""
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
    with suppress(OSError):
        if (folder / linked(folder) / "columns").read_text(encoding="utf-8") == digest:
            return
    # Several processes may do this at once; none may prune what another has just made current.
    with warehouse.publish(folder, keep=20) as (_, stage):
        for name, columns in files.items():
            file = stage / name
            file.parent.mkdir(exist_ok=True)
            write_parquet(file, columns, [])
        # An empty manifest: no rows either.
        (stage / "manifest.json").touch()
        (stage / "columns").write_text(digest, encoding="utf-8")
