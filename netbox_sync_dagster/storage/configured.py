"""Records the configured endpoints for the views: ``endpoints.jsonl``."""

from __future__ import annotations

import json
from contextlib import suppress

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.storage.files import make_private, write_atomically
from netbox_sync_dagster.storage.store import Warehouse


def note_endpoints(warehouse: Warehouse, config: Config) -> None:
    """Record the configuration's endpoints for ``sync.status``, if they changed.

    Data of an endpoint that was removed from the configuration or renamed is kept.
    """
    lines = [
        {
            "endpoint": endpoint.name,
            "kind": endpoint.kind,
            "enabled": endpoint.enabled,
            "every": endpoint.every,
        }
        for endpoint in config.endpoints
    ]
    # NetBox's own row: without it, a configuration without endpoints would look missing.
    lines.append({"endpoint": "netbox", "kind": "netbox", "enabled": True, "every": 0})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    path = warehouse.home / "endpoints.jsonl"
    with suppress(FileNotFoundError):
        if path.read_text(encoding="utf-8") == text:
            return
    make_private(warehouse.home)
    write_atomically(path, text.encode())
