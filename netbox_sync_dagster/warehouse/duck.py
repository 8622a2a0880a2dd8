"""In-memory DuckDB connections that print nothing, and paths as DuckDB takes them."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb


def connect() -> duckdb.DuckDBPyConnection:
    """A new in-memory connection without the progress bar that DuckDB draws; the caller closes it."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    return con


def pattern(path: Path | str) -> str:
    """A path for functions that read files: what they would take for wildcards stands for itself."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def quoted(text: Path | str) -> str:
    """For use between single quotes in SQL."""
    return str(text).replace("'", "''")
