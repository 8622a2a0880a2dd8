"""An example that is shipped, as an endpoint against the lab NetBox: from its files to written objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netbox_sync_dagster.sources.tables as package
from netbox_sync_dagster.config.policies import RESOURCES
from netbox_sync_dagster.sources.tables.source import SOURCE
from tests.support import NetBox, Pipeline

EXAMPLES = Path(package.__file__).parent / "examples"
DATA = Path(__file__).parent
EVERYTHING = [name for name in RESOURCES if name in SOURCE.resources]


class Example(Pipeline):
    """The folder ``examples/<name>`` as the endpoint ``mine``; everything may be created."""

    def __init__(self, home: Path, netbox: NetBox, name: str, **settings: Any) -> None:
        super().__init__(
            home,
            netbox,
            {
                **{"name": "mine", "kind": "tables", "sql": str(EXAMPLES / name)},
                **{"policies": {"create": EVERYTHING, "ungrouped_vlans": True}},
                **settings,
            },
        )

    def snapshot(self, **options: Any) -> Any:
        return SOURCE.snapshot(
            self.endpoint,
            self.warehouse,
            say=lambda _: None,
            accept_shrink=options.get("accept_shrink", False),
            only=None,
        )

    def apply_and_compare(self) -> list[str]:
        """Apply everything; what the next diff still has."""
        return [f"{row.action} {row.resource} {row.key} {row.reason}" for row in self.apply_all().rows]


def named(found: list[dict[str, Any]], *fields: str) -> list[tuple[Any, ...]]:
    """These fields of NetBox's objects, each as people see it."""
    return sorted((tuple(_seen(one[field]) for field in fields) for one in found), key=str)


def _seen(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("value") or value.get("name") or value.get("model") or value.get("address")
    return value
