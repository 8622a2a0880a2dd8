"""``netbox_sync.duckdb``: views over the warehouse's files, for any DuckDB client (1.4 and newer), at any time.

The file contains no data. The pipeline never opens it; a sync replaces it by rename, and only when the set of views
changed. The views read whatever is current at the time of a query. So a client may keep the file open as long as it
likes: it never blocks a run, is never locked out, and sees new snapshots at once.

``storage.view_sql`` says which views there are.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, TypeVar

from netbox_sync_dagster.errors import storage_sentence
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.damage import current_versions, damage_named, set_aside_damaged
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.files import write_atomically
from netbox_sync_dagster.storage.locks import bring_locks
from netbox_sync_dagster.storage.spare_views import lent
from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_dagster.storage.view_sql import prepare_views

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# If another version becomes current between listing and opening files: try again.
_TRIES = 3

Found = TypeVar("Found")

# Written so that DuckDB 1.0 and newer can open it; the views' SQL is text and needs no newer storage.
_STORAGE_VERSION = "v1.0.0"


def is_of_the_query(error: duckdb.Error) -> bool:
    """Whether DuckDB found this in the query itself, before it read any row; it marks the place on separate lines."""
    return isinstance(error, duckdb.ParserException | duckdb.BinderException | duckdb.CatalogException)


def build_database(warehouse: Warehouse) -> Path:
    """Write ``netbox_sync.duckdb`` if it is missing or its views are outdated; returns its path.

    Safe to run in several processes at once, and while clients have the file open: those keep the old views.
    """
    sql = prepare_views(warehouse, history=True)
    if _is_current(warehouse, sql):
        return warehouse.database
    beside = warehouse.home / f".{secrets.token_hex(6)}.duckdb"
    try:
        con = connections.connect()
        try:
            # The views name only schemas and tables, so the catalog's name does not matter.
            con.execute(
                f"ATTACH '{connections.quoted(beside)}' AS netbox_sync (STORAGE_VERSION '{_STORAGE_VERSION}')"
            )
            con.execute("USE netbox_sync")
            _create(warehouse, con, sql, history=True)
            con.execute("USE memory")
            con.execute("DETACH netbox_sync")
        finally:
            con.close()
        beside.replace(warehouse.database)
    finally:
        beside.unlink(missing_ok=True)
    write_atomically(_mark_file(warehouse), _mark(warehouse, sql).encode())
    return warehouse.database


def _is_current(warehouse: Warehouse, sql: str) -> bool:
    """Whether ``netbox_sync.duckdb`` has the views of ``sql``. A damaged file is written again: it contains no data."""
    with suppress(FileNotFoundError):
        return _mark_file(warehouse).read_text(encoding="utf-8") == _mark(warehouse, sql)
    return False


def _mark_file(warehouse: Warehouse) -> Path:
    return warehouse.home / ".netbox_sync.duckdb.views"


def _mark(warehouse: Warehouse, sql: str) -> str:
    return f"{hashlib.sha256(sql.encode()).hexdigest()} {_content_hash(warehouse.database)}"


def _create(warehouse: Warehouse, con: duckdb.DuckDBPyConnection, sql: str, *, history: bool) -> None:
    """Create the views. A damaged older snapshot or diff is moved aside, so it does not break ``history.*``."""
    with damage_named(current_versions(warehouse)):
        try:
            con.execute(sql)
        except duckdb.Error as error:
            if not history or storage_sentence(error) is not None or not set_aside_damaged(warehouse):
                raise
            con.execute(sql)


def _content_hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def open_views(
    warehouse: Warehouse,
    *,
    history: bool = False,
    few: bool = False,
    status: bool = False,
    in_memory: bool = False,
) -> duckdb.DuckDBPyConnection:
    """A connection with the views. It takes no locks and waits for none; the caller closes it.

    The views are those of ``netbox_sync.duckdb`` if it is up to date, because DuckDB opens every file of a view that it
    creates. Otherwise, and with ``in_memory``, they are created in memory: ``history.*``, a month of files, only with
    ``history``; with ``few`` only ``ledger.*``, ``diff.changes`` and decisions, some of them tables, and with ``status``
    those for ``sync.status``, which cost as much again.
    ``diff.changes`` then reads the diffs that were current when it was opened, and a query fails once another is
    current (``ask``).

    Raises WarehouseError if there is no warehouse directory, and Damaged if a current file cannot be read.
    """
    created = _script(warehouse, history=history, few=few, status=status, in_memory=in_memory)
    con = connections.connect()
    try:
        if created is not None:
            _create(warehouse, con, created, history=history)
            return con
        with damage_named(current_versions(warehouse)):
            _attach(con, warehouse.database)
    except BaseException:
        con.close()
        raise
    return con


def _script(
    warehouse: Warehouse, *, history: bool, few: bool, status: bool, in_memory: bool = False
) -> str | None:
    """The SQL that creates the views of ``open_views``; None where those of the database file are used."""
    warehouse.pull_current()
    bring_locks(warehouse)
    if not warehouse.home.is_dir():
        raise WarehouseError(f"there is no warehouse in {warehouse.address} yet; run: netbox-sync sync")
    # A read-only home (another user's warehouse) is read through the database file of the last sync.
    with suppress(OSError):
        created = prepare_views(warehouse, history=history or not few, few=few, status=status)
        if few or history:
            return created if few or in_memory or not _is_current(warehouse, created) else None
        if in_memory or not _is_current(warehouse, created):
            return prepare_views(warehouse, history=False)
    return None


@contextmanager
def _opened(
    warehouse: Warehouse, *, history: bool, few: bool, status: bool, in_memory: bool
) -> Iterator[duckdb.DuckDBPyConnection]:
    """What ``open_views`` opens, for the block; the few views by a connection that had them before, if there is one."""
    created = _script(warehouse, history=history, few=True, status=status) if few else None
    if created is None:
        opened = open_views(warehouse, few=few, status=status, history=history, in_memory=in_memory)
        with closing(opened) as con:
            yield con
        return
    with lent(created, partial(_create, warehouse, history=history)) as con:
        yield con


def _attach(con: duckdb.DuckDBPyConnection, database: Path) -> None:
    """Use the views of a database file: of a copy, because DuckDB locks the files that it opens."""
    with NamedTemporaryFile(suffix=".duckdb") as copy:
        copy.write(database.read_bytes())
        copy.flush()
        # DuckDB keeps it open after its name is gone.
        con.execute(f"ATTACH '{connections.quoted(Path(copy.name))}' AS netbox_sync (READ_ONLY)")
    con.execute("USE netbox_sync")
    # A file of an older version lacks it.
    con.execute(read_sql("natural.sql").replace("create or replace macro", "create or replace temp macro"))


def ask(
    warehouse: Warehouse,
    look: Callable[[duckdb.DuckDBPyConnection], Found],
    *,
    few: bool = True,
    status: bool = False,
    history: bool = False,
) -> Found:
    """The result of ``look`` on the views (``open_views``); called again if a newer version became current meanwhile.

    Raises Damaged if a current file cannot be read, else DuckDB's errors.
    """
    # Views that are created in memory leave damaged older files out.
    tries = [*([few] * (_TRIES - 1)), True]
    while True:
        in_memory = tries.pop(0)
        try:
            with _opened(warehouse, few=few, status=status, history=history, in_memory=in_memory) as con:
                return look(con)
        except duckdb.Error as error:
            if not few and (is_of_the_query(error) or isinstance(error, duckdb.ConversionException)):
                raise
            if not tries or (in_memory and not isinstance(error, duckdb.IOException)):
                # A file may be damaged in a part that DuckDB reads only during the query.
                with damage_named(current_versions(warehouse)):
                    raise
            if not isinstance(error, duckdb.IOException):
                tries = tries[-1:]
