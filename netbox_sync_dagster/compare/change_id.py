"""A change's identity: a hash of its whole content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

# 128 bits: nobody can construct two changes with one id to get the harmless one approved. The first digits are enough
# to type.
LENGTH = 32
# Older ids have 80 bits, for which an attacker with enough resources can construct two changes.
SHORT_LENGTH = 20


def change_id(
    *,
    endpoint: str,
    resource: str,
    action: str,
    key: str,
    object_type: str,
    netbox_id: int | None,
    target: str | None,
    last_updated: str | None,
    fields: Iterable[tuple[str, Any, Any]],
) -> str:
    """The change id: hex digits of SHA-256 over canonical JSON.

    ``fields`` are (name, before, after) with decoded JSON values; their order does not matter. The same
    content has the same id on every run and machine; any difference makes another id.
    """
    content = {
        "endpoint": endpoint,
        "resource": resource,
        "action": action,
        "key": key,
        "object_type": object_type,
        "netbox_id": netbox_id,
        "target": target,
        "last_updated": last_updated,
        "fields": sorted([name, before, after] for name, before, after in fields),
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
