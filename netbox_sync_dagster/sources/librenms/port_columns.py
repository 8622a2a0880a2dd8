"""Which columns of a port are asked for: LibreNMS refuses the whole call for one that it does not have."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.librenms.row_collector import RowCollector
from netbox_sync_dagster.sources.librenms.tables import TABLES as LIBRENMS

_T = TypeVar("_T")
_INVALID = re.compile(r"Invalid columns: ([\w, ]+)")


class PortColumns:
    """The columns of the table ``ports`` that this server has: all, until it says otherwise."""

    def __init__(self, intake: RowCollector) -> None:
        self._intake = intake
        self._columns = list(LIBRENMS["ports"].columns)

    def ask(self, call: Callable[[dict[str, str]], _T]) -> _T:
        """``call(params)``, again without the columns that the server names as invalid. Raises ServerError.

        A column that is missing is NULL in all rows, so the ports are marked incomplete.
        """
        while True:
            try:
                # No blank after a comma: LibreNMS answers 500 to it.
                return call({"columns": ",".join(self._columns)})
            except ServerError as error:
                missing = self._refused(error)
                if not missing:
                    raise
            self._columns = [name for name in self._columns if name not in missing]
            names = ", ".join(missing)
            self._intake.incomplete("ports", "*", f"this LibreNMS has no port columns {names}", unseen=False)

    def _refused(self, error: ServerError) -> list[str]:
        match = _INVALID.search(error.body) if error.status == 400 else None
        names = [name.strip() for name in match[1].split(",")] if match else []
        return [name for name in names if name in self._columns]
