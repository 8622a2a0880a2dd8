"""Finds the NetBox object of a create whose answer was lost, and compares it with the request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Any

from netbox_sync_dagster.apply.changes import ALSO_SENT
from netbox_sync_dagster.apply.client import NetBoxWriter, Object

Filters = list[tuple[str, Any]]

_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


@dataclass(frozen=True)
class NaturalKey:
    """The fields of the body that identify an object of a type.

    ``filters`` maps such a field to the list endpoint's filter. ``unique``: NetBox itself refuses a second
    object with this key, given the fields of the body.
    """

    filters: dict[str, str]
    unique: Callable[[Object], bool] = lambda body: True
    assigned: bool = False

    def matches(self, body: Object, row: Object) -> bool:
        """Whether this object of NetBox has the body's key."""
        names = [*self.filters]
        if self.assigned:
            names += ["assigned_object_type", "assigned_object_id"]
        return all(_canonical(body.get(name)) == _canonical(plain(row.get(name))) for name in names)

    def queries(self, bodies: list[Object]) -> Iterator[Filters]:
        """The list endpoint's filters for each body; by those fields only that all bodies have.

        A filter on a field that only some have would exclude the other objects; `matches` does the rest.
        """
        names = [name for name in self.filters if all(body.get(name) is not None for body in bodies)]
        for body in bodies:
            yield [(self.filters[name], _canonical(body[name])) for name in names]


class CableKey(NaturalKey):
    """A cable is identified by its ends, whichever side is called A. NetBox accepts one cable per end."""

    def matches(self, body: Object, row: Object) -> bool:
        return _sides(body) == _sides(row)

    def queries(self, bodies: list[Object]) -> Iterator[Filters]:
        for body in bodies:
            yield [("interface_id", end) for side in _sides(body) for _, end in side]


def _sides(cable: Object) -> set[frozenset[tuple[str, int]]]:
    return {
        frozenset((end["object_type"], end["object_id"]) for end in cable[side])
        for side in ("a_terminations", "b_terminations")
    }


def _never(body: Object) -> bool:
    return False


def _with(*names: str) -> Callable[[Object], bool]:
    return lambda body: all(body.get(name) is not None for name in names)


_SLUG = NaturalKey({"slug": "slug"})
_NAME = NaturalKey({"name": "name"})

NATURAL_KEYS: dict[str, NaturalKey] = {
    "extras/tags": _SLUG,
    "extras/custom-fields": _NAME,
    "dcim/manufacturers": _SLUG,
    "dcim/device-types": NaturalKey({"manufacturer": "manufacturer_id", "slug": "slug"}),
    "dcim/module-types": NaturalKey({"manufacturer": "manufacturer_id", "model": "model"}),
    "dcim/device-roles": _SLUG,
    "dcim/platforms": _SLUG,
    "dcim/sites": _SLUG,
    "virtualization/cluster-types": _SLUG,
    "virtualization/clusters": NaturalKey({"name": "name", "group": "group_id"}, _with("group")),
    "dcim/virtual-chassis": NaturalKey({"name": "name"}, _never),
    "dcim/devices": NaturalKey({"name": "name", "site": "site_id", "tenant": "tenant_id"}, _with("name")),
    "virtualization/virtual-machines": NaturalKey(
        {"name": "name", "cluster": "cluster_id", "tenant": "tenant_id"}, _with("cluster")
    ),
    "ipam/vlans": NaturalKey({"vid": "vid", "group": "group_id", "site": "site_id"}, _with("group")),
    "dcim/interfaces": NaturalKey({"device": "device_id", "name": "name"}),
    "virtualization/interfaces": NaturalKey({"virtual_machine": "virtual_machine_id", "name": "name"}),
    "dcim/mac-addresses": NaturalKey({"mac_address": "mac_address"}, _never, assigned=True),
    "ipam/prefixes": NaturalKey({"prefix": "prefix", "vrf": "vrf_id"}, _never),
    "ipam/ip-addresses": NaturalKey({"address": "address", "vrf": "vrf_id"}, _never, assigned=True),
    "tenancy/contact-assignments": NaturalKey(
        {"object_type": "object_type", "object_id": "object_id", "contact": "contact_id", "role": "role_id"}
    ),
    "dcim/module-bays": NaturalKey({"device": "device_id", "name": "name"}),
    "dcim/modules": NaturalKey({"module_bay": "module_bay_id"}),
    "dcim/cables": CableKey({}),
    # The plugin treats a second storage or task with the same key as an update of the first, so it is read before.
    "plugins/proxbox/storage": NaturalKey({"cluster": "cluster_id", "name": "name"}, _never),
    "plugins/proxbox/backups": NaturalKey(
        {"virtual_machine": "virtual_machine_id", "storage": "storage", "volume_id": "volume_id"}, _never
    ),
    "plugins/proxbox/snapshots": NaturalKey(
        {"virtual_machine": "virtual_machine_id", "name": "name"}, _never
    ),
    "plugins/proxbox/task-history": NaturalKey({"upid": "upid"}, _never),
    "plugins/proxbox/replications": NaturalKey(
        {"virtual_machine": "virtual_machine_id", "replication_id": "replication_id"}, _never
    ),
    "virtualization/virtual-disks": NaturalKey({"virtual_machine": "virtual_machine_id", "name": "name"}),
}


def find_created(
    netbox: NetBoxWriter, object_type: str, bodies: list[Object]
) -> Iterator[tuple[Object, list[Object]]]:
    """For each body of a create the objects that NetBox has under its key.

    Raises ServerError if NetBox cannot be read, and KeyError for a type without a natural key.
    """
    key = NATURAL_KEYS[object_type]
    rows = {row["id"]: row for row in netbox.any_of(object_type, key.queries(bodies), [])}
    for body in bodies:
        yield body, [row for row in rows.values() if key.matches(body, row)]


# What a body has beside fields of the object.
_NO_FIELDS = {"id", "changelog_message", *(name for sent in ALSO_SENT.values() for name in sent)}


def differing(body: Object, row: Object) -> list[str]:
    """The fields in which an object of NetBox differs from this body, sorted."""
    found = []
    for name, sent in body.items():
        if name in _NO_FIELDS:
            continue
        if name == "add_tags":
            same = _slugs(sent) <= _slugs(row.get("tags"))
        elif name == "remove_tags":
            same = not _slugs(sent) & _slugs(row.get("tags"))
        elif name == "tags":
            same = _slugs(sent) == _slugs(row.get("tags"))
        elif name == "custom_fields":
            has = row.get("custom_fields") or {}
            same = all(_same(value, has.get(field)) for field, value in sent.items())
        else:
            same = _same(sent, row.get(name))
        if not same:
            found.append({"add_tags": "tags", "remove_tags": "tags"}.get(name, name))
    return sorted(set(found))


def plain(value: Any) -> Any:
    """A value of NetBox's answer in the form in which it is sent: an object by id, a choice by value, a cable's end."""
    if isinstance(value, dict):
        if "id" in value:
            return value["id"]
        if "value" in value:
            return value["value"]
        if "object_type" in value and "object_id" in value:
            return {"object_type": value["object_type"], "object_id": value["object_id"]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _same(sent: Any, got: Any) -> bool:
    got = plain(got)
    if sent in (None, "") and got in (None, ""):
        return True
    if isinstance(sent, list) and isinstance(got, list):
        return sorted(map(_canonical, sent)) == sorted(map(_canonical, got))
    return _canonical(sent) == _canonical(got)


def _canonical(value: Any) -> str:
    """Text in comparable form. NetBox trims text, writes MAC addresses in capitals and shortens IPv6 addresses."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    if _MAC.fullmatch(text):
        return text.upper()
    if "/" in text or ":" in text:
        try:
            return str(ip_interface(text))
        except ValueError:
            return text
    return text


def _slugs(value: Any) -> set[str]:
    return {str(item["slug"]) for item in value or ()}
