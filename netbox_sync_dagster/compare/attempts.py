"""Every try to compare, on record: what the status of an endpoint and the next try's time go by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from netbox_sync_dagster.config import Config, Endpoint
from netbox_sync_dagster.warehouse import Warehouse
from netbox_sync_dagster.warehouse.store import now

P = ParamSpec("P")
Manifest = dict[str, Any]


def recorded(
    compare: Callable[Concatenate[Warehouse, Config, Endpoint, P], Manifest],
) -> Callable[Concatenate[Warehouse, Config, Endpoint, P], Manifest]:
    """The comparison with a line in ``attempts.jsonl`` for every try, failed ones too."""

    @wraps(compare)
    def run(
        warehouse: Warehouse, config: Config, endpoint: Endpoint, *args: P.args, **kwargs: P.kwargs
    ) -> Manifest:
        started = now()
        try:
            manifest = compare(warehouse, config, endpoint, *args, **kwargs)
        except Exception as error:
            record_failure(warehouse, endpoint, started, error)
            raise
        _record(warehouse, endpoint, started, {"ok": True, "diff_id": manifest["diff_id"]})
        return manifest

    return run


def record_failure(warehouse: Warehouse, endpoint: Endpoint, started: datetime, error: Exception) -> None:
    """Say that the endpoint could not be compared."""
    _record(warehouse, endpoint, started, {"ok": False, "error": str(error)})


def _record(warehouse: Warehouse, endpoint: Endpoint, started: datetime, result: dict[str, Any]) -> None:
    line = {
        "system": endpoint.kind,
        "started": started.isoformat(),
        "finished": now().isoformat(),
        **result,
    }
    warehouse.note(warehouse.diffs(endpoint.name) / "attempts.jsonl", line)
