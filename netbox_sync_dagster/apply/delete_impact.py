"""Dependents of objects that are about to be deleted, read from NetBox just before: they forbid the delete.

``sources/netbox/dependents.csv`` lists the possible dependents of each type. The diff knows them from the snapshot and
blocks such rows (``sql/match/delete_impact.sql``); this is the last check, also used by the plan of an undo.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from netbox_sync_dagster.apply.came_along import DEVICES, parts_unchanged
from netbox_sync_dagster.apply.client import NetBoxWriter, Object
from netbox_sync_dagster.compare.causes import cause, read_reason
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.client import parse_version
from netbox_sync_dagster.sources.netbox.dependents import DELETED, Dependent, dependents_of
from netbox_sync_dagster.sources.netbox.object_references import holders_of, path_of, value_of
from netbox_sync_dagster.sources.netbox.plugins import unknown_plugins

_SHOWN = 5
# Filters for which NetBox accepts only one value.
_ONE_VALUE = ("vlan_id",)
_TAGGED = "extras/tagged-objects"
_MODULES, _INTERFACES = "dcim/modules", "dcim/interfaces"


@dataclass(frozen=True)
class Hanging:
    """An object that depends on another through its field ``field``; ``text`` is its name for people.

    ``related_id`` 0: the dependents are not known, and ``text`` says why.
    """

    related: str
    related_id: int
    field: str
    text: str


Found = dict[int, list[Hanging]]
# Whether a dependent can be ignored: the plan deletes it first, or removes its reference.
Leaves = Callable[[Hanging], bool]


def held(netbox: NetBoxWriter, object_type: str, rows: Iterable[Object]) -> dict[int, str]:
    """For each of these objects (complete answers) why it may not be deleted, by id; without those that may be.

    NetBox would delete such dependents too, clear their reference, or refuse. Raises ServerError.
    """
    rows = list(rows)
    found = _dependents(netbox, object_type, rows, lambda item: False)
    along = _take_out_parts(netbox, found, lambda item: False) if object_type == DEVICES else {}
    for row in rows:
        if row["id"] not in found and (counted := _counted(row, along.get(row["id"], Counter()))):
            found[row["id"]] = [Hanging(object_type, row["id"], "", text) for text in counted]
    return {number: read_reason(reason_of(items)).sentence for number, items in found.items()}


def reason_of(items: list[Hanging]) -> str:
    """Why an object with these dependents may not be deleted, as a cause."""
    known = list(dict.fromkeys(item.text for item in items if item.related_id))
    if known:
        return cause("would_be_lost", what=known[:_SHOWN], more=len(known[_SHOWN:]) or None)
    reasons = list(dict.fromkeys(item.text for item in items))
    return cause("unknown_what_would_be_lost", what=reasons[:_SHOWN], more=len(reasons[_SHOWN:]) or None)


def hanging(
    netbox: NetBoxWriter, object_type: str, rows: Iterable[Object], leaves: Leaves = lambda item: False
) -> Found:
    """The dependents of each of these objects, by id, except those that ``leaves``. Raises ServerError.

    Parts that came with a device from its type do not count, if they are unchanged and nothing depends on them.
    """
    found = _dependents(netbox, object_type, list(rows), leaves)
    if object_type == DEVICES:
        _take_out_parts(netbox, found, leaves)
    return found


def _dependents(netbox: NetBoxWriter, object_type: str, rows: list[Object], leaves: Leaves) -> Found:
    found: Found = defaultdict(list)
    if not rows or object_type not in DELETED:
        return found
    for number, item in _Asking(netbox, object_type, rows).all():
        if not leaves(item) and item not in found[number]:
            found[number].append(item)
    return {number: items for number, items in found.items() if items}


def _take_out_parts(netbox: NetBoxWriter, found: Found, leaves: Leaves) -> dict[int, Counter[str]]:
    """Take the parts that came with a device out of ``found``; returns how many of each type, by device.

    A part with dependents is replaced by these.
    """
    parts = {
        number: [(item.related, item.related_id) for item in items if item.field == "device"]
        for number, items in found.items()
    }
    along = parts_unchanged(netbox, {number: places for number, places in parts.items() if places})
    on: dict[tuple[str, int], list[Hanging]] = {}
    for object_type in sorted({kind for kind, _ in along}):
        rows = netbox.by_ids(object_type, [number for kind, number in along if kind == object_type])
        more = _dependents(
            netbox,
            object_type,
            list(rows.values()),
            lambda item: leaves(item) or (item.related, item.related_id) in along,
        )
        on |= {(object_type, number): items for number, items in more.items()}
    taken: dict[int, Counter[str]] = {}
    for number, items in list(found.items()):
        taken[number] = Counter(item.related for item in items if (item.related, item.related_id) in along)
        left: list[Hanging] = []
        for item in items:
            place = item.related, item.related_id
            if place in on:
                left += [replace(one, text=f"{one.text} ({item.text})") for one in on[place]]
            elif place not in along:
                left.append(item)
        if left:
            found[number] = left
        else:
            del found[number]
    return taken


class _Asking:
    """The requests about objects of one type."""

    def __init__(self, netbox: NetBoxWriter, object_type: str, rows: list[Object]) -> None:
        self._netbox = netbox
        self._type = object_type
        self._rows = rows
        self._ids = {row["id"] for row in rows}
        self._by_slug = {row["slug"]: row["id"] for row in rows if "slug" in row}
        self._version = parse_version(netbox.version)

    def all(self) -> Iterator[tuple[int, Hanging]]:
        """(id of the object, its dependent)."""
        if self._type == "extras/custom-fields":
            for row in self._rows:
                yield from ((row["id"], item) for item in self._values(row))
            return
        ways = [
            way
            for way in dependents_of(
                self._type, self._version, proxbox="netbox_proxbox" in self._netbox.plugins
            )
            if way.blocks
        ]
        for way in ways:
            if way.how == "own":
                yield from self._own(way)
        asked: dict[tuple[str, str], list[Dependent]] = defaultdict(list)
        for way in ways:
            if way.how != "own":
                asked[way.related, way.filter].append(way)
        for (related, name), same in asked.items():
            yield from self._related(related, name, same)
        yield from self._custom_fields()
        if self._type == _MODULES:
            yield from self._on_ports()
        for reason in self._plugins():
            yield from ((number, Hanging("", 0, "", reason)) for number in sorted(self._ids))

    def _own(self, way: Dependent) -> Iterator[tuple[int, Hanging]]:
        for row in self._rows:
            value = row.get(way.field)
            for item in value if isinstance(value, list) else [value] if value else []:
                text = f"{way.word} {item.get('display') or item['id']}"
                yield row["id"], Hanging(way.related, item["id"], way.field, text)

    def _related(self, path: str, name: str, ways: list[Dependent]) -> Iterator[tuple[int, Hanging]]:
        names = ",".join(dict.fromkeys(part for way in ways for part in way.fields.split(",")))
        filters = [[(name, number)] for number in sorted(self._ids)] if name else []
        try:
            for row in self._read(path, filters, names):
                for way in ways:
                    for _, place in way.places(row):
                        number = self._by_slug.get(place, 0) if isinstance(place, str) else place
                        if number in self._ids:
                            yield number, _tagged(row) if path == _TAGGED else _named_by(way, row)
        except ServerError as error:
            # 404: this NetBox, or this release of the plugin, knows no such objects.
            if error.status not in (403, 404):
                raise
            if error.status == 403:
                text = f"the token's user may not view {ways[0].words} ({ways[0].permission})"
                yield from ((number, Hanging(path, 0, "", text)) for number in sorted(self._ids))

    def _read(self, path: str, filters: list[list[tuple[str, Any]]], names: str) -> Iterator[Object]:
        fixed = [("fields", names)]
        if not filters:
            yield from self._netbox.rows(path, fixed)
        elif filters[0][0][0] in _ONE_VALUE:
            for one in filters:
                yield from self._netbox.rows(path, [*one, *fixed])
        else:
            yield from self._netbox.any_of(path, filters, fixed)

    # -- custom fields ---------------------------------------------------------------------------

    def _custom_fields(self) -> Iterator[tuple[int, Hanging]]:
        """Objects whose custom field names one of these."""
        for field in self._netbox.once("custom-fields", self._object_fields):
            if field["related_object_type"] != DELETED[self._type]:
                continue
            name = f"custom field {field['name']}"
            for model in field["object_types"] or ():
                path = holders_of(self._netbox.get, model)
                if path is None:
                    text = (
                        f"{model} objects may name it in the {name}, and NetBox does not say how to read them"
                    )
                    yield from ((number, Hanging("", 0, "", text)) for number in sorted(self._ids))
                    continue
                filters = [[(f"cf_{field['name']}", number)] for number in sorted(self._ids)]
                for row in self._netbox.any_of(path, filters, [("fields", "id,display,custom_fields")]):
                    for number in value_of(row, field["name"]):
                        if number in self._ids:
                            text = f"{name} of {row.get('display') or row['id']}"
                            yield number, Hanging(path, row["id"], f"cf.{field['name']}", text)

    def _object_fields(self) -> list[Object]:
        names = "id,name,object_types,related_object_type"
        fields = self._netbox.rows("extras/custom-fields", [("fields", names)])
        return [row for row in fields if row.get("related_object_type")]

    def _values(self, field: Object) -> Iterator[Hanging]:
        """An object that has a value of this custom field: deleting the field deletes every value."""
        for model in field.get("object_types") or ():
            path = holders_of(self._netbox.get, model)
            if path is None:
                yield Hanging("", 0, "", f"whether {model} objects hold a value of it is not known")
                continue
            wanted = [(f"cf_{field['name']}__empty", "false"), ("fields", "id,display,custom_fields")]
            for row in self._netbox.rows(path, wanted):
                if (row.get("custom_fields") or {}).get(field["name"]) is not None:
                    label = row.get("display") or row["id"]
                    yield Hanging(path, row["id"], f"cf.{field['name']}", f"a value on {model} {label}")

    # -- modules: what somebody hung on the ports that go with them ------------------------------

    def _on_ports(self) -> Iterator[tuple[int, Hanging]]:
        interfaces = {row["id"]: row for row in self._components(_INTERFACES, None)}
        for number, items in hanging(self._netbox, _INTERFACES, interfaces.values()).items():
            where = f"(interface {interfaces[number]['display']})"
            for item in items:
                # Other ports of the same card are deleted too.
                if item.related != _INTERFACES or item.related_id not in interfaces:
                    yield _id(interfaces[number]["module"]), replace(item, text=f"{item.text} {where}")
        for way in dependents_of(_MODULES, self._version):
            if way.undo == "content" and way.related != _INTERFACES:
                yield from self._on_component(way)

    def _on_component(self, way: Dependent) -> Iterator[tuple[int, Hanging]]:
        bay = way.related == "dcim/module-bays"
        field = "installed_module" if bay else "cable"
        rows = self._components(way.related, f"id,display,module,{field}")
        modules = {row["id"]: _id(row["module"]) for row in rows}
        for row in rows:
            if row.get(field):
                text = f"module {row[field]['display']}" if bay else f"{way.word} {row['display']}"
                yield _id(row["module"]), Hanging(way.related, row["id"], field, text)
        filters = [[("component_id", number)] for number in modules]
        names = [("fields", "id,display,component_type,component_id")]
        for row in self._netbox.any_of("dcim/inventory-items", filters, names):
            if row.get("component_type") == way.model and row["component_id"] in modules:
                text = f"inventory item {row['display']}"
                yield (
                    modules[row["component_id"]],
                    Hanging("dcim/inventory-items", row["id"], "component", text),
                )

    def _components(self, path: str, names: str | None) -> list[Object]:
        filters = [[("module_id", number)] for number in sorted(self._ids)]
        fixed = [("fields", names)] if names else []
        try:
            rows = list(self._netbox.any_of(path, filters, fixed))
        except ServerError as error:
            if error.status == 404:
                return []
            raise
        return [row for row in rows if row.get("module") and _id(row["module"]) in self._ids]

    # -- plugins ---------------------------------------------------------------------------------

    def _plugins(self) -> list[str]:
        netbox = self._netbox
        return netbox.once(
            "plugins",
            lambda: list(
                unknown_plugins(
                    netbox.get, netbox.plugins, self._version, netbox.target.plugins_without_references
                )
            ),
        )


def _named_by(way: Dependent, row: Object) -> Hanging:
    return Hanging(way.related, row["id"], way.field, f"{way.word} {row.get('display') or row['id']}")


def _tagged(row: Object) -> Hanging:
    """The object that has the tag, instead of NetBox's row in between."""
    shown = row.get("object")
    label = shown.get("display") if isinstance(shown, dict) else shown
    path = path_of(row["object_type"]) or ""
    return Hanging(path, row["object_id"], "tags", f"tagged object {label or row['object_type']}")


def _id(value: Any) -> int:
    return int(value["id"] if isinstance(value, dict) else value)


def _counted(row: Object, along: Counter[str]) -> list[str]:
    """Counts in the object's own answer, in case the table lacks a relation; without parts that came ``along``."""
    came = {
        kind.partition("/")[2].removesuffix("s").replace("-", "_"): number for kind, number in along.items()
    }
    names = []
    for name, number in row.items():
        if isinstance(number, int) and number and (name.endswith("_count") or name.startswith("count_")):
            counted = name.removeprefix("count_").removesuffix("_count")
            if number > came.get(counted, 0):
                names.append(f"{number} {counted.replace('_', ' ')}")
    if row.get("tagged_items"):
        names.append(f"{row['tagged_items']} tagged objects")
    return names
