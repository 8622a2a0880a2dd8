"""Later changes to the objects of an apply, ours and others'. Used by undo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from netbox_sync_dagster.apply.changelog import Changelog, Entry
from netbox_sync_dagster.apply.cleared_references import DISKS, MACHINES
from netbox_sync_dagster.apply.client import NetBoxWriter, Object, moment_of, same_moment
from netbox_sync_dagster.apply.inverse import Done, Now, Place, points_to
from netbox_sync_dagster.compare.causes import cause
from netbox_sync_dagster.compare.values import Value
from netbox_sync_dagster.sources.netbox.convert import utc_text


@dataclass(frozen=True)
class Step:
    """One applied change from the ledger; ``last_updated`` is from NetBox's answer, if there was one.

    ``target`` is the NetBox that was written to, or the branch of it.
    """

    apply_id: str
    target: str
    done: Done
    last_updated: str | None
    request_id: str | None


class Since:
    """Checks for each object of an apply whether it was changed later.

    ``own`` are its changes, ``later`` those of later applies of any endpoint, both in the order in which they were
    written; ``undoes`` names the apply that an apply reverted. An object that an undo created again has another id, and
    is followed to it.
    """

    def __init__(
        self, netbox: NetBoxWriter, own: list[Step], later: list[Step], undoes: dict[str, str]
    ) -> None:
        self._netbox = netbox
        self._changelog = Changelog(netbox)
        self._requests = {step.request_id for step in (*own, *later) if step.request_id}
        self._again = _made_again([*own, *later], undoes)
        self._later = [replace(step, done=self._current(step.done, place=False)) for step in later]
        self.done = [self._current(step.done) for step in own]
        # By current object: its former ids, and when each was first seen.
        self._places: dict[Place, list[Place]] = {}
        self._seen: dict[Place, str | None] = {}
        gone = {step.done.place for step in own if step.done.action == "delete"}
        for step in own:
            if step.done.place not in gone:
                self._places[self._follow(step.done.place)] = list(self._chain(step.done.place))
                self._seen[step.done.place] = step.last_updated
        made = set(self._again.values())
        for step in later:
            if step.done.action == "create" and step.done.place in made:
                self._seen[step.done.place] = step.last_updated

    # -- objects that were made again ------------------------------------------------------------

    def _chain(self, place: Place) -> Iterator[Place]:
        yield place
        while place in self._again:
            place = self._again[place]
            yield place

    def _follow(self, place: Place) -> Place:
        return list(self._chain(place))[-1]

    def _current(self, done: Done, *, place: bool = True) -> Done:
        """The change with all objects by their current ids; ``place``: also the changed object."""

        def value(name: str, old: Value) -> Value:
            if isinstance(old, list):
                return [value(name, item) for item in old]
            for one in points_to(done, name, old):
                old = {**old, "id": self._follow(one)[1]}
            return old

        return replace(
            done,
            netbox_id=self._follow(done.place)[1] if place else done.netbox_id,
            fields={n: (value(n, before), value(n, after)) for n, (before, after) in done.fields.items()},
            removed={n: value(n, before) for n, before in done.removed.items()},
            cleared=tuple(
                replace(
                    item,
                    netbox_id=self._follow((item.object_type, item.netbox_id))[1],
                    before=value(item.field, item.before),
                    after=value(item.field, item.after),
                )
                for item in done.cleared
            ),
        )

    # -- what NetBox has now ---------------------------------------------------------------------

    def now(self) -> Now:
        """NetBox's current objects, and why some of them cannot be undone. Raises ServerError."""
        found = Now()
        for object_type in {place[0] for place in self._places}:
            self._compare(object_type, [p for p in self._places if p[0] == object_type], found)
        self._there_again(found)
        self._owners(found)
        return found

    def _compare(self, object_type: str, places: list[Place], found: Now) -> None:
        rows = self._netbox.by_ids(object_type, [i for _, i in places], "id,created,last_updated")
        asked: list[Place] = []
        for place in places:
            reason = self._by_us(place)
            row = rows.get(place[1])
            if row is not None:
                found.last_updated[place] = utc_text(row["last_updated"])
            if reason is None and row is None:
                reason = cause("gone_since")
            if reason is not None:
                found.conflicts[place] = reason
            elif len(self._places[place]) > 1 or not same_moment(
                found.last_updated[place], self._seen[place]
            ):
                asked.append(place)
        ids = {i for place in asked for _, i in self._places[place]}
        history = self._changelog.entries(object_type, ids) if ids else {}
        for place in asked:
            if not all(self._only_ours(history, one) for one in self._places[place]):
                found.conflicts[place] = cause("changed_since", last_updated=found.last_updated[place])

    def _only_ours(self, history: dict[int, list[Entry]] | None, place: Place) -> bool:
        """Whether only this product's requests changed the object, according to NetBox's changelog."""
        entries = history.get(place[1]) if history is not None else None
        if not entries:
            return False
        seen = self._seen[place]
        if seen is None:
            return entries[0].request_id in self._requests
        later = [entry for entry in entries if entry.at >= moment_of(seen)]
        return bool(later) and all(entry.request_id in self._requests for entry in later)

    def _by_us(self, place: Place) -> str | None:
        """Why later applies prevent the undo: they deleted the object, or changed a field."""
        places = self._places[place]
        own = [done for done in self.done if done.place == place]
        left = {name: after for done in own for name, (_, after) in done.fields.items()}
        mine = set(left)
        values = dict(left)
        touched: dict[str, str] = {}
        deleted = None
        for step in self._later:
            fields: dict[str, tuple[Value, Value]] = {}
            if step.done.place in places:
                if step.done.action == "update":
                    fields = step.done.fields
                else:
                    deleted = step.apply_id if step.done.action == "delete" else None
            for item in step.done.cleared:
                if (item.object_type, item.netbox_id) in places:
                    fields = {item.field: (item.before, item.after)}
            for name, (before, after) in fields.items():
                left.setdefault(name, before)
                values[name] = after
                touched[name] = step.apply_id
        if deleted is not None:
            return cause("deleted_by_later_apply", apply_id=deleted)
        # For an object to delete every field counts; otherwise only the fields to restore.
        counts = touched if any(done.action == "create" for done in own) else mine & touched.keys()
        other = sorted(name for name in counts if _plain(values[name]) != _plain(left[name]))
        if other:
            last = max(touched[name] for name in other)
            return cause("changed_by_later_apply", apply_id=last, fields=other)
        return None

    def _there_again(self, found: Now) -> None:
        """An object that the apply deleted and a later one created again is not created twice."""
        there: dict[tuple[str, str, str], Step] = {}
        for step in self._later:
            key = step.done.object_type, step.done.resource, step.done.key
            if step.done.action == "create":
                there[key] = step
            elif step.done.action == "delete" and key in there and there[key].done.place == step.done.place:
                del there[key]
        for done in self.done:
            step_ = there.get((done.object_type, done.resource, done.key))
            if (
                done.action == "delete"
                and step_ is not None
                and self._netbox.by_ids(done.object_type, [step_.done.netbox_id], "id")
            ):
                found.conflicts[done.place] = cause("made_again_by_later_apply", apply_id=step_.apply_id)

    def _owners(self, found: Now) -> None:
        """Check whether someone has set the fields again that NetBox changed."""
        fields: dict[str, dict[int, dict[str, Value]]] = defaultdict(lambda: defaultdict(dict))
        for done in self.done:
            for item in done.cleared:
                fields[item.object_type][item.netbox_id][item.field] = item.after
        for object_type, owners in fields.items():
            names = sorted({name for one in owners.values() for name in one})
            rows = self._netbox.by_ids(
                object_type, owners, ",".join(("id", "created", "last_updated", *names))
            )
            for netbox_id, wanted in owners.items():
                self._owner((object_type, netbox_id), wanted, rows.get(netbox_id), found)
            self._sizes([netbox_id for netbox_id, wanted in owners.items() if "disk" in wanted], rows, found)

    def _sizes(self, machines: list[int], rows: Mapping[int, Object], found: Now) -> None:
        """Check whether virtual machines have disks that are not of this apply: NetBox keeps the sum of those."""
        own = {done.place for done in self.done if done.action == "create"}
        filters = ([("virtual_machine_id", netbox_id)] for netbox_id in machines)
        others: dict[int, int] = defaultdict(int)
        for disk in self._netbox.any_of(DISKS, filters, [("fields", "id,virtual_machine,size")]):
            if (DISKS, disk["id"]) not in own:
                others[disk["virtual_machine"]["id"]] += disk["size"]
        for netbox_id in machines:
            if netbox_id not in rows:
                found.filled[(MACHINES, netbox_id), "disk"] = cause("gone_since")
            elif others[netbox_id]:
                found.filled[(MACHINES, netbox_id), "disk"] = cause(
                    "filled_since", field="disk", value=others[netbox_id]
                )

    @staticmethod
    def _owner(place: Place, left: Mapping[str, Value], row: Object | None, found: Now) -> None:
        """``left``: the value that NetBox left in each field."""
        if row is not None:
            found.last_updated[place] = utc_text(row["last_updated"])
        for name in left.keys() - {"disk"}:
            after = left[name]
            if row is None:
                found.filled[place, name] = cause("gone_since")
            elif (row.get(name) or {}).get("id") != (after["id"] if isinstance(after, dict) else None):
                shown = row[name].get("display") or row[name]["id"] if row.get(name) else "empty"
                found.filled[place, name] = cause("filled_since", field=name, value=shown)


def _made_again(steps: list[Step], undoes: dict[str, str]) -> dict[Place, Place]:
    """Deleted object to the one that the undo of that apply made in its place."""
    deleted: dict[tuple[str, str, str, str], Place] = {}
    again: dict[Place, Place] = {}
    for step in steps:
        what = step.done.object_type, step.done.resource, step.done.key
        if step.done.action == "delete":
            deleted[step.apply_id, *what] = step.done.place
        elif step.done.action == "create" and step.apply_id in undoes:
            old = deleted.get((undoes[step.apply_id], *what))
            if old is not None:
                again[old] = step.done.place
    return again


def _plain(value: Value) -> Value:
    """The value without the names of objects, which may change, and with all empty values unified."""
    if isinstance(value, list):
        return [_plain(item) for item in value] or None
    if isinstance(value, dict) and "id" in value:
        return {name: content for name, content in value.items() if name != "name"}
    return None if value == "" else value
