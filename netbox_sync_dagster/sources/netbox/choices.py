"""The values and lengths that this NetBox accepts, from ``OPTIONS /api/<path>/``.

NetBox tells them only for types whose objects the token may add. They are asked for once per NetBox version
and set of plugins, and then taken from the last snapshot. The choices of custom fields are read each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.api import listed
from netbox_sync_dagster.sources.netbox.client import WHO, NetBox
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.store import Warehouse

if TYPE_CHECKING:
    import pyarrow.parquet as pq
else:
    pq = lazy_module("pyarrow.parquet")

Row = dict[str, Any]
# Tables whose choices the comparison looks at: an interface's type, a virtual machine's status.
TABLES = ("interfaces", "virtual_machines")
# A field's longest text is a row too: value is this word, label the number.
MAX_LENGTH = "max_length"
# The choices of custom fields: field is the custom field's name.
CUSTOM_FIELD = "extras.customfield"


# Columns of the table status on which the choices depend.
_SAME = ("netbox_version", "plugins")


def known_choices(warehouse: Warehouse, status: Row) -> list[Row]:
    """The choices of the last snapshot, if it is of the same NetBox version with the same plugins."""
    try:
        folder = warehouse.current(warehouse.snapshots("netbox", "netbox"))
        before = pq.read_table(folder / "status.parquet").to_pylist()
        if not before or any(before[0].get(name) != status[name] for name in _SAME):
            return []
        rows: list[Row] = pq.read_table(folder / "choices.parquet").to_pylist()
        rows = [row for row in rows if row["model"] != CUSTOM_FIELD]
    except (WarehouseError, OSError):
        return []
    return rows


def read_choices(netbox: NetBox, table: str) -> list[Row]:
    """Rows of ``netbox.choices`` for one table; none where the token may not add such objects."""
    source = SOURCES[table]
    try:
        answer = netbox.http.send("OPTIONS", f"/api/{source.path}/").json()
    except ServerError as error:
        if error.retryable or error.status is None:
            raise
        return []
    if not isinstance(answer, dict):
        raise ServerError(WHO, f"OPTIONS /api/{source.path}/ answered something else than an object")
    fields = (answer.get("actions") or {}).get("POST") or {}
    return [{"model": source.model, **row} for name, field in fields.items() for row in _rows(name, field)]


def read_field_choices(netbox: NetBox, names: Mapping[int, list[str]]) -> list[Row]:
    """Rows of ``netbox.choices`` for the custom fields of these choice sets; none for a set that the token may not view,
    or that has a long list of NetBox's own (countries, airports)."""
    try:
        sets = listed(
            netbox.http,
            netbox.api.extras.custom_field_choice_sets,
            id=sorted(names),
            fields="id,base_choices,extra_choices",
        )
    except ServerError as error:
        if error.retryable or error.status is None:
            raise
        return []
    return [
        {"model": CUSTOM_FIELD, "field": name, "value": str(value), "label": str(label)}
        for one in sets
        if not one["base_choices"]
        for value, label in one["extra_choices"] or ()
        for name in names[int(one["id"])]
    ]


def _rows(name: str, field: Row) -> Iterator[Row]:
    if field.get("read_only"):
        return
    for choice in field.get("choices") or []:
        yield {"field": name, "value": str(choice["value"]), "label": str(choice["display_name"])}
    if field.get("max_length"):
        yield {"field": name, "value": MAX_LENGTH, "label": str(field["max_length"])}
