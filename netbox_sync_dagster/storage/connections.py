"""In-memory DuckDB connections that print nothing, and quoting of paths for DuckDB."""

from __future__ import annotations

import atexit
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.lazy import lazy_module

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")


def connect() -> duckdb.DuckDBPyConnection:
    """A new in-memory connection in UTC, without the progress bar that DuckDB draws; the caller closes it."""
    con = duckdb.connect()
    # Global: the cursors of a connection do not take over its session's settings.
    con.execute("SET enable_progress_bar = false; SET GLOBAL TimeZone = 'UTC'")
    return con


def reader() -> duckdb.DuckDBPyConnection:
    """A connection for queries of files; the caller closes it.

    All of a process share one database, which stays empty: a new one costs more than most such queries.
    """
    return _shared().cursor()


@contextmanager
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with a separate empty database, for tables and views; both end with the block.

    It is attached to the one of ``reader``, in a twentieth of the time that ``connect`` takes.
    """
    con, name = reader(), f"scratch_{secrets.token_hex(8)}"
    try:
        con.execute(f"ATTACH ':memory:' AS {name}; USE {name}")
        try:
            yield con
        finally:
            con.execute(f"USE memory; DETACH {name}")
    finally:
        con.close()


@cache
def _shared() -> duckdb.DuckDBPyConnection:
    # Released before Python shuts down: DuckDB complains on stderr about anything left at the very end.
    atexit.register(_shared.cache_clear)
    con = connect()
    # Files are read once: DuckDB's cache would only waste memory in a process that runs for months.
    con.execute("SET enable_external_file_cache = false")
    return con


def pattern(path: Path | str) -> str:
    """A path for functions that read files, with wildcards escaped."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def quoted(text: Path | str) -> str:
    """For use between single quotes in SQL."""
    return str(text).replace("'", "''")


def without_semicolon(sql: str) -> str:
    """One statement without its semicolon and the comments after it."""
    text = sql.encode()
    ends = [at for at, kind in duckdb.tokenize(sql) if kind != duckdb.token_type.comment]
    while ends and text[ends[-1] : ends[-1] + 1] == b";":
        text = text[: ends.pop()]
    return text.decode()


def named_rows(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """All rows of a result, each as column name to value."""
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
