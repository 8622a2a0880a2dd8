"""Reads the dependents of objects that a sync may delete into table ``netbox.dependents``.

Only where a policy allows the delete, and NetBox has such objects. One list per type of dependent (``fields=`` of an id, a label and the
reference); before NetBox 4.6 journal entries, contact assignments and image attachments one per type that they are
assigned to. Wireless LANs and virtual device contexts are looked up on interfaces only where there are any. For interfaces
alone these are 14 requests, for everything a sync may delete 15, of which most are answered with an empty page.

``netbox.status.dependents_of`` names the types that were asked for, ``netbox.scopes`` those of which something could
not be read (scope ``dependents``). That does not prove that there are none, so nothing of such a type is deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.client import START_SINCE, NetBox
from netbox_sync_dagster.sources.netbox.dependents import (
    DELETED,
    DELETED_FOR,
    Dependent,
    dependents_of,
)
from netbox_sync_dagster.sources.netbox.listings import CONTACTS, SOURCES
from netbox_sync_dagster.sources.netbox.object_references import holders_of, value_of
from netbox_sync_dagster.sources.netbox.plugins import unknown_plugins

Row = dict[str, Any]
Task = Callable[[], "list[Any]"]

# From which NetBox on a list of generic dependents can be asked for several types at once (seen on 4.6.8 and 4.7.3).
_TYPES_SINCE = (4, 6)
# The tables of every snapshot, in which the comparison looks.
_READ_ANYWAY = {source.path for name, source in SOURCES.items() if name not in CONTACTS}


def deleted_types(resources: Collection[str]) -> list[str]:
    """The types of which a sync may delete objects where policies name these resources, in a fixed order."""
    wanted = {path for name in resources for path in DELETED_FOR.get(name, ())}
    return [path for path in DELETED if path in wanted]


@dataclass
class _Reading:
    """One list to read: the ways in which its rows depend on objects, and its filters."""

    path: str
    params: Row
    ways: list[Dependent] = field(default_factory=list)


class DependentsReader:
    """Reads the dependents of ``parents`` (list endpoints). ``write`` takes rows of a table; thread-safe."""

    def __init__(
        self,
        netbox: NetBox,
        parents: Collection[str],
        write: Callable[[str, list[Row]], None],
        *,
        proxbox: bool,
        constrained: Callable[[str], bool] = lambda model: False,
    ) -> None:
        self._netbox = netbox
        self._parents = [path for path in parents if proxbox or not path.startswith("plugins/")]
        self._write = write
        self._constrained = constrained
        self._unproven: dict[str, list[str]] = defaultdict(list)
        self._seen: set[tuple[str, int, str, int]] = set()
        self._lock = Lock()
        self._ways = [
            way
            for parent in self._parents
            for way in dependents_of(parent, netbox.version, proxbox=proxbox)
            if way.undo == "no" and way.related not in _READ_ANYWAY
        ]

    def tasks(self, custom_fields: list[Row], absent: Collection[str] = ()) -> list[Task]:
        """The reads, to be run in any order and at once.

        ``custom_fields``: rows of the table of that name. ``absent``: list endpoints of which NetBox has no object, so
        that nothing depends on any.
        """
        if not self._parents:
            return []
        self._ways = [way for way in self._ways if way.parent not in absent]
        found: list[Task] = [self._task(reading) for reading in self._readings()]
        found += [self._own_task(way) for way in self._ways if way.how == "own"]
        found += [self._field_task(row) for row in custom_fields if self._refers(row, absent)]
        return [*found, self._plugins]

    def finish(self) -> None:
        """Record the types whose possible dependents could not be read."""
        for parent, reasons in self._unproven.items():
            reason = "; ".join(dict.fromkeys(reasons))
            row = {"scope": "dependents", "scope_id": parent, "complete": False, "reason": reason}
            self._write("scopes", [row])

    def _readings(self) -> Iterator[_Reading]:
        found: dict[tuple[str, str], _Reading] = {}
        for way in self._ways:
            if way.how == "own":
                continue
            model = DELETED[way.parent] if way.by_type else ""
            # Older servers look at the last of several types.
            several = self._netbox.version >= _TYPES_SINCE
            key = way.related, way.by_type if several else model
            reading = found.setdefault(key, _Reading(way.related, {}))
            if model:
                types = reading.params.setdefault(way.by_type, [])
                if model not in types:
                    types.append(model)
            reading.ways.append(way)
        yield from found.values()

    def _task(self, reading: _Reading) -> Task:
        def task() -> list[Any]:
            names = ",".join(dict.fromkeys(name for way in reading.ways for name in way.fields.split(",")))
            with self._doubt(reading.ways):
                for row in self._rows(reading.path, {**reading.params, "fields": names}):
                    for way in reading.ways:
                        self._keep(way, row)
            return []

        return task

    def _own_task(self, way: Dependent) -> Task:
        """What an object's own field names: the objects that may be in it first, then who has them."""

        def task() -> list[Any]:
            with self._doubt([way]):
                labels = {
                    int(row["id"]): str(row.get("display") or row["id"])
                    for row in self._rows(way.related, {"fields": "id,display"})
                }
                for number in sorted(labels):
                    query = {way.filter: number, "fields": f"id,{way.field}"}
                    for row in self._rows(way.parent, query):
                        if any(item["id"] == number for item in row.get(way.field) or ()):
                            self._add(way.parent, row["id"], way, number, labels[number])
            return []

        return task

    def _refers(self, row: Row, absent: Collection[str]) -> bool:
        kinds = {DELETED[parent] for parent in self._parents if parent not in absent}
        return row.get("related_object_type") in kinds

    def _field_task(self, custom_field: Row) -> Task:
        """Objects that name one of a deleted type in this custom field."""
        parent = next(path for path, model in DELETED.items() if model == custom_field["related_object_type"])
        name = custom_field["name"]

        def task() -> list[Any]:
            for model in custom_field["object_types"]:
                path = holders_of(self._netbox.http.get, model)
                if path is None:
                    self._doubt_of(
                        parent, f"whether {model} objects name them in the custom field {name} is not known"
                    )
                    continue
                try:
                    for row in self._rows(
                        path, {f"cf_{name}__empty": "false", "fields": "id,display,custom_fields"}
                    ):
                        for number in value_of(row, name):
                            label = str(row.get("display") or row["id"])
                            self._add_row(
                                parent, number, path, int(row["id"]), f"custom field {name} of", label
                            )
                except ServerError as error:
                    if error.status is None:
                        raise
                    self._doubt_of(parent, f"{model} objects could not be read ({error.what})")
            return []

        return task

    def _plugins(self) -> list[Any]:
        for reason in unknown_plugins(
            self._netbox.http.get,
            self._netbox.status.get("plugins") or {},
            self._netbox.version,
            self._netbox.target.plugins_without_references,
        ):
            for parent in self._parents:
                self._doubt_of(parent, reason)
        return []

    # -- one list --------------------------------------------------------------------------------

    def _rows(self, path: str, params: Row) -> Iterator[Row]:
        """All rows of a list, page by page; by id where NetBox can, so that none is lost meanwhile."""
        by_id = self._netbox.version >= START_SINCE
        at = 1 if by_id else 0
        while True:
            page = {"start": at} if by_id else {"offset": at, "ordering": "id"}
            rows, more = self._netbox.page(path, {**params, **page, "limit": self._netbox.target.page_size})
            yield from rows
            if not more or not rows:
                return
            at = int(rows[-1]["id"]) + 1 if by_id else at + len(rows)

    def _keep(self, way: Dependent, row: Row) -> None:
        for parent, number in way.places(row):
            if isinstance(number, int):
                self._add(parent, number, way, int(row["id"]), str(row.get("display") or row["id"]))

    def _add(self, parent: str, number: int, way: Dependent, related_id: int, label: str) -> None:
        self._add_row(parent, number, way.related, related_id, way.word, label)

    def _add_row(  # noqa: PLR0917
        self, parent: str, number: int, related: str, related_id: int, word: str, label: str
    ) -> None:
        key = (parent, number, related, related_id)
        with self._lock:
            if key in self._seen:
                return
            self._seen.add(key)
        row = {
            "object_type": parent,
            "object_id": number,
            "related_type": related,
            "related_id": related_id,
            "word": word,
            "label": label,
        }
        self._write("dependents", [row])

    # -- what could not be read ------------------------------------------------------------------

    def _doubt(self, ways: list[Dependent]) -> _Doubt:
        return _Doubt(self, ways)

    def _doubt_of(self, parent: str, reason: str) -> None:
        with self._lock:
            self._unproven[parent].append(reason)

    def _refused(self, ways: list[Dependent], error: ServerError) -> None:
        """A list that could not be read: its content is unknown."""
        # Raised where a model came with a later NetBox, or a release of the plugin does not have it.
        if error.status == 404:
            return
        for way in ways:
            reason = f"{way.words} could not be read ({error.what})"
            if error.status == 403:
                reason = (
                    f"{way.words} could not be read: the token may not read /api/{way.related}/;"
                    f" give its user the permission {way.permission}"
                )
            self._doubt_of(way.parent, reason)


class _Doubt:
    """A block in which an answer that refuses a list makes that list unproven instead of ending the read."""

    def __init__(self, reader: DependentsReader, ways: list[Dependent]) -> None:
        self._reader, self._ways = reader, ways

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, ServerError) and error.status is not None and not error.retryable:
            self._reader._refused(self._ways, error)
            return True
        # A permission without constraints would prove that nothing is hidden; without any, the list is refused.
        for way in self._ways if error is None else ():
            if self._reader._constrained(way.model):
                self._reader._doubt_of(
                    way.parent,
                    f"the token sees only a part of the {way.words} ({way.permission} has constraints)",
                )
        return False
