"""Which diff assets of an endpoint Dagster was told about without a difference, so as not to tell it at every sync.

An event costs Dagster more than reading and comparing a table of a small endpoint; with hundreds of endpoints most of
them would say that there is still nothing.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress

import dagster as dg

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.defs.keys import MAIN_RESOURCE, RESOURCES_OF, Kind, diff_key
from netbox_sync_dagster.warehouse import Warehouse
from netbox_sync_dagster.warehouse.store import write_json

# Told again after this, also for a Dagster whose records were lost.
_AGAIN_SECONDS = 3600


class Recorded:
    """Kept in ``diffs/<endpoint>/.recorded.json``: {resource: when it was recorded as empty, seconds since 1970}."""

    def __init__(self, warehouse: Warehouse, endpoint: str) -> None:
        self._file = warehouse.diffs(endpoint) / ".recorded.json"
        self._at: dict[str, float] = {}
        self._new: dict[str, float] | None = None
        with suppress(OSError, ValueError, AttributeError):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            self._at = {str(name): float(at) for name, at in found.items()}

    def still_empty(self, plan: Plan, kind: Kind) -> set[dg.AssetKey]:
        """The assets that need not be recorded. Never the main one, and none while the diff cannot be approved."""
        now = time.time()
        with_rows = {row.resource for row in plan.rows}
        empty = [name for name in RESOURCES_OF[kind] if name not in with_rows]
        if plan.manifest["gates"]:
            self._new = {}
            return set()
        known = [
            name
            for name in empty
            if name != MAIN_RESOURCE[kind] and 0 <= now - self._at.get(name, 0) < _AGAIN_SECONDS
        ]
        self._new = {name: self._at[name] if name in known else now for name in empty}
        return {diff_key(kind, name) for name in known}

    def save(self) -> None:
        """Remember what was recorded."""
        if self._new is not None and self._new != self._at:
            with suppress(OSError):
                write_json(self._file, dict(self._new))
