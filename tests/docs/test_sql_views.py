"""docs/sql-views.md holds every view with its columns and comments, as DuckDB has them.

After a change of the views: python -m tests.docs.test_sql_views
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import duckdb

from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import build_database
from tests.docs.commands import ROOT

PAGE = ROOT / "docs" / "sql-views.md"
HEAD = """# All views

Every view of `netbox_sync.duckdb` with its columns, from the database itself. [SQL](sql.md) explains the important ones and
has queries. `history.<schema>_<table>` has the columns of the table in all retained snapshots or diffs.
"""
SCHEMAS = {
    "sync": "The status of every endpoint.",
    "diff": "The current differences.",
    "ledger": "Decisions and writes.",
    "desired": "The current snapshots in NetBox's terms.",
    "netbox": "The current snapshot of NetBox.",
    "librenms": "The current snapshots of LibreNMS.",
    "proxmox": "The current snapshots of Proxmox VE.",
    "docker": "The current snapshots of Docker hosts.",
    "tables": "The current results of the SQL files of [tables](tables.md).",
}
_VIEWS = "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE NOT internal"
_COLUMNS = """
    SELECT schema_name, table_name, column_name, lower(data_type), comment
    FROM duckdb_columns() WHERE NOT internal ORDER BY schema_name, table_name, column_index"""
# A column as long as a row of a diff, or a list of structures, says no more than this.
_STRUCT = re.compile(r"struct\(.*\)")
_SAME = "columns as in diff.changes"

Column = tuple[str, str, str | None]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _view(name: str, comment: str | None, columns: list[Column]) -> Iterator[str]:
    yield f"### {name}\n"
    if comment:
        yield f"{_cell(comment)}.\n"
    if comment and _SAME in comment:
        return
    listed = [f"`{column}` {_STRUCT.sub('struct', kind)}" for column, kind, _ in columns]
    yield ", ".join(listed) + "\n"
    explained = [(column, text) for column, _, text in columns if text]
    if explained:
        yield "| column | meaning |\n|---|---|\n" + "".join(
            f"| `{c}` | {_cell(text)} |\n" for c, text in explained
        )


def page() -> str:
    """The page in Markdown, from an empty warehouse."""
    with tempfile.TemporaryDirectory() as folder:
        build_database(Warehouse(Path(folder) / "data"))
        with duckdb.connect(str(Path(folder) / "data" / "netbox_sync.duckdb"), read_only=True) as con:
            comments = {(schema, view): text for schema, view, text in con.execute(_VIEWS).fetchall()}
            rows = con.execute(_COLUMNS).fetchall()
    columns = {key: [row[2:] for row in found] for key, found in groupby(rows, key=lambda row: row[:2])}
    parts = [HEAD]
    for schema, meaning in SCHEMAS.items():
        parts.append(f"## {schema}\n\n{meaning}\n")
        for key in sorted(key for key in comments if key[0] == schema):
            parts += _view(".".join(key), comments[key], columns[key])
    return "\n".join(parts)


def test_the_page_has_the_views_of_the_database() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.docs.test_sql_views"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
