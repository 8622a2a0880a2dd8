"""An object of the store that one process at a time holds, whatever machine it is on.

Every write names the version that it replaces, so of two that want it one gets it. The holder writes it anew as long as it
lives, and leaves it empty. A holder is dead when who wants it has seen the object unchanged for a certain time, by the
clock of his own machine (``storage.observed``): no two clocks are compared.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from netbox_sync_dagster.storage.objects import ObjectStore
from netbox_sync_dagster.storage.observed import unchanged_for


class Claimed(Exception):
    """Somebody else holds it.

    ``holder`` is what he wrote, None where he has just begun; ``left``: the seconds until it may be taken from him,
    None where another was faster this very moment.
    """

    def __init__(self, holder: dict[str, Any] | None, left: float | None = None) -> None:
        super().__init__()
        self.holder = holder
        self.left = left


def claim(store: ObjectStore, home: Path, key: str, content: bytes, silence: float) -> str:
    """Write the object, where nobody else holds it; returns its version. Raises Claimed.

    ``silence``: seconds for which the object must have been seen unchanged until its holder counts as dead.
    ``home``: where this machine remembers what it has seen.
    """
    there = store.get(key)
    if there is None:
        taken = store.create(key, content)
    else:
        holder = holder_of(there[0])
        if holder:
            left = silence - unchanged_for(home, key, there[0])
            if left > 0:
                raise Claimed(holder, left)
        taken = store.replace(key, content, there[1].etag)
    if taken is None:
        there = store.get(key)
        raise Claimed(holder_of(there[0]) if there else None)
    return taken


def store_time(store: ObjectStore, beside: str) -> datetime:
    """What time it is for the store: of an object that is written ``beside`` another for that."""
    key = f"{beside}.clock-{secrets.token_hex(4)}"
    store.put(key, b"")
    try:
        found = store.head(key)
    finally:
        store.delete([key])
    # Without an answer nobody has been silent for long.
    return found.written if found is not None else datetime.min.replace(tzinfo=UTC)


def holder_of(content: bytes) -> dict[str, Any] | None:
    """Who holds it, from the object's bytes; None where nobody does."""
    try:
        found: dict[str, Any] = json.loads(content)
    except json.JSONDecodeError:
        return None
    return found
