"""Finds changes of a plan that applies of other endpoints have already written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from netbox_sync_dagster.apply.changes import PendingWrite
from netbox_sync_dagster.apply.client import NetBoxWriter, Object
from netbox_sync_dagster.apply.natural_keys import NATURAL_KEYS, differing, find_created
from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.ledger import ledger_files, read_lines

_Object = tuple[str, int]


@dataclass(frozen=True)
class Done:
    """A change that NetBox already has as approved: the object, and the apply that wrote it."""

    netbox_id: int
    message: str
    # Of a create: the guard of what the plan does with the object afterwards.
    last_updated: str | None = None


@dataclass
class _Written:
    """By object: the apply that wrote it, as text."""

    created: dict[_Object, str] = field(default_factory=dict)
    updated: dict[_Object, str] = field(default_factory=dict)
    deleted: dict[_Object, str] = field(default_factory=dict)


class Already:
    """Finds changes of a plan that another endpoint's apply has carried out since the plan's NetBox was read.

    Only the ledger counts: a manual change in NetBox is somebody else's change, even if it is the same.
    """

    def __init__(self, warehouse: Warehouse, plan: Plan, netbox: NetBoxWriter) -> None:
        self._warehouse = warehouse
        self._plan = plan
        self._netbox = netbox
        self._created_types = {object_type for object_type, _ in self._written().created}
        # Objects that this plan wanted to create and another apply has created.
        self._found: set[_Object] = set()

    def creates(self, object_type: str) -> bool:
        """Whether another apply has created objects of this type, among which a create may find its object."""
        return object_type in self._created_types

    def found(self, items: list[PendingWrite]) -> list[PendingWrite]:
        """Updates of objects that this plan wanted to create and another apply has created."""
        return [item for item in items if (item.object_type, item.netbox_id) in self._found]

    def done(self, items: list[PendingWrite]) -> dict[str, Done]:
        """The changes (of one type and action) that are already written, by change id. Raises ServerError."""
        if not items:
            return {}
        by_action = {"create": self._creates, "update": self._updates, "delete": self._deletes}
        found = by_action[items[0].action](items, self._written())
        return {item.change_id: done for item, done in found}

    def _creates(self, items: list[PendingWrite], written: _Written) -> Iterator[tuple[PendingWrite, Done]]:
        object_type = items[0].object_type
        if object_type not in NATURAL_KEYS or not any(kind == object_type for kind, _ in written.created):
            return
        pairs = zip(items, find_created(self._netbox, object_type, [i.body for i in items]), strict=True)
        for item, (_, rows) in pairs:
            for row in rows:
                who = written.created.get((object_type, row["id"]))
                if who is not None and _as_approved(item, row):
                    self._found.add((object_type, row["id"]))
                    yield item, Done(row["id"], _words(who), row["last_updated"])
                    break

    def _updates(self, items: list[PendingWrite], written: _Written) -> Iterator[tuple[PendingWrite, Done]]:
        touched = {**written.created, **written.updated}
        places = {(i.object_type, i.netbox_id): i for i in items if i.netbox_id is not None}
        known = {place: item for place, item in places.items() if place in touched}
        if not known:
            return
        rows = self._netbox.by_ids(items[0].object_type, [netbox_id for _, netbox_id in known if netbox_id])
        for (object_type, netbox_id), item in known.items():
            row = rows.get(netbox_id or 0)
            if row is not None and netbox_id is not None and _as_approved(item, row):
                yield item, Done(netbox_id, _words(touched[object_type, netbox_id]))

    def _deletes(self, items: list[PendingWrite], written: _Written) -> Iterator[tuple[PendingWrite, Done]]:
        for item in items:
            who = written.deleted.get((item.object_type, item.netbox_id or 0))
            if who is not None and item.netbox_id is not None:
                yield item, Done(item.netbox_id, _words(who))

    def _written(self) -> _Written:
        """Read again each time: an apply of another endpoint may be running."""
        found = _Written()
        by_action = {"create": found.created, "update": found.updated, "delete": found.deleted}
        names = set(self._netbox.names)
        for path in self._files():
            for line in read_lines(path):
                if (
                    line["kind"] == "verdict"
                    and line["verdict"] == "applied"
                    and line["netbox_id"] is not None
                    and line["target"] in names
                    and not line.get("already")
                ):
                    who = f"apply {line['apply_id']} of endpoint '{line['endpoint']}' wrote it"
                    by_action[line["action"]][line["object_type"], line["netbox_id"]] = who
        return found

    def _files(self) -> Iterator[Path]:
        """The applies of other endpoints since NetBox was read, and the last one of each before that, which may have
        continued."""
        read = str(self._plan.manifest.get("target_snapshot") or self._plan.diff_id)
        earlier: dict[Path, Path] = {}
        for path in ledger_files(self._warehouse, self._warehouse.ledger / "applies", "*/*.jsonl"):
            if path.parent.name == self._plan.endpoint:
                continue
            if path.stem > read:
                yield path
            else:
                earlier[path.parent] = path
        yield from earlier.values()


def _words(who: str) -> str:
    return f"already as approved: {who}"


def _as_approved(item: PendingWrite, row: Object) -> bool:
    return not differing(item.body, row)
