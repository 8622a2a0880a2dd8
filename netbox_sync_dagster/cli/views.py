"""Runs queries on the views, without locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.cli.session import CliError
from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import ask, is_of_the_query

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")


def query(
    warehouse: Warehouse, sql: str, *, history: bool = False, few: bool = False
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """(column names, rows) of one query over the views, with ``few`` over those for ``sync.status``.

    Raises CliError with DuckDB's message, and Damaged if a current file cannot be read.
    """

    def look(con: duckdb.DuckDBPyConnection) -> tuple[list[str], list[tuple[Any, ...]]]:
        cursor = con.execute(sql)
        return [column[0] for column in cursor.description or ()], cursor.fetchall()

    try:
        return ask(warehouse, look, few=few, history=history)
    except duckdb.Error as error:
        raise _refused(error) from None


def query_comparison(
    warehouse: Warehouse, config: Config, endpoint: Endpoint, sql: str
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """(column names, rows) of one query over the tables of a comparison. Raises CliError and errors of the comparison."""
    from netbox_sync_dagster.compare.run import Comparer

    with (
        Comparer(warehouse, config) as comparer,
        comparer.explored(endpoint) as con,
    ):
        try:
            cursor = con.execute(sql)
            return [column[0] for column in cursor.description or ()], cursor.fetchall()
        except duckdb.Error as error:
            raise _refused(error) from None


def _refused(error: duckdb.Error) -> CliError:
    # Other errors quote values of rows, whose line breaks must not start a new line.
    first, *more = str(error).splitlines() if is_of_the_query(error) else [str(error)]
    return CliError(f"the query failed: {first}", more)
