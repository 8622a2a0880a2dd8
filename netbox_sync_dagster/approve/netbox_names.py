"""NetBox's objects as people know them: names of candidates, and the names that a word can be mapped to.

Read from NetBox's current snapshot.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from netbox_sync_dagster.compare.database import parquet
from netbox_sync_dagster.sources.netbox.names import NAME_COLUMNS, table_of
from netbox_sync_dagster.storage import NETBOX, Warehouse, connections

# What tells objects of one name apart.
_OWN = ("name", "address", "mac_address", "vid", "serial", "asset_tag", "domain")
_OWNERS = {
    "device_id": "devices",
    "virtual_machine_id": "virtual_machines",
    "cluster_id": "clusters",
    "site_id": "sites",
    "group_id": "vlan_groups",
}


def netbox_rows(
    warehouse: Warehouse, table: str, columns: str = "id", condition: str = "", parameters: Any = ()
) -> list[tuple[Any, ...]]:
    """Rows of a table of NetBox's current snapshot; none where it has no such table. ``columns`` and ``condition`` are
    SQL."""
    if table not in NETBOX:
        return []
    file = warehouse.current(warehouse.snapshots("netbox", "netbox")) / f"{table}.parquet"
    if not file.exists():
        return []
    with closing(connections.reader()) as con:
        return con.execute(f"SELECT {columns} FROM {parquet(file)} {condition}", parameters).fetchall()


@dataclass(frozen=True)
class NamedObject:
    """``names``: the one that people see, then others such as the slug; empty where it has none.
    ``manufacturer``: of device types, module types and platforms, else empty."""

    names: tuple[str, ...]
    manufacturer: str = ""


def objects_of_section(warehouse: Warehouse, section: str) -> list[NamedObject]:
    """NetBox's objects that words of a section of the mappings can name."""
    table = table_of(section)
    if table not in NETBOX:
        return []
    columns = [name for name in NAME_COLUMNS if name in NETBOX[table].columns]
    maker = "manufacturer_id" if "manufacturer_id" in NETBOX[table].columns else "NULL"
    rows = netbox_rows(warehouse, table, ", ".join((maker, *columns)))
    makers = _names(warehouse, "manufacturers", {row[0] for row in rows})
    return [
        NamedObject(tuple(str(name or "") for name in names), makers.get(made_by, ""))
        for made_by, *names in rows
    ]


def names_of_section(warehouse: Warehouse, section: str) -> list[tuple[str, ...]]:
    """The names of NetBox's objects of a section: the one that people see, then others such as the slug."""
    return [one.names for one in objects_of_section(warehouse, section)]


def described(warehouse: Warehouse, resource: str, ids: Collection[int]) -> dict[int, str]:
    """NetBox's objects with these ids, in words: ``sw1, serial FOC1, site Paris``. Ids that NetBox does not have are
    absent."""
    if resource not in NETBOX or not ids:
        return {}
    columns = NETBOX[resource].columns
    own = [name for name in _OWN if name in columns]
    owners = {
        name: table
        for name, table in _OWNERS.items()
        # Clusters have a group of another kind.
        if name in columns and (name != "group_id" or resource == "vlans")
    }
    rows = netbox_rows(
        warehouse, resource, ", ".join(("id", *own, *owners)), "WHERE list_contains(?, id)", [list(ids)]
    )
    names = {
        column: _names(warehouse, table, {row[1 + len(own) + place] for row in rows})
        for place, (column, table) in enumerate(owners.items())
    }
    found = {}
    for row in rows:
        said = [(name, value) for name, value in zip(own, row[1:], strict=False) if value not in (None, "")]
        parts = [str(value) if not at else f"{name} {value}" for at, (name, value) in enumerate(said)]
        for column, value in zip(owners, row[1 + len(own) :], strict=True):
            if value in names[column]:
                parts.append(f"{column.removesuffix('_id').replace('_', ' ')} {names[column][value]}")
        found[row[0]] = ", ".join(parts) or f"{resource} {row[0]}"
    return found


def _names(warehouse: Warehouse, table: str, ids: Collection[int | None]) -> dict[int, str]:
    wanted = [one for one in ids if one is not None]
    if not wanted:
        return {}
    return dict(netbox_rows(warehouse, table, "id, name", "WHERE list_contains(?, id)", [wanted]))
