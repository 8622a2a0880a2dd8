"""Tells queries from statements that write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from netbox_sync_dagster.lazy import lazy_module

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

_GAP = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
# EXPLAIN ANALYZE runs the statement, whatever it is.
_EXPLAIN = re.compile(rf"{_GAP}explain\b{_GAP}(?:\(\s*(?:analyze|format)[^)]*\)|analyze\b)?", re.I | re.S)
# PIVOT is several statements, also within COPY and CREATE.
_PIVOT = re.compile(rf"{_GAP}\(?{_GAP}(?:pivot|from|select|with)\b", re.I | re.S)


def queries_in(con: duckdb.DuckDBPyConnection, sql: str) -> list[str] | None:
    """The statements of a text, all of which are queries, or a SET for those after it; None if one of them may write.

    Raises duckdb.ParserException.
    """
    statements = con.extract_statements(sql)
    if all(is_query(con, one) or one.type == duckdb.StatementType.SET for one in statements):
        return [one.query for one in statements]
    return None


def is_query(con: duckdb.DuckDBPyConnection, statement: duckdb.Statement) -> bool:
    """Whether a statement only reads: SELECT, FROM, DESCRIBE, SHOW, SUMMARIZE, PIVOT, or EXPLAIN of one of them."""
    kinds = duckdb.StatementType
    if statement.type == kinds.EXPLAIN:
        return _explains_query(con, statement.query)
    if statement.type == kinds.MULTI:
        return _PIVOT.match(statement.query) is not None
    return bool(statement.type == kinds.SELECT)


def _explains_query(con: duckdb.DuckDBPyConnection, sql: str) -> bool:
    found = _EXPLAIN.match(sql)
    if found is None:
        return False
    try:
        explained = con.extract_statements(sql[found.end() :])
    except duckdb.ParserException:
        return False
    return len(explained) == 1 and is_query(con, explained[0])
