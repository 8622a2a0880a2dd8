"""Reads from NetBox only what changed since the last read: the other rows are taken from its snapshot.

1. The small tables are read completely and compared with the last snapshot.
2. Objects with a new entry in the changelog, and objects of the large tables whose ``last_updated`` is not older than
   the last read (minus an hour), are read again. The changelog needs no clock; the dates show what was written without
   it, by a script or a plugin.
3. Neighbours of every changed object are read again (see ``neighbours``), and their neighbours if they changed too.
4. Proof: NetBox counts as many objects as there are rows, for each large table. It may write meanwhile, so 2 to 4 are
   repeated; if the counts still differ, everything is read.

``ReadWhole`` is raised wherever this is not enough, with the reason; the snapshot then reads everything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from netbox_sync_dagster.sources.netbox.changelog import ReadWhole, Touched, changes_since
from netbox_sync_dagster.sources.netbox.client import NetBox
from netbox_sync_dagster.sources.netbox.convert import utc_text
from netbox_sync_dagster.sources.netbox.neighbours import Neighbours, Object, owner_of, referred_by
from netbox_sync_dagster.sources.netbox.pages import Pages, dates_since, ids_in
from netbox_sync_dagster.sources.netbox.position import Previous
from netbox_sync_dagster.sources.netbox.queries import Source

Row = dict[str, Any]
Convert = Callable[[Source, list[Row]], list[Row]]

# A transaction, and the difference between the clocks of NetBox's servers, are shorter.
_OVERLAP = timedelta(hours=1)
# Where more of a table would be read again, reading everything costs less.
_MOST_SHARE, _MOST_ROWS = 0.3, 1000


@dataclass
class _Table:
    """A large table: the rows read again by id (None: deleted), and those of the last snapshot."""

    source: Source
    total: int
    now: dict[int, Row | None] = field(default_factory=dict)
    before: dict[int, Row] = field(default_factory=dict)

    def changed(self, number: int) -> bool:
        """Whether the object differs from the last snapshot's row."""
        return self.now[number] != self.before.get(number)

    def check_share(self, more: int) -> None:
        """Raise ReadWhole if too many rows, and ``more``, are read again."""
        if len(self.now) + more > max(_MOST_ROWS, self.total * _MOST_SHARE):
            words = self.source.table.replace("_", " ")
            raise ReadWhole(f"more than {_MOST_SHARE:.0%} of the {words} may have changed")

    @property
    def expected(self) -> int:
        """The number of objects that NetBox has if nothing was missed."""
        made = sum(row is not None and number not in self.before for number, row in self.now.items())
        gone = sum(row is None and number in self.before for number, row in self.now.items())
        return self.total + made - gone


def _check(changes: Collection[Touched], object_models: Collection[str]) -> None:
    """Raise ReadWhole for changes that reach values of other objects' custom fields."""
    for change in changes:
        if change.known:
            continue
        if change.model == "extras.customfield":
            raise ReadWhole("custom fields changed")
        if change.deleted and change.model in object_models:
            raise ReadWhole(f"a {change.model} was deleted that custom fields may refer to")


class IncrementalRead:
    """One incremental read. ``convert`` makes rows of NetBox's objects; it raises ReadWhole for one it cannot read."""

    def __init__(  # noqa: PLR0917
        self,
        netbox: NetBox,
        pages: Pages,
        previous: Previous,
        sources: dict[str, Source],
        large: Collection[str],
        convert: Convert,
    ) -> None:
        self._netbox = netbox
        self._pages = pages
        self._previous = previous
        self._sources = sources
        self._by_model = {source.model: name for name, source in sources.items()}
        self._convert = convert
        # The changelog up to which everything is read.
        self.window = previous.position.window
        self.tables = {name: _Table(sources[name], previous.rows[name]) for name in large}

    def run(self, folder: Path, object_models: Collection[str]) -> None:
        """Read what changed. ``folder`` has the small tables of this read; ``object_models`` are the models that custom
        fields refer to. Raises ReadWhole and ServerError."""
        with Neighbours(self._previous.folder, self._sources) as neighbours:
            todo = self._small_changes(neighbours, folder)
            for last in (False, False, True):
                changes, self.window = changes_since(self._netbox, self.window)
                _check(changes, object_models)
                touched = {(change.model, change.id) for change in changes}
                self._again(touched)
                self._follow(neighbours, todo | touched | self._dated(neighbours))
                todo = set()
                short = self._miscounted()
                if short is None:
                    return
                if last:
                    name, counted, expected = short
                    raise ReadWhole(f"NetBox counts {counted} {name}, and {expected} are known")

    # -- what changed ----------------------------------------------------------------------------

    def _dated(self, neighbours: Neighbours) -> set[Object]:
        """Objects of the large tables with another ``last_updated`` than is known."""
        since = self._previous.position.window.at - _OVERLAP
        sources = [table.source for table in self.tables.values()]
        found: set[Object] = set()
        for source, rows in self._pages.select_each(sources, dates_since(since)):
            dates = {int(row["id"]): utc_text(row["last_updated"]) for row in rows}
            table = self.tables[source.table]
            self._compare(neighbours, table, dates)
            for number, date in dates.items():
                row = table.now.get(number) or table.before.get(number)
                if row is None or row["last_updated"] != date:
                    table.now.pop(number, None)
                    found.add((source.model, number))
        return found

    def _small_changes(self, neighbours: Neighbours, folder: Path) -> set[Object]:
        """The changed objects of the tables that were read completely."""
        found: set[Object] = set()
        for name, source in self._sources.items():
            if name not in self.tables:
                differing = neighbours.differing(name, folder / f"{name}.parquet")
                if differing and name == "custom_fields":
                    raise ReadWhole("custom fields changed")
                found |= {(source.model, number) for number in differing}
        return found

    def _again(self, objects: Iterable[Object]) -> None:
        """Forget what was read of these objects: they changed since."""
        for model, number in objects:
            table = self.tables.get(self._by_model.get(model, ""))
            if table is not None:
                table.now.pop(number, None)

    # -- neighbours ------------------------------------------------------------------------------

    def _follow(self, neighbours: Neighbours, todo: set[Object]) -> None:
        """Read ``todo`` and its neighbours, then the neighbours of those that changed."""
        done: set[Object] = set()
        while todo:
            self._fetch(neighbours, todo)
            beside = self._beside(neighbours, todo)
            done |= todo
            self._fetch(neighbours, beside)
            todo = {one for one in beside - done if self._has_changed(one)}
            todo |= self._owners(beside | done) - done

    def _beside(self, neighbours: Neighbours, objects: set[Object]) -> set[Object]:
        below = neighbours.below("locations", "parent_id", [n for m, n in objects if m == "dcim.location"])
        objects |= {("dcim.location", number) for number in below}
        slugs = self._slugs(neighbours, objects)
        found: set[Object] = set()
        for table in self.tables.values():
            found |= {
                (table.source.model, number)
                for number in neighbours.referring(table.source.table, objects, slugs)
            }
        for model, number in objects:
            table_of = self.tables.get(self._by_model.get(model, ""))
            if table_of is not None:
                for row in (table_of.now.get(number), table_of.before.get(number)):
                    found |= set(referred_by(table_of.source, row)) if row else set()
        return found

    def _owners(self, objects: Iterable[Object]) -> set[Object]:
        found: set[Object] = set()
        for model, number in objects:
            name = self._by_model.get(model, "")
            table = self.tables.get(name)
            if table is not None and number in table.now and table.changed(number):
                for row in (table.now[number], table.before.get(number)):
                    owner = owner_of(name, row) if row else None
                    found |= {owner} if owner else set()
        return found

    def _slugs(self, neighbours: Neighbours, objects: set[Object]) -> list[str]:
        tags = {number for model, number in objects if model == "extras.tag"}
        return [row["slug"] for row in neighbours.rows("tags", tags).values()]

    def _has_changed(self, one: Object) -> bool:
        table = self.tables.get(self._by_model.get(one[0], ""))
        return table is not None and table.changed(one[1])

    # -- reading ---------------------------------------------------------------------------------

    def _fetch(self, neighbours: Neighbours, objects: Iterable[Object]) -> None:
        """Read those of the large tables that were not read yet; what is not found is deleted."""
        wanted: dict[str, set[int]] = {}
        for model, number in objects:
            name = self._by_model.get(model, "")
            if name in self.tables and number not in self.tables[name].now:
                wanted.setdefault(name, set()).add(number)
        for name, ids in wanted.items():
            table = self.tables[name]
            table.check_share(len(ids))
            for condition in ids_in(ids, by_graphql=self._pages.by_graphql(table.source)):
                for rows in self._pages.select(table.source, condition):
                    self._keep(table, rows)
            for number in ids:
                table.now.setdefault(number, None)
            self._compare(neighbours, table, ids)

    def _keep(self, table: _Table, rows: list[Row]) -> None:
        table.now |= {row["id"]: row for row in self._convert(table.source, rows)}

    def _compare(self, neighbours: Neighbours, table: _Table, ids: Iterable[int]) -> None:
        table.before |= neighbours.rows(table.source.table, set(ids) - set(table.before))

    # -- the proof -------------------------------------------------------------------------------

    def _miscounted(self) -> tuple[str, int, int] | None:
        """A table of which NetBox has another number of objects: (name, NetBox's number, ours)."""
        for name, table in self.tables.items():
            counted = self._netbox.number(table.source.path, {"fields": "id"})
            if counted != table.expected:
                return name, counted, table.expected
        return None

    def changes(self, name: str) -> tuple[set[int], list[Row]]:
        """(ids whose rows of the last snapshot are not taken over, rows that replace them or are new)."""
        table = self.tables[name]
        changed = {number for number in table.now if table.changed(number)}
        return changed, [row for number in sorted(changed) if (row := table.now[number]) is not None]
