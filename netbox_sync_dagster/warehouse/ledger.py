"""Where the ledger's files are, how a line gets into them, and the DuckDB views over them.

Layout under ``<home>/ledger``::

    approvals/<endpoint>/<year>-<month>.jsonl     decisions, many short writers
    applies/<endpoint>/<apply id>.jsonl           one file and one writer per apply
    leases/<endpoint>                             who is applying now

Files are only ever appended to. Endpoint names begin with a letter or digit, so the folder ``_none`` with its
empty file, which lets DuckDB find the columns of a ledger that has no lines yet, meets no endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import orjson

from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.warehouse import duck
from netbox_sync_dagster.warehouse.store import Warehouse

Line = dict[str, Any]


def approvals_folder(warehouse: Warehouse, endpoint: str) -> Path:
    """The folder with the decisions on this endpoint's changes."""
    return warehouse.ledger / "approvals" / endpoint


def applies_folder(warehouse: Warehouse, endpoint: str) -> Path:
    """The folder with one file per apply of this endpoint."""
    return warehouse.ledger / "applies" / endpoint


def prepare_ledger(warehouse: Warehouse) -> None:
    """Bring the ledger here, and what the views of ``sql/views/ledger.sql`` need before there is any line."""
    warehouse.pull(warehouse.ledger)
    for kind in ("approvals", "applies"):
        empty = warehouse.ledger / kind / "_none" / "none.jsonl"
        if not empty.exists():
            empty.parent.mkdir(parents=True, exist_ok=True)
            empty.touch()


def ledger_views(warehouse: Warehouse) -> str:
    """The SQL that creates the views ``ledger.*`` over this warehouse."""
    return read_sql("views/ledger.sql").replace("{home}", duck.quoted(duck.pattern(warehouse.home)))


def open_ledger(warehouse: Warehouse) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB connection with the views ``ledger.*``; the caller closes it."""
    prepare_ledger(warehouse)
    con = duck.connect()
    con.execute(ledger_views(warehouse))
    return con


def append_lines(warehouse: Warehouse, path: Path, lines: Iterable[Line]) -> None:
    """Append lines in one write and flush them to disk before returning."""
    warehouse.append(
        path, b"".join(orjson.dumps(line, option=orjson.OPT_SORT_KEYS) + b"\n" for line in lines)
    )


def ledger_files(warehouse: Warehouse, folder: Path, pattern: str = "*.jsonl") -> list[Path]:
    """The files of decisions or applies in an endpoint's folder, oldest first, as they are now on any machine."""
    warehouse.pull(folder)
    return sorted(folder.glob(pattern))


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of one file; a line that was cut off by a crash is left out."""
    with path.open("rb") as file:
        for text in file:
            try:
                yield orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
