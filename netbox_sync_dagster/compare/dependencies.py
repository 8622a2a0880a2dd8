"""From decided rows to the diff's files: dependencies, what they block, and change ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from netbox_sync_dagster.compare.answers import settle_answers
from netbox_sync_dagster.compare.database import is_empty, run
from netbox_sync_dagster.compare.diff_files import add_change_ids, write_diff
from netbox_sync_dagster.compare.field_needs import keep_together
from netbox_sync_dagster.compare.first_diffs import add_first_diffs
from netbox_sync_dagster.compare.graph import conditions
from netbox_sync_dagster.config.resources import PREREQUISITES
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# The files of sql/plan that find dependencies: references in fields and targets, the custom fields and tags that this
# diff creates, and what comes before a delete, a field or a row of a stack.
_NEEDS = (
    "needs_by_reference",
    "needs_custom_fields",
    "needs_tags",
    "needs_before_delete",
    "needs_of_fields",
    "needs_of_stacks",
    "needs_of_freed_addresses",
)
# What else blocks a row: another one that is kept.
_HOLDS = ("unmet", "kept_with")


class Only(NamedTuple):
    """The one object that was read: what it is (``devices`` or ``virtual_machines``), and the source's id of it."""

    resource: str
    source_id: str


def finish(
    con: duckdb.DuckDBPyConnection,
    stage: Path,
    endpoint: str,
    diff_id: str,
    *,
    only: Only | None = None,
    earlier: Sequence[Path] = (),
) -> dict[str, dict[str, int]]:
    """Write ``<resource>.parquet`` for every resource into ``stage``; returns {resource: {action: rows}}.

    A row that needs an object which no change creates is blocked, and so are the rows that need it. A prerequisite that
    nothing needs is dropped. With ``only``, everything that neither belongs to this object nor is needed by it is dropped.
    ``earlier``: the diffs in which rows may have been before (``first_diffs``).
    """
    settle(con, only)
    add_change_ids(con, endpoint)
    add_first_diffs(con, earlier)
    return write_diff(con, stage, endpoint, diff_id)


def settle(con: duckdb.DuckDBPyConnection, only: Only | None = None) -> None:
    """The final decision on every row of ``diff.rows``: its dependencies, and the rows that these block."""
    keep_together(con)
    _find_needs(con)
    if only is not None:
        run(con, read_sql("plan/one_object.sql"), {"resource": only.resource, "id": only.source_id})
    _drop_unneeded(con)
    _block(con)
    settle_answers(con)


def _find_needs(con: duckdb.DuckDBPyConnection) -> None:
    """Table ``diff.dependencies``: which rows each row needs."""
    files = [f"plan/{name}.sql" for name in _NEEDS]
    needs = [
        f"({read_sql(file)})"
        for file in files
        if not (only := conditions(file)) or not all(is_empty(con, relation) for relation in only)
    ]
    run(
        con,
        "CREATE TABLE diff.dependencies (resource VARCHAR, key VARCHAR, needs_resource VARCHAR, needs_key VARCHAR)",
    )
    run(con, f"INSERT INTO diff.dependencies {' UNION '.join(needs)}")


def _drop_unneeded(con: duckdb.DuckDBPyConnection) -> None:
    while (
        row := run(con, read_sql("plan/unneeded.sql"), {"prerequisites": list(PREREQUISITES)}).fetchone()
    ) and row[0]:
        pass


def _block(con: duckdb.DuckDBPyConnection) -> None:
    """Block rows that need a row which is not written, transitively."""
    only = conditions("plan/uncabled.sql")
    files = [*_HOLDS, *(() if all(is_empty(con, relation) for relation in only) else ("uncabled",))]
    while any(_block_held(con, file) for file in files):
        pass


def _block_held(con: duckdb.DuckDBPyConnection, file: str) -> bool:
    """Block the rows that this file of sql/plan finds; returns whether there were any."""
    row = run(con, f"CREATE OR REPLACE TEMP TABLE held AS {read_sql(f'plan/{file}.sql')}").fetchone()
    if not row or not row[0]:
        return False
    run(con, read_sql("plan/block.sql"))
    return True
