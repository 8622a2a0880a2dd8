"""Asking the views a question, without locking anybody."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import duckdb

from netbox_sync_dagster.cli.session import CliError
from netbox_sync_dagster.warehouse import Warehouse
from netbox_sync_dagster.warehouse.damage import current_versions, damage_named
from netbox_sync_dagster.warehouse.views import open_views

# A snapshot that becomes current between listing and opening its files: ask again.
_TRIES = 3


def query(
    warehouse: Warehouse, sql: str, *, history: bool = False
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """(column names, rows) of one query over the views.

    Raises CliError with DuckDB's own words, and Damaged where a current file cannot be read.
    """
    con = open_views(warehouse, history=history)
    try:
        for left in reversed(range(_TRIES)):
            try:
                cursor = con.execute(sql)
                return [column[0] for column in cursor.description or ()], cursor.fetchall()
            except duckdb.IOException:
                if not left:
                    raise
        raise AssertionError("unreachable")
    except duckdb.Error as error:
        if not isinstance(error, (*_OF_THE_QUERY, duckdb.ConversionException)):
            # A file may be damaged in a part that DuckDB reads only now.
            with suppress(duckdb.Error), damage_named(current_versions(warehouse)):
                raise
        raise _refused(error) from None
    finally:
        con.close()


# DuckDB finds these in the query itself, before it reads any row, and marks the place on lines of its own.
_OF_THE_QUERY = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


def _refused(error: duckdb.Error) -> CliError:
    # Other errors quote what the rows hold: a line break in that is no new line.
    first, *more = str(error).splitlines() if isinstance(error, _OF_THE_QUERY) else [str(error)]
    return CliError(f"the query cannot be answered: {first}", more)
