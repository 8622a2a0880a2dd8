"""Diffs written by hand, in the stored form that the comparison writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.parquet import write_parquet
from netbox_sync_dagster.storage.tables import DIFF_COLUMNS

TYPES = {
    "tags": "extras/tags",
    "clusters": "virtualization/clusters",
    "devices": "dcim/devices",
    "virtual_machines": "virtualization/virtual-machines",
    "vlans": "ipam/vlans",
    "interfaces": "dcim/interfaces",
    "vm_interfaces": "virtualization/interfaces",
    "mac_addresses": "dcim/mac-addresses",
    "ip_addresses": "ipam/ip-addresses",
    "primary_ips": "dcim/devices",
    "virtual_disks": "virtualization/virtual-disks",
}
Fields = dict[str, tuple[Any, Any]]


def ref(resource: str, key: str, **more: Any) -> dict[str, Any]:
    """A reference to an object that another change creates."""
    return {"ref": resource, "key": key, "name": key, **more}


def of(row: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A reference to an object that NetBox has."""
    return {"id": row["id"], "name": row["display"], **more}


@dataclass
class Draft:
    """A diff in the making; every method returns the change id."""

    endpoint: str = "lab"
    rows: list[dict[str, Any]] = field(default_factory=list)

    def create(self, resource: str, key: str, after: dict[str, Any], **more: Any) -> str:
        return self.add(resource, "create", key, {n: (None, v) for n, v in after.items()}, **more)

    def update(self, resource: str, key: str, row: dict[str, Any], fields: Fields, **more: Any) -> str:
        head = {"netbox_id": row["id"], "last_updated": row["last_updated"]}
        return self.add(resource, "update", key, fields, **head, **more)

    def delete(self, resource: str, key: str, row: dict[str, Any], **more: Any) -> str:
        head = {"netbox_id": row["id"], "last_updated": row["last_updated"]}
        return self.add(resource, "delete", key, more.pop("fields", {}), **head, **more)

    def add(self, resource: str, action: str, key: str, fields: Fields, **more: Any) -> str:
        content = {
            "endpoint": self.endpoint,
            "resource": resource,
            "action": action,
            "key": key,
            "object_type": more.pop("object_type", None) or TYPES[resource],
            "netbox_id": more.pop("netbox_id", None),
            "target": more.pop("target", None),
            "last_updated": more.pop("last_updated", None),
        }
        triples = [(name, before, after) for name, (before, after) in fields.items()]
        made = change_id(**content, fields=triples)
        self.rows.append(
            {
                **content,
                "change_id": made,
                "parent": more.pop("parent", None),
                "depends_on": list(more.pop("depends_on", [])),
                "field_needs": more.pop("field_needs", None),
                "fields": [
                    {"field": n, "before": _text(b), "after": _text(a), "decision": "update", "reason": None}
                    for n, b, a in triples
                ],
            }
        )
        assert not more, more
        return made

    def publish(self, warehouse: Warehouse, **manifest: Any) -> Plan:
        """Store the diff as the endpoint's current one."""
        with warehouse.publish(warehouse.diffs(self.endpoint), 200) as (diff_id, folder):
            rows = [{**row, "diff_id": diff_id} for row in self.rows]
            write_parquet(folder / "all.parquet", DIFF_COLUMNS, rows)
            write_json(folder / "manifest.json", {"gates": [], "existing": {}, **manifest})
        return load_plan(warehouse, self.endpoint)


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)
