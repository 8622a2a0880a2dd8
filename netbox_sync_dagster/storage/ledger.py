"""The ledger's files, how lines are appended to them, and the DuckDB views over them.

Layout under ``<home>/ledger``::

    approvals/<endpoint>/<year>-<month>.jsonl     decisions, many short writers
    applies/<endpoint>/<apply id>.jsonl           one file and one writer per apply
    accepted/all/<year>-<month>.jsonl             damage that a person has accepted
    resolutions/<endpoint>/<year>-<month>.jsonl   what people answered to questions
    freezes/all/<year>-<month>.jsonl              who froze applies, and who allowed them again
    heads/<kind>/<endpoint>.json                  the last line of a chain of files, see ``storage.chain``
    leases/<endpoint>                             who is applying now

Files are only ever appended to. The months are those of ``storage.sequence``, so that the newest file is the last. Endpoint names begin with a letter or digit, so the folder ``_none`` with its
empty file, which lets DuckDB find the columns of a ledger that has no lines yet, meets no endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import chain, connections
from netbox_sync_dagster.storage.files import make_private
from netbox_sync_dagster.storage.sequence import id_of
from netbox_sync_dagster.storage.store import Warehouse

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

Line = dict[str, Any]

# Contains an empty file. Not the name of an endpoint: those begin with a letter or digit.
_NONE = "_none"


def approvals_folder(warehouse: Warehouse, endpoint: str) -> Path:
    """The folder with the decisions on this endpoint's changes."""
    return warehouse.ledger / "approvals" / endpoint


def applies_folder(warehouse: Warehouse, endpoint: str) -> Path:
    """The folder with one file per apply of this endpoint."""
    return warehouse.ledger / "applies" / endpoint


def prepare_ledger(warehouse: Warehouse, *, pull: bool = True) -> None:
    """Download the ledger, and create the empty files that ``sql/views/ledger*.sql`` needs before the first line."""
    make_private(warehouse.home)
    if pull:
        warehouse.pull(warehouse.ledger)
    for kind in ("approvals", "applies", "resolutions"):
        empty = warehouse.ledger / kind / _NONE / "none.jsonl"
        if not empty.exists():
            empty.parent.mkdir(parents=True, exist_ok=True)
            empty.touch()


def has_applies(warehouse: Warehouse) -> bool:
    """Whether the ledger that ``prepare_ledger`` downloaded has a line of an apply."""
    return any(file.stat().st_size for file in warehouse.ledger.glob("applies/*/*.jsonl"))


def apply_files(warehouse: Warehouse) -> dict[tuple[str, str], Path]:
    """{(endpoint, apply id): file} of all applies that are here; the first line of a file is its start (``first_line``)."""
    files = warehouse.ledger.glob("applies/*/*.jsonl")
    return {(file.parent.name, file.stem): file for file in files}


def first_line(file: Path) -> Line:
    """The first line of a ledger file; empty if there is none, or it is damaged."""
    try:
        with file.open("rb") as content:
            found = orjson.loads(content.readline())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def ledger_views(warehouse: Warehouse, *, objects: bool = True) -> str:
    """The SQL that creates the views ``ledger.*`` over this warehouse; with ``objects`` also those of NetBox's
    objects."""
    script = read_sql("views/ledger.sql") + (read_sql("views/ledger_objects.sql") if objects else "")
    return script.replace("{home}", connections.quoted(connections.pattern(warehouse.home)))


def ledger_view_queries(warehouse: Warehouse) -> dict[str, str]:
    """The query of each view of ``ledger_views``, by name, for callers that need only a few."""
    return _view_queries(ledger_views(warehouse))


def _view_queries(script: str) -> dict[str, str]:
    parts = re.split(r"(?m)^create or replace view ledger\.(\w+) as$", script)
    return {name: text.split(";\n")[0] for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def open_ledger(warehouse: Warehouse, *, objects: bool = False) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB connection with the views ``ledger.*``; the caller closes it.

    Those of ``sql/views/ledger_objects.sql`` only with ``objects``: creating them takes a quarter of a second.
    """
    prepare_ledger(warehouse)
    con = connections.connect()
    con.execute(ledger_views(warehouse, objects=objects))
    return con


def ask_verdicts(
    warehouse: Warehouse, endpoint: str, sql: str, parameters: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    """The rows of a query of ``verdicts``: the view ``ledger.verdicts``, limited to one endpoint.

    Only that endpoint's files are downloaded and read, so the size of the other ledgers does not matter.
    """
    warehouse.pull(applies_folder(warehouse, endpoint))
    files = [file for file in applies_folder(warehouse, endpoint).glob("*.jsonl") if file.stat().st_size]
    if not files:
        # DuckDB does not accept an empty list of files.
        prepare_ledger(warehouse, pull=False)
        endpoint = _NONE
    with closing(connections.reader()) as con:
        view = _verdicts_view().replace("{home}", connections.quoted(connections.pattern(warehouse.home)))
        view = view.replace("/applies/*/", f"/applies/{connections.quoted(connections.pattern(endpoint))}/")
        return con.execute(f"WITH verdicts AS ({view}) {sql}", list(parameters)).fetchall()


@cache
def _verdicts_view() -> str:
    return _view_queries(read_sql("views/ledger.sql"))["verdicts"]


def append_lines(warehouse: Warehouse, path: Path, lines: Iterable[Line]) -> None:
    """Append lines in one write, chained to the lines before (``storage.chain``), and flush them to disk before
    returning."""
    chain.append(warehouse, path, lines)


def month_file(warehouse: Warehouse, folder: Path) -> Path:
    """The file of this month in a folder with one file per month."""
    number = warehouse.next_number()
    return folder / f"{id_of(number)[:4]}-{id_of(number)[4:6]}.jsonl"


def ledger_files(warehouse: Warehouse, folder: Path, pattern: str = "*.jsonl") -> list[Path]:
    """The current files of decisions or applies in an endpoint's folder, of all machines, oldest first."""
    warehouse.pull(folder)
    return sorted(folder.glob(pattern))


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of one file.

    Skips lines that a crash cut off and, after the first line with a hash, lines that were changed since they were
    written; ``storage.verify`` names them.
    """
    begun = False
    with path.open("rb") as file:
        for text in file:
            link = chain.link_of(text)
            begun = begun or (link is not None and link.sound)
            if begun and (link is None or not link.sound):
                continue
            try:
                yield orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
