"""Records every attempt to compare, for the status of an endpoint and the time of the next attempt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.errors import Interrupted
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import elapsed, now


@contextmanager
def recorded(warehouse: Warehouse, endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    """Writes a line in ``attempts.jsonl`` for an attempt to compare, also a failed one. Yields a dict for
    ``diff_id``."""
    started, began = now(), elapsed()
    result: dict[str, Any] = {}
    try:
        yield result
    except Interrupted:
        raise
    except Exception as error:
        record_failure(warehouse, endpoint, started, error)
        raise
    seconds = round(elapsed() - began, 3)
    _record(warehouse, endpoint, started, {"ok": True, "seconds": seconds, **result})


def record_failure(warehouse: Warehouse, endpoint: Endpoint, started: datetime, error: Exception) -> None:
    """Record that the endpoint could not be compared."""
    _record(warehouse, endpoint, started, {"ok": False, "error": str(error)})


def _record(warehouse: Warehouse, endpoint: Endpoint, started: datetime, result: dict[str, Any]) -> None:
    line = {
        "system": endpoint.kind,
        "started": started.isoformat(),
        "finished": now().isoformat(),
        "who": warehouse.sync.who,
        "part": warehouse.sync.part,
        **result,
    }
    warehouse.append_jsonl(warehouse.diffs(endpoint.name) / "attempts.jsonl", line)
