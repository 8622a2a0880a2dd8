"""In-memory DuckDB connections that print nothing, and paths as DuckDB takes them."""

from __future__ import annotations

import atexit
import re
from functools import cache
from pathlib import Path

import duckdb


def connect() -> duckdb.DuckDBPyConnection:
    """A new in-memory connection without the progress bar that DuckDB draws; the caller closes it."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    return con


def reader() -> duckdb.DuckDBPyConnection:
    """A connection for a question to files alone; the caller closes it.

    All of one process share a database, in which nothing is made: a new one costs more than most such questions.
    """
    return _shared().cursor()


@cache
def _shared() -> duckdb.DuckDBPyConnection:
    # Let go of while Python still works: DuckDB complains on stderr of what is left at the very end.
    atexit.register(_shared.cache_clear)
    con = connect()
    # Nothing is read twice: what DuckDB would keep of the files is memory lost to a process that runs for months.
    con.execute("SET enable_external_file_cache = false")
    return con


def pattern(path: Path | str) -> str:
    """A path for functions that read files: what they would take for wildcards stands for itself."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def quoted(text: Path | str) -> str:
    """For use between single quotes in SQL."""
    return str(text).replace("'", "''")
