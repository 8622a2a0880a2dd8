"""The query filters of list endpoints.

Filters that a model does not have are ignored, as NetBox does. Filters that a NetBox has and the lab does not
work out end in :class:`Unsupported`, never in an unfiltered answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from . import customfields
from . import filter_lookups as lookups
from .filter_lookups import Test
from .filter_values import FLAGS, MACS, NAMED_BY, RELATED, Value
from .schema import FILTERS, Model, Row, ValidationFailed
from .store import Store, parse_ip
from .values import normal_mac

NOT_FILTERS = {
    "limit",
    "offset",
    "start",
    "ordering",
    "fields",
    "omit",
    "brief",
    "format",
    "exclude",
    "export",
}
TEXT_LOOKUPS = {"n", "ic", "nic", "isw", "nisw", "iew", "niew", "ie", "nie", "empty", "regex", "iregex"}
NUMBER_LOOKUPS = {"n", "gt", "gte", "lt", "lte", "empty"}

# Models whose objects form trees: a filter by one of them takes those below it too.
TREES = (
    "dcim.region",
    "dcim.sitegroup",
    "dcim.location",
    "dcim.devicerole",
    "dcim.platform",
    "tenancy.tenantgroup",
)


# Of these NetBox takes the last value only.
_ONE_VALUE = ("vlan", "vlan_id")
_NICS = ("dcim.interface", "virtualization.vminterface")


class Unsupported(Exception):
    """A filter of a real NetBox that the lab does not know how to apply."""


def select(store: Store, model: Model, params: Iterable[tuple[str, str]], rows: list[Row]) -> list[Row]:
    """The rows that pass all filters. Raises ValidationFailed for values a filter does not take."""
    grouped: dict[str, list[str]] = {}
    for key, value in params:
        known = key in FILTERS.get(model.label, frozenset()) or key.startswith("cf_")
        if known and key not in NOT_FILTERS and value != "":
            grouped.setdefault(key, []).append(value)
            if key in _ONE_VALUE and model.label in _NICS:
                del grouped[key][:-1]
    errors: dict[str, list[str]] = {}
    tests: list[Test] = []
    keep: set[int] | None = None
    for key, values in grouped.items():
        try:
            ids = _by_index(store, model, key, values)
            if ids is not None:
                keep = ids if keep is None else keep & ids
                continue
            test = _filter(store, model, key, values)
        except lookups.BadValue as bad:
            errors["time" if key in ("time_after", "time_before") else key] = [str(bad)]
            continue
        if test is not None:
            tests.append(test)
        elif not key.startswith("cf_"):
            raise Unsupported(f"The lab NetBox does not work out the filter {key} of {model.path}.")
    if errors:
        raise ValidationFailed(errors)
    if keep is not None:
        if len(keep) * 20 < len(rows):
            wanted = {pk: row for pk in keep if (row := store.get(model.label, pk)) is not None}
            rows = [r for r in rows if r["id"] in wanted] if len(wanted) > 1 else list(wanted.values())
        else:
            rows = [r for r in rows if r["id"] in keep]
    for test in tests:
        rows = [r for r in rows if test(r)]
    return rows


def _by_index(store: Store, model: Model, key: str, values: list[str]) -> set[int] | None:
    """Ids for the filters that are answered from an index: ``id`` and references by id."""
    if key == "id":
        return {pk for pk in map(lookups.number, values) if store.get(model.label, pk) is not None}
    if not key.endswith("_id"):
        return None
    f = model.by_name.get(key[:-3])
    if f is None or f.kind != "fk" or "null" in values or key[:-3] in RELATED.get(model.label, {}):
        return None
    out: set[int] = set()
    for value in values:
        for pk in _below(store, f.model, [_existing(store, f.model, value)]):
            out |= store.referring(model.label, f.name, pk)
    return out


def _below(store: Store, label: str, ids: Iterable[int]) -> set[int]:
    """The objects and, where they form trees, all below them."""
    out: set[int] = set()
    todo = list(ids)
    while todo:
        pk = todo.pop()
        out.add(pk)
        if label in TREES:
            todo.extend(store.referring(label, "parent", pk))
    return out


def _existing(store: Store, label: str, value: str) -> int:
    if not value.lstrip("-").isdigit():
        raise lookups.BadValue(f"“{value}” is not a valid value.")
    if store.get(label, int(value)) is None:
        raise lookups.BadValue(f"Select a valid choice. {value} is not one of the available choices.")
    return int(value)


def _filter(store: Store, model: Model, key: str, values: list[str]) -> Test | None:
    name, _, lookup = key.rpartition("__") if "__" in key and not key.startswith("_") else (key, "", "")
    if key == "q":
        return _search(store, model, values[-1])
    if name.startswith("cf_"):
        return _custom_field(store, model, name[3:], lookup, values)
    if name in ("tag", "tag_id") and "tags" in model.by_name:
        return _tags(store, name, lookup, values)
    special = _special(store, model, name, lookup, values)
    if special is not None:
        return special
    f = model.by_name.get(name)
    if f is not None and f.kind == "fk":
        return _named(store, f.model, lambda s, r: r[f.name], lookup, values)
    related = RELATED.get(model.label, {})
    if name in related:
        return _named(store, related[name][0], related[name][1], lookup, values)
    if name.endswith("_id"):
        target = _reference(model, related, name[:-3])
        if target is not None:
            return _ids(store, *target, lookup, values)
    if f is None and name not in ("created", "last_updated", "id"):
        return None
    return lookups.column(model, f, name, lookup, values)


def _reference(model: Model, related: Mapping[str, tuple[str, Value]], name: str) -> tuple[str, Value] | None:
    f = model.by_name.get(name)
    if f is not None and f.kind == "fk" and name not in related:
        return f.model, lambda s, r: r[name]
    return related.get(name)


def _wanted(value: Any, accepted: set[Any]) -> bool:
    if isinstance(value, list):
        return bool(accepted & set(value)) if value else None in accepted
    return value in accepted


def _ids(store: Store, label: str, get: Value, lookup: str, values: list[str]) -> Test | None:
    if lookup not in ("", "n"):
        return None
    wanted: set[int | None] = set(
        _below(store, label, (_existing(store, label, v) for v in values if v != "null"))
    )
    if "null" in values:
        wanted.add(None)
    negate = lookup == "n"
    return lambda row: _wanted(get(store, row), wanted) != negate


def _named(store: Store, label: str, get: Value, lookup: str, values: list[str]) -> Test | None:
    """A related object by its slug or name."""
    if lookup not in ("", "n"):
        return None
    column = NAMED_BY.get(label, "slug")
    if column not in store.models[label].by_name:
        column = "name"
    known: dict[Any, set[int]] = {}
    for row in store.rows(label):
        known.setdefault(row[column], set()).add(row["id"])
    wanted: set[Any] = set()
    for value in values:
        if value == "null":
            wanted.add(None)
        elif value in known:
            wanted |= _below(store, label, known[value])
        else:
            raise lookups.BadValue(f"Select a valid choice. {value} is not one of the available choices.")
    negate = lookup == "n"
    return lambda row: _wanted(get(store, row), wanted) != negate


def _search(store: Store, model: Model, text: str) -> Test:
    needle = text.strip().casefold()
    columns = [c for c in model.search if c in model.by_name]
    return lambda row: any(needle in str(row[c] or "").casefold() for c in columns)


def _tags(store: Store, name: str, lookup: str, values: list[str]) -> Test | None:
    """Several tags must all be there; with ``__n`` none of them may be, with ``__any`` one is enough."""
    slugs = {r["slug"]: r["id"] for r in store.rows("extras.tag")}
    if lookup == "empty":
        empty = values[-1] == "true"
        return lambda row: (not row["tags"]) == empty
    if lookup not in ("", "n", "any"):
        return None
    wanted: list[int | None] = []
    for value in values:
        if value == "null":
            wanted.append(None)
        elif name == "tag_id":
            wanted.append(_existing(store, "extras.tag", value))
        elif value in slugs:
            wanted.append(slugs[value])
        else:
            raise lookups.BadValue(f"Select a valid choice. {value} is not one of the available choices.")

    def has(row: Row, tag: int | None) -> bool:
        return not row["tags"] if tag is None else tag in row["tags"]

    if lookup == "n":
        return lambda row: not any(has(row, t) for t in wanted)
    if lookup == "any":
        return lambda row: any(has(row, t) for t in wanted)
    return lambda row: all(has(row, t) for t in wanted)


def _special(store: Store, model: Model, name: str, lookup: str, values: list[str]) -> Test | None:
    label = model.label
    flags = FLAGS.get(label, {})
    if name in flags and not lookup:
        wanted = lookups.truth(values[-1])
        flag = flags[name]
        return lambda row: wanted is None or bool(flag(store, row)) == wanted
    if name == "mac_address" and label in MACS and lookup in ("", "n"):
        macs = {normal_mac(v) or v for v in values}
        get = MACS[label]
        return lambda row: bool(macs & set(get(store, row))) != (lookup == "n")
    if name in ("created_by_request", "updated_by_request", "modified_by_request"):
        return _by_request(store, label, name, lookups.uuid(values[-1]))
    if label == "dcim.interface":
        return _interface(store, name, lookup, values)
    if label in ("ipam.ipaddress", "ipam.prefix"):
        return _addresses(store, label, name, values)
    if label == "core.objectchange" and name in ("time_after", "time_before"):
        stamp = lookups.time(values[-1])
        if name == "time_after":
            return lambda row: row["time"] >= stamp
        return lambda row: row["time"] <= stamp
    if label == "core.objectchange" and name == "request_id":
        wanted_id = lookups.uuid(values[-1])
        return lambda row: row["request_id"] == wanted_id
    if label == "core.objectchange" and name == "user":
        names = set(values)
        return lambda row: row["user_name"] in names
    return None


def _by_request(store: Store, label: str, name: str, request_id: str) -> Test:
    actions = {"created_by_request": ("create",), "updated_by_request": ("update",)}.get(
        name, ("create", "update")
    )
    ids = {
        r["changed_object_id"]
        for r in store.rows("core.objectchange")
        if r["request_id"] == request_id and r["changed_object_type"] == label and r["action"] in actions
    }
    return lambda row: row["id"] in ids


def _interface(store: Store, name: str, lookup: str, values: list[str]) -> Test | None:
    if name == "kind":
        kinds = set(values)
        return lambda row: ("virtual" if row["type"] in ("virtual", "bridge", "lag") else "physical") in kinds
    if name in ("virtual_chassis_member_id", "virtual_chassis_member"):
        members: set[int] = set()
        for value in values:
            if name.endswith("_id"):
                devices = [store.ref("dcim.device", _existing(store, "dcim.device", value))]
            else:
                devices = store.referring_rows("dcim.device", "@name", value)
            for device in devices:
                members.add(device["id"])
                if device["virtual_chassis"] is not None:
                    members |= store.referring("dcim.device", "virtual_chassis", device["virtual_chassis"])
        return lambda row: row["device"] in members
    return None


def _addresses(store: Store, label: str, name: str, values: list[str]) -> Test | None:
    column = "address" if label == "ipam.ipaddress" else "prefix"
    if name == "family":
        versions = {lookups.number(v) for v in values}
        return lambda row: parse_ip(row[column]).version in versions
    if name == "mask_length":
        lengths = {lookups.number(v) for v in values}
        return lambda row: parse_ip(row[column]).network.prefixlen in lengths
    if name == "parent" and label == "ipam.ipaddress":
        parents = [n for v in values if (n := lookups.network(v)) is not None]
        return lambda row: any(
            (ip := parse_ip(row["address"])).version == n.version and ip.network.subnet_of(n) for n in parents
        )
    if name == "address":
        return _address_test(values)
    if label == "ipam.prefix" and name in ("within", "within_include", "contains"):
        return _prefix_test(name, values[-1])
    return None


def _address_test(values: list[str]) -> Test:
    """Addresses match with their mask when one is given, else by host."""
    exact: set[str] = set()
    hosts: set[Any] = set()
    for value in values:
        try:
            if "/" in value:
                exact.add(str(ip_interface(value)))
            else:
                hosts.add(ip_address(value))
        except ValueError:
            continue
    return lambda row: row["address"] in exact or parse_ip(row["address"]).ip in hosts


def _prefix_test(name: str, value: str) -> Test:
    network = lookups.network(value)
    if network is None:
        return lambda row: False

    def test(row: Row) -> bool:
        other = ip_network(row["prefix"])
        if other.version != network.version:
            return False
        if name == "contains":
            return network.subnet_of(other)
        return other.subnet_of(network) and (name == "within_include" or other != network)

    return test


def _custom_field(store: Store, model: Model, name: str, lookup: str, values: list[str]) -> Test | None:
    cf = next((c for c in customfields.for_model(store, model.label) if c["name"] == name), None)
    if cf is None or cf["filter_logic"] == "disabled":
        return None

    def get(row: Row) -> Any:
        return row["custom_field_data"].get(name)

    kind = cf["type"]
    if lookup == "empty":
        empty = values[-1].lower() == "true"
        return lambda row: (get(row) in (None, "")) == empty
    if kind in ("integer", "object"):
        return lookups.compare(get, lookup, [lookups.number(v) for v in values])
    if kind == "decimal":
        return lookups.compare(
            lambda row: None if get(row) is None else Decimal(str(get(row))), lookup, lookups.decimals(values)
        )
    if kind == "boolean":
        wanted = values[-1].lower() == "true"
        return lambda row: get(row) is wanted
    if kind in ("multiselect", "multiobject"):
        chosen: set[Any] = set(values) if kind == "multiselect" else {lookups.number(v) for v in values}
        return lambda row: bool(chosen & set(get(row) or ())) != (lookup == "n")
    if kind in ("text", "longtext", "url", "json") and not lookup and cf["filter_logic"] == "loose":
        return lookups.text(get, "ic", values)
    return lookups.text(get, lookup, values)
