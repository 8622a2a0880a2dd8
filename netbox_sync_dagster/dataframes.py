"""Snapshots, diffs, the ledger and the status as pandas DataFrames, for notebooks and scripts.

    import netbox_sync_dagster

    data = netbox_sync_dagster.open("data")
    data.diff("interfaces", endpoint="librenms-main")

The columns are those of the SQL views (docs/sql.md). Every call reads the current data, without locks or
changes.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.storage import SYSTEMS, Warehouse
from netbox_sync_dagster.storage.statements import is_query
from netbox_sync_dagster.storage.views import ask, open_views

# What people look up in the ledger; the others are of use to the comparison.
LEDGER = ("approvals", "resolutions", "applies", "operations", "verdicts", "journal", "created", "deleted")


class CannotAnswer(UserError):
    """There is no such table, or the statement is more than a query; the text says what there is."""


class SyncData:
    """The data of one installation. Raises WarehouseError where there is none at ``home``."""

    def __init__(self, home: str | Path) -> None:
        self._warehouse = Warehouse(home)
        # To fail here, with its sentence, rather than at the first question.
        open_views(self._warehouse, few=True).close()

    def __repr__(self) -> str:
        return f"netbox_sync_dagster.open({self._warehouse.address!r})"

    def status(self) -> pd.DataFrame:
        """The status of every endpoint, one row each (``sync.status``)."""
        return self.sql("SELECT * FROM sync.status ORDER BY endpoint")

    def snapshot(self, table: str, *, endpoint: str | None = None) -> pd.DataFrame:
        """A table of the current snapshots, such as ``librenms.ports`` or ``netbox.devices``, in the server's own words.

        ``endpoint``: of this one alone. Raises CannotAnswer.
        """
        system, _, name = table.partition(".")
        if name not in SYSTEMS.get(system, ()):
            known = sorted(f"{s}.{t}" for s, tables in SYSTEMS.items() for t in tables)
            raise CannotAnswer(f"there is no table '{table}' in the snapshots; there are: {', '.join(known)}")
        return self._of_endpoint(f"{system}.{name}", endpoint)

    def diff(self, resource: str | None = None, *, endpoint: str | None = None) -> pd.DataFrame:
        """The current differences, one row per object; ``fields`` holds each field's ``before`` and ``after``, as JSON text.

        Rows that people have acknowledged have the ``action`` ``acknowledged``.

        ``resource``: only these, such as ``interfaces``. Raises CannotAnswer.
        """
        if resource is not None and resource not in RESOURCES:
            raise CannotAnswer(f"there is no resource '{resource}'; there are: {', '.join(RESOURCES)}")
        return self._of_endpoint(f"diff.{resource or 'changes'}", endpoint)

    def ledger(self, view: str = "operations", *, endpoint: str | None = None) -> pd.DataFrame:
        """What was decided and written: ``operations`` (a row per field), ``applies``, ``approvals``, ``resolutions``
        (people's answers), ``verdicts``, ...

        Raises CannotAnswer.
        """
        if view not in LEDGER:
            raise CannotAnswer(
                f"there is no view '{view}' of the ledger here; there are: {', '.join(LEDGER)}"
            )
        return self._of_endpoint(f"ledger.{view}", endpoint)

    def sql(
        self, query: str, parameters: Sequence[Any] | Mapping[str, Any] = (), *, history: bool = False
    ) -> pd.DataFrame:
        """The result of one query over all views. ``parameters`` stand for ``?`` or ``$name`` in it.

        ``history``: also over ``history.*``, which is a month of files. Raises CannotAnswer for anything but a query, and
        duckdb.Error with DuckDB's own words for a wrong one.
        """

        def look(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
            statements = con.extract_statements(query)
            if len(statements) != 1 or not is_query(con, statements[0]):
                raise CannotAnswer("give one query (SELECT or FROM ...): nothing can be changed here")
            with warnings.catch_warnings():
                # DuckDB's conversion of times warns about pandas 4.
                warnings.filterwarnings("ignore", message="The inplace keyword")
                return con.execute(query, parameters).df()

        return ask(self._warehouse, look, few=False, history=history)

    def _of_endpoint(self, table: str, endpoint: str | None) -> pd.DataFrame:
        if endpoint is None:
            return self.sql(f"SELECT * FROM {table}")
        return self.sql(f"SELECT * FROM {table} WHERE endpoint = ?", [endpoint])
