"""Tracks which materializations were already reported, so unchanged assets are reported once an hour.

An event costs Dagster more than reading and comparing a table of a small endpoint, and with hundreds of endpoints most
events would report no change.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

import dagster as dg

from netbox_sync_dagster.storage.files import write_json

# Unchanged assets are reported again after this, in case Dagster lost its records.
_AGAIN_SECONDS = 3600


class MaterializationLog:
    """Kept in ``<folder>/.recorded.json``: {asset: [digest of what was reported, when in seconds since 1970]}."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / ".recorded.json"
        self._reported: dict[str, tuple[str, float]] = {}
        with suppress(OSError, ValueError, AttributeError, TypeError):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            self._reported = {str(name): (str(digest), float(at)) for name, (digest, at) in found.items()}
        self._new = dict(self._reported)

    def is_due(self, key: dg.AssetKey, digest: str) -> bool:
        """Whether to report the asset now: its digest is new, or the last report is an hour old.

        The caller then reports it, and ``save`` stores that. An empty digest is always due.
        """
        name, now = key.to_user_string(), time.time()
        before, at = self._reported.get(name, ("", 0.0))
        if digest and digest == before and 0 <= now - at < _AGAIN_SECONDS:
            return False
        self._new[name] = (digest, now)
        return True

    def reported_at(self, key: dg.AssetKey) -> float:
        """When the asset was last reported, in seconds since 1970; 0 if unknown."""
        return self._new.get(key.to_user_string(), ("", 0.0))[1]

    def save(self) -> None:
        """Remember what was reported."""
        if self._new != self._reported:
            with suppress(OSError):
                write_json(self._file, dict(self._new))

    def clear(self) -> None:
        """Forget all reports: another job has reported these assets meanwhile."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
