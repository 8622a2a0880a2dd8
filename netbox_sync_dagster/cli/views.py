"""Runs queries on the views, without locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.cli.session import CliError
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.statements import queries_in
from netbox_sync_dagster.storage.views import ask, is_of_the_query

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

Result = tuple[list[str], list[tuple[Any, ...]]]


def query(warehouse: Warehouse, sql: str, *, history: bool = False, few: bool = False) -> Result:
    """(column names, rows) of one query over the views, with ``few`` over those for ``sync.status``.

    Raises CliError with DuckDB's message, and Damaged if a current file cannot be read.
    """

    def look(con: duckdb.DuckDBPyConnection) -> Result:
        cursor = con.execute(sql)
        return [column[0] for column in cursor.description or ()], cursor.fetchall()

    try:
        return ask(warehouse, look, few=few, status=few, history=history)
    except duckdb.Error as error:
        raise _refused(error) from None


def answers(warehouse: Warehouse, sql: str) -> list[Result]:
    """(column names, rows) of each query of a person over all views.

    Raises CliError for what is not a query, and like ``query``.
    """
    try:
        return ask(warehouse, lambda con: _each(con, sql), few=False, history=True)
    except duckdb.Error as error:
        raise _refused(error) from None


def answers_of_comparison(warehouse: Warehouse, config: Config, endpoint: Endpoint, sql: str) -> list[Result]:
    """The same over the tables of a comparison. Raises CliError and errors of the comparison."""
    from netbox_sync_dagster.compare.run import Comparer

    with (
        Comparer(warehouse, config) as comparer,
        comparer.explored(endpoint) as con,
    ):
        try:
            return _each(con, sql)
        except duckdb.Error as error:
            raise _refused(error) from None


def _each(con: duckdb.DuckDBPyConnection, sql: str) -> list[Result]:
    statements = queries_in(con, sql)
    if statements is None:
        raise CliError(
            "sql only reads: give queries (SELECT, FROM, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN), and SET for those after it; to "
            "write a file, use --csv or --json and redirect the output"
        )
    found = []
    for statement in statements:
        cursor = con.execute(statement)
        if [kind for kind in con.extract_statements(statement) if kind.type != duckdb.StatementType.SET]:
            found.append(([column[0] for column in cursor.description or ()], cursor.fetchall()))
    if not found:
        raise CliError("the query is empty")
    return found


def _refused(error: duckdb.Error) -> CliError:
    # Other errors quote values of rows, whose line breaks must not start a new line.
    first, *more = str(error).splitlines() if is_of_the_query(error) else [str(error)]
    return CliError(f"the query failed: {first}", more)
