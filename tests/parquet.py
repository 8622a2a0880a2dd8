"""Looks into the Parquet files of a warehouse, all from one DuckDB: to start another costs more than most questions."""

from __future__ import annotations

from functools import cache

import duckdb


@cache
def _started() -> duckdb.DuckDBPyConnection:
    # Tests damage files and look again.
    return duckdb.connect(config={"enable_external_file_cache": "false"})


def looking() -> duckdb.DuckDBPyConnection:
    """A connection; temporary views in it are seen by no other."""
    return _started().cursor()
