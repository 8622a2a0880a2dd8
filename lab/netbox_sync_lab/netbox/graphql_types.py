"""The lab NetBox's GraphQL schema, derived from the model declarations.

Every field carries its resolver as ``extensions["get"]``: a function (context, row) giving a scalar, or for
object fields a reference ``(label, id)``, a list of them, or a plain dict for the small helper types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
)

from . import customfields, rules_cables
from .graphql_inputs import BIG_INT, BIG_INTS, DATE_TIME, DECIMAL, JSON, FilterInputs, class_name
from .rules_ipam import IP_ASSIGNMENT, LOCATION_SCOPES, VLAN_GROUP_SCOPES
from .schema import Field, Model, Row
from .store import Store, natural_interface, parse_ip

Get = Callable[[Store, Row], Any]

FAMILY = GraphQLObjectType(
    "IPAddressFamilyType",
    {
        "value": GraphQLField(GraphQLNonNull(GraphQLInt)),
        "label": GraphQLField(GraphQLNonNull(GraphQLString)),
    },
)
CONTENT_TYPE = GraphQLObjectType(
    "ContentTypeType",
    {
        "app_label": GraphQLField(GraphQLNonNull(GraphQLString)),
        "model": GraphQLField(GraphQLNonNull(GraphQLString)),
    },
)

COUNTERS = {
    *(BIG_INTS - {"speed"}),
    *("virtual_machine_count", "interface_template_count", "module_bay_template_count"),
}
NOT_IN_GRAPHQL = {"scope_type", "scope_id", "object_types"}
WITHOUT_LIST = {"core.objectchange"}

# Lists of objects that refer to an object: type -> field -> (model, its column).
REVERSE: dict[str, dict[str, tuple[str, str]]] = {
    "dcim.site": {
        "devices": ("dcim.device", "site"),
        "locations": ("dcim.location", "site"),
        "racks": ("dcim.rack", "site"),
        "virtual_machines": ("virtualization.virtualmachine", "site"),
        "vlans": ("ipam.vlan", "site"),
        "clusters": ("virtualization.cluster", "_site"),
    },
    "dcim.device": {
        "interfaces": ("dcim.interface", "device"),
        "modules": ("dcim.module", "device"),
        "modulebays": ("dcim.modulebay", "device"),
        "virtual_machines": ("virtualization.virtualmachine", "device"),
    },
    "dcim.virtualchassis": {"members": ("dcim.device", "virtual_chassis")},
    "dcim.manufacturer": {"device_types": ("dcim.devicetype", "manufacturer")},
    "dcim.module": {"interfaces": ("dcim.interface", "module")},
    "dcim.interface": {
        "member_interfaces": ("dcim.interface", "lag"),
        "child_interfaces": ("dcim.interface", "parent"),
        "bridge_interfaces": ("dcim.interface", "bridge"),
    },
    "virtualization.vminterface": {
        "child_interfaces": ("virtualization.vminterface", "parent"),
        "bridge_interfaces": ("virtualization.vminterface", "bridge"),
    },
    "virtualization.cluster": {
        "devices": ("dcim.device", "cluster"),
        "virtual_machines": ("virtualization.virtualmachine", "cluster"),
    },
    "virtualization.virtualmachine": {
        "interfaces": ("virtualization.vminterface", "virtual_machine"),
        "virtualdisks": ("virtualization.virtualdisk", "virtual_machine"),
    },
    "ipam.ipaddress": {"nat_outside": ("ipam.ipaddress", "nat_inside")},
    "ipam.vlangroup": {"vlans": ("ipam.vlan", "group")},
    "ipam.vlan": {
        "interfaces_as_untagged": ("dcim.interface", "untagged_vlan"),
        "interfaces_as_tagged": ("dcim.interface", "tagged_vlans"),
        "vminterfaces_as_untagged": ("virtualization.vminterface", "untagged_vlan"),
        "vminterfaces_as_tagged": ("virtualization.vminterface", "tagged_vlans"),
    },
}

UNIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ipam.ipaddress": ("IPAddressAssignmentType", IP_ASSIGNMENT),
    "dcim.macaddress": ("MACAddressAssignmentType", IP_ASSIGNMENT[:2]),
    "ipam.vlangroup": ("VLANGroupScopeType", VLAN_GROUP_SCOPES),
    "ipam.prefix": ("PrefixScopeType", LOCATION_SCOPES),
    "virtualization.cluster": ("ClusterScopeType", LOCATION_SCOPES),
}
CABLE_END_TYPES = (
    "CircuitTerminationType",
    "ConsolePortType",
    "ConsoleServerPortType",
    "FrontPortType",
    "PowerFeedType",
    "PowerOutletType",
    "PowerPortType",
    "RearPortType",
)
"""Types that unions name although the lab has no objects of them."""


def list_name(model: Model) -> str:
    if model.label == "virtualization.vminterface":
        return "vm_interface_list"
    return model.verbose.lower().replace(" ", "_") + "_list"


class SchemaBuilder(FilterInputs):
    """Builds the schema of these models in one NetBox version."""

    def __init__(self, models: Iterable[Model], version: tuple[int, int]) -> None:
        super().__init__(version)
        self.models = [m for m in models if m.since <= version and m.in_graphql]
        self.types: dict[str, GraphQLObjectType] = {}
        self.unions: dict[str, GraphQLUnionType] = {}
        self.stubs = {n: self._stub(n) for n in (*CABLE_END_TYPES, "FHRPGroupType", "RackGroupType")}
        self.pagination = GraphQLInputObjectType("OffsetPaginationInput", self._pagination)
        for m in self.models:
            name = f"{class_name(m)}Type"
            self.types[m.label] = GraphQLObjectType(
                name, partial(self._fields, m), extensions={"model": m.label}
            )
            self.filters[m.label] = GraphQLInputObjectType(f"{class_name(m)}Filter", partial(self._filter, m))
        self.termination = GraphQLObjectType("CableTerminationType", self._termination)

    def build(self) -> GraphQLSchema:
        fields: dict[str, GraphQLField] = {}
        for m in self.models:
            if m.label in WITHOUT_LIST:
                continue
            name = list_name(m)
            of = self.types[m.label]
            fields[name.removesuffix("_list")] = GraphQLField(
                GraphQLNonNull(of),
                {"id": GraphQLArgument(GraphQLNonNull(GraphQLID))},
                extensions={"one": m.label},
            )
            fields[name] = GraphQLField(
                _list(of), self._list_arguments(m.label), extensions={"list": m.label}
            )
        return GraphQLSchema(
            GraphQLObjectType("Query", fields), types=[*self.types.values(), *self.stubs.values()]
        )

    # Types

    @staticmethod
    def _stub(name: str) -> GraphQLObjectType:
        return GraphQLObjectType(name, {"id": GraphQLField(GraphQLNonNull(GraphQLID))})

    def _pagination(self) -> dict[str, GraphQLInputField]:
        out = {
            "offset": GraphQLInputField(GraphQLNonNull(GraphQLInt), default_value=0),
            "limit": GraphQLInputField(GraphQLInt),
        }
        if self.version >= (4, 5):
            out["start"] = GraphQLInputField(GraphQLInt)
        return out

    def _list_arguments(self, label: str) -> dict[str, GraphQLArgument]:
        return {
            "filters": GraphQLArgument(self.filters[label]),
            "pagination": GraphQLArgument(self.pagination),
        }

    def _many(self, label: str, get: Get) -> GraphQLField:
        return GraphQLField(
            _list(self.types[label]), self._list_arguments(label), extensions={"get": get, "many": label}
        )

    def _fields(self, m: Model) -> dict[str, GraphQLField]:
        out: dict[str, GraphQLField] = {
            "display": _scalar(GraphQLString, lambda s, r: _display(s, m, r), required=True),
            "class_type": _scalar(GraphQLString, lambda s, r: class_name(m), required=True),
        }
        for f in m.fields:
            if f.since <= self.version < f.until and f.name not in NOT_IN_GRAPHQL and not f.write_only:
                field = self._field(m, f)
                if field is not None:
                    out[f.name] = field
        if "custom_fields" in m.by_name:
            out["custom_fields"] = _scalar(JSON, lambda s, r: _custom_fields(s, m, r), required=True)
            out["custom_field_data"] = _scalar(JSON, lambda s, r: r["custom_field_data"], required=True)
        if m.ordering[-1:] == ("_name",):
            out["_name"] = _scalar(GraphQLString, lambda s, r: natural_interface(r["name"]), required=True)
        for name, (label, column) in REVERSE.get(m.label, {}).items():
            out[name] = self._many(label, _reverse(label, column))
        out.update(self._extra(m))
        return out

    def _field(self, m: Model, f: Field) -> GraphQLField | None:
        name, required = f.name, not f.null
        match f.kind:
            case "id":
                return _scalar(GraphQLID, lambda s, r: str(r["id"]), required=True)
            case "char" | "slug" | "ip" | "prefix" | "mac":
                return _scalar(GraphQLString, lambda s, r: r[name], required=required)
            case "choice":
                return _scalar(
                    GraphQLString, lambda s, r: r[name], required=f.default is not None or f.required
                )
            case "int" | "generic_id" if name != "assigned_object_id" or m.label == "extras.journalentry":
                kind = BIG_INT if name in BIG_INTS else GraphQLInt
                return _scalar(kind, lambda s, r: r[name], required=required)
            case "decimal":
                places = f.places
                return _scalar(DECIMAL, lambda s, r: None if r[name] is None else f"{r[name]:.{places}f}")
            case "bool":
                return _scalar(GraphQLBoolean, lambda s, r: r[name], required=True)
            case "json":
                return _scalar(JSON, lambda s, r: r[name])
            case "datetime":
                return _scalar(DATE_TIME, lambda s, r: None if r[name] is None else r[name].isoformat())
            case "fk" if f.model in self.types:
                of = self.types[f.model]
                label = f.model
                get: Get = lambda s, r: None if r[name] is None else (label, r[name])  # noqa: E731
                return GraphQLField(GraphQLNonNull(of) if f.required else of, extensions={"get": get})
            case "m2m" if f.model in self.types:
                label = f.model
                return self._many(label, lambda s, r: [(label, pk) for pk in r[name]])
            case "tags":
                return self._many("extras.tag", lambda s, r: [("extras.tag", pk) for pk in r["tags"]])
            case "ranges":
                return _scalar(
                    GraphQLList(GraphQLNonNull(GraphQLString)),
                    lambda s, r: [f"[{low}, {high + 1})" for low, high in r[name]],
                    required=True,
                )
            case "content_type" if m.label in ("extras.journalentry", "extras.customfield"):
                return GraphQLField(CONTENT_TYPE, extensions={"get": lambda s, r: _content_type(r[name])})
            case "generic" if m.label in UNIONS:
                return GraphQLField(self._union(m.label), extensions={"get": _generic(name)})
            case "read_only" if name in COUNTERS and f.compute is not None:
                return _scalar(BIG_INT, f.compute, required=True)
        return None

    def _union(self, key: str) -> GraphQLUnionType:
        if key not in self.unions:
            name, labels = UNIONS[key]
            members = [self.types[label] for label in labels if label in self.types]
            if "ipam.fhrpgroup" in labels:
                members.append(self.stubs["FHRPGroupType"])
            if key == "ipam.vlangroup":
                members.append(self.stubs["RackGroupType"])
            self.unions[key] = GraphQLUnionType(name, members)
        return self.unions[key]

    def _cable_ends(self, name: str) -> GraphQLUnionType:
        if name not in self.unions:
            members = [self.types["dcim.interface"], *(self.stubs[n] for n in CABLE_END_TYPES)]
            self.unions[name] = GraphQLUnionType(name, members)
        return self.unions[name]

    def _termination(self) -> dict[str, GraphQLField]:
        return {
            "id": _scalar(GraphQLID, lambda s, r: r["id"], required=True),
            "cable_end": _scalar(GraphQLString, lambda s, r: r["cable_end"], required=True),
            "termination": GraphQLField(
                self._cable_ends("CableTerminationTerminationType"),
                extensions={"get": lambda s, r: r["termination"]},
            ),
        }

    def _extra(self, m: Model) -> dict[str, GraphQLField]:
        """What the field lists do not say: computed relations of interfaces, addresses and cables."""
        label = m.label
        if label in ("dcim.interface", "virtualization.vminterface"):
            out = {
                "ip_addresses": self._many("ipam.ipaddress", _assigned("ipam.ipaddress", label)),
                "mac_addresses": self._many("dcim.macaddress", _assigned("dcim.macaddress", label)),
            }
            if label == "dcim.interface":
                peers = {"get": rules_cables.link_peers}
                ends = {"get": lambda s, r: rules_cables.connected_endpoints(s, r) or []}
                out |= {
                    "cable": GraphQLField(
                        self.types["dcim.cable"], extensions={"get": rules_cables.cable_of}
                    ),
                    "cable_end": _scalar(GraphQLString, rules_cables.cable_end),
                    "link_peers": GraphQLField(_list(self._cable_ends("LinkPeerType")), extensions=peers),
                    "connected_endpoints": GraphQLField(
                        _list(self._cable_ends("ConnectedEndpointType")), extensions=ends
                    ),
                }
            return out
        if label in ("ipam.ipaddress", "ipam.prefix"):
            column = "address" if label == "ipam.ipaddress" else "prefix"
            return {
                "family": GraphQLField(
                    GraphQLNonNull(FAMILY), extensions={"get": lambda s, r: _family(r[column])}
                )
            }
        if label == "dcim.cable":
            ends_type = _list(self._cable_ends("CableTerminationTerminationType"))
            return {
                "terminations": GraphQLField(_list(self.termination), extensions={"get": _terminations}),
                "a_terminations": GraphQLField(
                    ends_type, extensions={"get": lambda s, r: r["a_terminations"]}
                ),
                "b_terminations": GraphQLField(
                    ends_type, extensions={"get": lambda s, r: r["b_terminations"]}
                ),
            }
        return {}


def _list(of: Any) -> Any:
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(of)))


def _scalar(of: Any, get: Get, *, required: bool = False) -> GraphQLField:
    return GraphQLField(GraphQLNonNull(of) if required else of, extensions={"get": get})


def _display(store: Store, m: Model, row: Row) -> str:
    return m.display(store, row) if m.display is not None else str(row["name"])


def _custom_fields(store: Store, m: Model, row: Row) -> dict[str, Any]:
    return {
        cf["name"]: row["custom_field_data"].get(cf["name"]) for cf in customfields.for_model(store, m.label)
    }


def _content_type(value: str | None) -> dict[str, str] | None:
    if value is None:
        return None
    app, _, name = value.partition(".")
    return {"app_label": app, "model": name}


def _family(value: str) -> dict[str, Any]:
    version = parse_ip(value).version
    return {"value": version, "label": f"IPv{version}"}


def _generic(name: str) -> Get:
    def get(store: Store, row: Row) -> Any:
        label, pk = row[f"{name}_type"], row[f"{name}_id"]
        return (label, pk) if label is not None and store.get(label, pk) is not None else None

    return get


def _reverse(label: str, column: str) -> Get:
    return lambda store, row: [(label, pk) for pk in sorted(store.referring(label, column, row["id"]))]


def _assigned(label: str, content_type: str) -> Get:
    return lambda store, row: [
        (label, pk)
        for pk in sorted(store.referring(label, "assigned_object_type+id", (content_type, row["id"])))
    ]


def _terminations(store: Store, row: Row) -> list[dict[str, Any]]:
    ends = [("A", t) for t in row["a_terminations"]] + [("B", t) for t in row["b_terminations"]]
    return [
        {"id": str(row["id"] * 1000 + i), "cable_end": end, "termination": termination}
        for i, (end, termination) in enumerate(ends)
    ]
