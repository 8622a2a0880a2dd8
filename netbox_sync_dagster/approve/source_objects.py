"""The devices and virtual machines that sources show: their ids there, and the sources' own pages about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import duckdb

from netbox_sync_dagster.compare.plan import PlanHead
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.storage.connections import named_rows

# The resources whose objects others belong to.
_OWNERS = ("devices", "virtual_machines")


@dataclass(frozen=True)
class SourceObject:
    """A device or virtual machine as one endpoint shows it. ``source_id``: the id there, or the name where no desired row
    has one; ``word``: what the source calls it, None where it cannot be read alone; ``page``: the source's page about it."""

    resource: str
    source_id: str
    word: str | None
    page: str | None

    @property
    def object_type(self) -> str:
        """Its type in NetBox, as ``dcim/devices``."""
        return {"devices": "dcim/devices", "virtual_machines": "virtualization/virtual-machines"}[
            self.resource
        ]


def object_of(
    con: duckdb.DuckDBPyConnection, endpoint: Endpoint, head: PlanHead, name: str
) -> SourceObject | None:
    """The object with this name that the endpoint showed when the plan was made."""
    source = source_of(endpoint.kind)
    resources = [source.main_resource, *(other for other in _OWNERS if other != source.main_resource)]
    for resource in resources:
        row = desired_row(con, head, resource, name)
        if row is not None and row.get("source_id"):
            word = source.object_word if resource == source.main_resource else None
            return SourceObject(resource, str(row["source_id"]), word, _page(endpoint, resource, row))
    return None


def page_of(
    con: duckdb.DuckDBPyConnection,
    endpoint: Endpoint,
    head: PlanHead,
    *,
    resource: str,
    key: str,
    parent: str | None,
) -> str | None:
    """The source's page about an object, or else about what it belongs to; None where it has none."""
    for table, name in ((resource, key), *((owner, parent) for owner in _OWNERS)):
        row = desired_row(con, head, table, name) if name else None
        page = _page(endpoint, table, row) if row is not None else None
        if page is not None:
            return page
    return None


def desired_row(
    con: duckdb.DuckDBPyConnection, head: PlanHead, resource: str, key: str
) -> dict[str, Any] | None:
    """The row with this key of a desired table of the plan."""
    file = head.folder / "desired" / f"{resource}.parquet"
    if resource not in RESOURCES or not file.is_file():
        return None
    names = [name for name, *_ in con.execute("describe from read_parquet(?)", [str(file)]).fetchall()]
    if "key" not in names:
        return None
    found = named_rows(con.execute("select * from read_parquet(?) where key = ? limit 1", [str(file), key]))
    return found[0] if found else None


def _page(endpoint: Endpoint, resource: str, row: dict[str, Any]) -> str | None:
    """An address of the endpoint itself, on http or https; nothing else becomes a link."""
    path = source_of(endpoint.kind).page(endpoint, resource, row)
    base = endpoint.base_url
    if path is None or urlsplit(base).scheme not in ("http", "https") or not path.startswith("/"):
        return None
    return f"{base}{path}"
