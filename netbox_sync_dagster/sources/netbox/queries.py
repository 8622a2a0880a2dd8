"""The request for a table of NetBox: the GraphQL selection, the REST ``fields=``, and what they refer to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from netbox_sync_dagster.storage.tables import NETBOX

# GraphQL type name -> NetBox model, for generic relations.
MODEL_OF_TYPE = {
    "RegionType": "dcim.region",
    "SiteGroupType": "dcim.sitegroup",
    "SiteType": "dcim.site",
    "LocationType": "dcim.location",
    "RackType": "dcim.rack",
    "ClusterType": "virtualization.cluster",
    "ClusterGroupType": "virtualization.clustergroup",
    "InterfaceType": "dcim.interface",
    "VMInterfaceType": "virtualization.vminterface",
    "FHRPGroupType": "ipam.fhrpgroup",
    "CircuitTerminationType": "circuits.circuittermination",
    "ConsolePortType": "dcim.consoleport",
    "ConsoleServerPortType": "dcim.consoleserverport",
    "FrontPortType": "dcim.frontport",
    "PowerFeedType": "dcim.powerfeed",
    "PowerOutletType": "dcim.poweroutlet",
    "PowerPortType": "dcim.powerport",
    "RearPortType": "dcim.rearport",
}
_TYPE_OF_MODEL = {model: name for name, model in MODEL_OF_TYPE.items()}


# Columns with ids of objects that are in no table: column -> (their model, the first version that has it).
LISTED = {"bay_type_ids": ("dcim.modulebaytype", (4, 7))}


@dataclass(frozen=True)
class Source:
    """Where one table comes from.

    ``model`` names the permission (``dcim.site`` needs ``dcim.view_site``) and the custom fields; ``path`` is
    the REST list below ``/api/``; ``listing`` the GraphQL list, None where REST is as cheap or the only way.
    ``refs`` maps a column that holds an object's id to (NetBox field, model of that object). ``generic``
    are the models that the table's generic relation may point to.
    """

    table: str
    model: str
    path: str
    listing: str | None
    refs: dict[str, tuple[str, str]] = field(default_factory=dict)
    generic: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The table's columns."""
        return list(NETBOX[self.table].columns)

    @property
    def permission(self) -> str:
        """The permission needed to read it, e.g. ``dcim.view_site``."""
        app, _, name = self.model.partition(".")
        return f"{app}.view_{name}"

    def shows(self, version: tuple[int, ...]) -> set[str]:
        """The models a token must see in full for GraphQL of this NetBox to say every reference of this table."""
        seen = {self.model, *(model for _, model in self.refs.values()), *self.generic}
        if "tags" in self.columns:
            seen.add("extras.tag")
        if "cf" in self.columns:
            # Without the definitions an object in a custom field cannot be distinguished from a number.
            seen.add("extras.customfield")
        if self.table == "cables":
            seen.add("dcim.cabletermination")
        return seen | {
            model for column, (model, since) in LISTED.items() if column in self.columns and version >= since
        }

    def lacks(self, column: str, absent: Collection[str]) -> bool:
        """Whether this NetBox version does not have the column's field; ``absent`` is of ``absent_fields``."""
        return column in absent or f"{self.table}.{column}" in absent

    def _parts(self, absent: Collection[str]) -> list[tuple[str, list[str]]]:
        """(GraphQL selection, REST fields) of every column, in order."""
        parts: list[tuple[str, list[str]]] = []
        for column in self.columns:
            if self.lacks(column, absent):
                continue
            if column in self.refs:
                name = self.refs[column][0]
                parts.append((f"{name} {{ id }}", [name]))
            elif column in _SPECIAL:
                parts.append(_SPECIAL[column])
            elif column == "scope_type":
                parts.append((f"scope {_union(self.generic)}", [column]))
            elif column == "assigned_object_type":
                parts.append((f"assigned_object {_union(self.generic)}", [column]))
            elif column == "a_type":
                ends = f"terminations {{ cable_end termination {_union(self.generic)} }}"
                parts.append((ends, ["a_terminations", "b_terminations"]))
            elif column in ("scope_id", "assigned_object_id"):
                parts.append(("", [column]))
            elif column not in ("a_ids", "b_type", "b_ids", "host", "prefixlen", "family"):
                parts.append((column, [column]))
        return parts

    def selection(self, absent: Collection[str] = ()) -> str:
        """The GraphQL fields, without the columns in ``absent``, such as those that this NetBox version does not have."""
        return " ".join(text for text, _ in self._parts(absent) if text)

    def fields(self, absent: Collection[str] = ()) -> str:
        """The value of REST's ``fields=``."""
        return ",".join(name for _, names in self._parts(absent) for name in names)


_SPECIAL: dict[str, tuple[str, list[str]]] = {
    "tags": ("tags { slug }", ["tags"]),
    "cf": ("custom_fields", ["custom_fields"]),
    "tagged_vlan_ids": ("tagged_vlans { id }", ["tagged_vlans"]),
    # A word of SQL.
    "is_unique": ("unique", ["unique"]),
    "bay_type_ids": ("module_bay_types { id }", ["module_bay_types"]),
}


def _union(models: tuple[str, ...]) -> str:
    return "{ __typename " + " ".join(f"... on {_TYPE_OF_MODEL[m]} {{ id }}" for m in models) + " }"


def graphql_list(  # noqa: PLR0917
    source: Source, start: int, before: int | None, limit: int, absent: Collection[str], where: str = ""
) -> str:
    """One list of a GraphQL query: objects with ``start`` <= id < ``before``, in the order of their ids.

    ``where``: a condition in place of the upper bound.
    """
    condition = where or ("" if before is None else f"id: {{lt: {before}}}")
    bound = f", filters: {{{condition}}}" if condition else ""
    page = f"pagination: {{start: {start}, limit: {limit}}}{bound}"
    return f"{source.listing}({page}) {{ {source.selection(absent)} }}"
