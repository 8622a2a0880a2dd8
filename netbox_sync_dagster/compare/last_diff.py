"""Whether the last diff of an endpoint is what a comparison of the current snapshots would give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.reuse import Inputs, has_desired, same_desired, same_snapshot
from netbox_sync_dagster.compare.unchanged import says_the_same
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.errors import storage_sentence
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage import Warehouse, WarehouseError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")


@dataclass(frozen=True)
class Pair:
    """The snapshots that are compared: manifest and folder of each."""

    source: dict[str, Any]
    source_path: Path
    target: dict[str, Any]
    target_path: Path


class LastDiffs:
    """The last diffs of endpoints, compared one after the other with the same snapshot of NetBox."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        # By older snapshot of NetBox: whether it equals the current one.
        self._same_netbox: dict[Path, bool] = {}

    def forget_netbox(self) -> None:
        """NetBox has another snapshot."""
        self._same_netbox.clear()

    def untouched(
        self, con: duckdb.DuckDBPyConnection, endpoint: Endpoint, pair: Pair, inputs: Inputs
    ) -> dict[str, Any] | None:
        """The manifest of the last diff, if source and NetBox say the same since: then no table has to be made.

        The last diff must have been carried over itself: its desired tables, which may hold what an earlier one
        remembered, were the same when they were made again.
        """
        last = self._last(endpoint.name)
        if last is None or not last.get("repeatable") or last["source_complete"] != pair.source["complete"]:
            return None
        elsewhere = {name: found for name, found in last["inputs"].items() if name not in inputs}
        if last["inputs"] != inputs | elsewhere or any(elsewhere.values()):
            return None
        before = pair.source_path.parent / last["source_snapshot"]

        def same() -> bool:
            return (
                has_desired(self._warehouse.diffs(endpoint.name) / last["diff_id"])
                and says_the_same(con, endpoint, before, pair.source_path, str(pair.source["started"]))
                and self._is_same_netbox(con, last, pair.target_path)
            )

        return last if _undamaged(same) else None

    def still_holds(
        self, con: duckdb.DuckDBPyConnection, endpoint: str, target: Path, inputs: Inputs
    ) -> dict[str, Any] | None:
        """The manifest of the last diff, if it has the same inputs and can be read. The desired tables are made."""
        last = self._last(endpoint)
        if last is None or last.get("inputs") != inputs:
            return None
        folder = self._warehouse.diffs(endpoint) / last["diff_id"]

        def same() -> bool:
            return self._is_same_netbox(con, last, target) and same_desired(con, folder)

        return last if _undamaged(same) else None

    def _last(self, endpoint: str) -> dict[str, Any] | None:
        try:
            return self._warehouse.manifest(self._warehouse.diffs(endpoint))
        except WarehouseError:
            return None

    def _is_same_netbox(self, con: duckdb.DuckDBPyConnection, last: dict[str, Any], target: Path) -> bool:
        before = target.parent / last["target_snapshot"]
        if before not in self._same_netbox:
            self._same_netbox[before] = same_snapshot(con, before, target)
        return self._same_netbox[before]


def _undamaged(same: Callable[[], bool]) -> bool:
    """What ``same`` answers; False if a file of the last diff or of a snapshot is damaged: everything is compared again."""
    try:
        return same()
    except (duckdb.Error, pa.ArrowException) as error:
        if storage_sentence(error) is not None:
            raise
        return False
