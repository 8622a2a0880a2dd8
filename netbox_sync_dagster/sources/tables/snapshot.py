"""Reads an endpoint's tables: all SQL runs now, and its results become the snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import duckdb

from netbox_sync_dagster.sources.tables.columns import KIND, SHAPES
from netbox_sync_dagster.sources.tables.config import TablesEndpoint
from netbox_sync_dagster.sources.tables.database import load_extension, opened
from netbox_sync_dagster.sources.tables.folder import Folder, FolderError, find_files, who_of
from netbox_sync_dagster.sources.tables.rows import (
    Delivered,
    check_references,
    column_problems,
    key_text,
    owner_of,
    read_rows,
)
from netbox_sync_dagster.sources.tables.statements import MissingExtension, SqlError, SqlFile
from netbox_sync_dagster.storage.snapshots import Manifest, SnapshotWriter, write_snapshot
from netbox_sync_dagster.storage.store import Warehouse

# The table of a file's result is called so, with the file's name behind it.
_RESULT = "_result_of_"
# The scopes of `tables.scopes`; scope_id is the id of a device or virtual machine, or '*' where a row has none.
SCOPES = {
    **{name: f"rows of {name}.sql that were rejected" for name in SHAPES},
    "table": "a table that shrank since the last good snapshot",
}


def snapshot_tables(
    endpoint: TablesEndpoint,
    warehouse: Warehouse,
    *,
    progress: Callable[[str], None] = lambda _: None,
    accept_shrink: bool = False,
) -> Manifest:
    """Run the endpoint's SQL files into a new snapshot. Raises FolderError with the problems of all files, SqlError,
    MissingSecret."""
    with write_snapshot(warehouse, KIND, endpoint.name, accept_shrink=accept_shrink) as writer:
        writer.source_version = f"DuckDB {duckdb.__version__}"
        folder = find_files(endpoint)
        with opened(endpoint) as con:
            delivered = _run_all(con, endpoint, folder, progress)
        check_references(delivered)
        writer.rows("files", [{"name": name, "present": name in folder.files} for name in SHAPES])
        for name, one in delivered.items():
            writer.rows(name, (row for _, row in one.rows))
            _record_rejected(writer, name, one)
    return Manifest(**warehouse.manifest(warehouse.snapshots(KIND, endpoint.name)))


def check_files(endpoint: TablesEndpoint, con: duckdb.DuckDBPyConnection, folder: Folder) -> None:
    """Prepare every file without reading its rows. Raises FolderError."""
    problems = _make_helpers(con, endpoint, folder, rows=False)
    for name, file in folder.files.items() if not problems else ():
        try:
            problems += column_problems(SHAPES[name], _into(con, endpoint, file, _RESULT + name, rows=False))
        except SqlError as error:
            problems.append(str(error))
    if problems:
        raise FolderError(who_of(endpoint), problems)


def _run_all(
    con: duckdb.DuckDBPyConnection,
    endpoint: TablesEndpoint,
    folder: Folder,
    progress: Callable[[str], None],
) -> dict[str, Delivered]:
    """The rows of every file, by table. Raises FolderError."""
    problems = _make_helpers(con, endpoint, folder, rows=True)
    delivered: dict[str, Delivered] = {}
    for name, file in folder.files.items() if not problems else ():
        try:
            columns = _into(con, endpoint, file, _RESULT + name, rows=True)
        except SqlError as error:
            problems.append(str(error))
            continue
        wrong = column_problems(SHAPES[name], columns)
        problems += wrong
        if not wrong:
            delivered[name] = read_rows(SHAPES[name], con, _RESULT + name, columns)
            progress(f"{file.name}: {len(delivered[name].rows)} rows")
        con.execute(f'DROP TABLE "{_RESULT + name}"')
    if problems:
        raise FolderError(who_of(endpoint), problems)
    return {name: delivered[name] for name in SHAPES if name in delivered}


def _make_helpers(
    con: duckdb.DuckDBPyConnection, endpoint: TablesEndpoint, folder: Folder, *, rows: bool
) -> list[str]:
    """Make a table of every helper; the first problem, which files that read it would only repeat."""
    for name, file in folder.helpers.items():
        try:
            _into(con, endpoint, file, name, rows=rows)
        except SqlError as error:
            return [str(error)]
    return []


def _into(
    con: duckdb.DuckDBPyConnection, endpoint: TablesEndpoint, file: SqlFile, table: str, *, rows: bool
) -> list[str]:
    """Run a file into a table; extensions that it needs are loaded from disk. The names of its columns."""
    try:
        return file.into(con, table, endpoint.parameters, endpoint.timeout, rows=rows)
    except MissingExtension as error:
        try:
            load_extension(con, error.extension)
        except SqlError as missing:
            raise SqlError(f"{file.name}: {missing}") from None
        return file.into(con, table, endpoint.parameters, endpoint.timeout, rows=rows)


def _record_rejected(writer: SnapshotWriter, name: str, one: Delivered) -> None:
    """Keep the rejected rows, and say once for each owner that it lacks them."""
    owners: dict[str, list[str]] = defaultdict(list)
    for number, row, reason in sorted(one.rejected, key=lambda item: item[0]):
        said = f"{one.shape.file}, row {number}: {reason}"
        writer.reject(name, key_text(one.shape, row, number), said, row)
        owners[owner_of(one.shape, row)].append(said)
    for owner, reasons in owners.items():
        rest = f" ({len(reasons)} rejected rows)" if len(reasons) > 1 else ""
        writer.incomplete(name, owner, f"{reasons[0]}{rest}", unseen=False)
