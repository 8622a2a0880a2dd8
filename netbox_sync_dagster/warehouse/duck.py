"""In-memory DuckDB connections that print nothing: DuckDB draws its own progress bar on long queries."""

from __future__ import annotations

import duckdb


def connect() -> duckdb.DuckDBPyConnection:
    """A new in-memory connection; the caller closes it."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    return con
