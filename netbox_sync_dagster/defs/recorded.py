"""What Dagster was told of an endpoint's assets, so as not to tell it the same at every sync.

An event costs Dagster more than reading and comparing a table of a small endpoint; with hundreds of endpoints most of
them would say that all is as it was.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

import dagster as dg

from netbox_sync_dagster.warehouse.store import write_json

# Told again after this, also for a Dagster whose records were lost.
_AGAIN_SECONDS = 3600


class Recorded:
    """Kept in ``<folder>/.recorded.json``: {asset: [what was said of it, when in seconds since 1970]}."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / ".recorded.json"
        self._told: dict[str, tuple[str, float]] = {}
        with suppress(OSError, ValueError, AttributeError, TypeError):
            found = json.loads(self._file.read_text(encoding="utf-8"))
            self._told = {str(name): (str(said), float(at)) for name, (said, at) in found.items()}
        self._new = dict(self._told)

    def is_news(self, key: dg.AssetKey, said: str) -> bool:
        """Whether this was not said of the asset in the last hour. Then it is to be told now; ``save`` remembers it.

        Nothing said stands for what is to be told every time.
        """
        name, now = key.to_user_string(), time.time()
        before, at = self._told.get(name, ("", 0.0))
        if said and said == before and 0 <= now - at < _AGAIN_SECONDS:
            return False
        self._new[name] = (said, now)
        return True

    def told(self, key: dg.AssetKey) -> float:
        """When the asset was told of last, in seconds since 1970; 0 where that is not known."""
        return self._new.get(key.to_user_string(), ("", 0.0))[1]

    def save(self) -> None:
        """Remember what was told."""
        if self._new != self._told:
            with suppress(OSError):
                write_json(self._file, dict(self._new))

    def forget(self) -> None:
        """Dagster was told something else meanwhile."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
