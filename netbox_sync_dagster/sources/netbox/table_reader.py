"""Reads tables of NetBox completely: the first pages of many in one request, large ones in pieces at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.changelog import ReadWhole
from netbox_sync_dagster.sources.netbox.client import NetBox
from netbox_sync_dagster.sources.netbox.convert import CustomFields, converter
from netbox_sync_dagster.sources.netbox.listings import COUNTS, GROUPS, OPTIONAL
from netbox_sync_dagster.sources.netbox.pages import Pages
from netbox_sync_dagster.sources.netbox.proofs import Totals
from netbox_sync_dagster.sources.netbox.queries import Source
from netbox_sync_dagster.storage.snapshots import SnapshotWriter

Row = dict[str, Any]
# A task reads one page or one piece of a table and says what is to be read next.
Task = Callable[[], "list[Task]"]

# A table expected to have at least this many more pages is read in pieces, at once.
_PIECES_FROM_PAGES = 4


class KnownFields:
    """The custom fields that were read: their types decide how the values of all other tables are written."""

    def __init__(self) -> None:
        self.by_model: dict[str, CustomFields] = {}
        # Those whose values name other objects.
        self.of_objects: list[Row] = []
        # Names by choice set.
        self.by_choice_set: dict[int, list[str]] = {}
        # Whether NetBox is creating or deleting one.
        self.in_transition = False

    def learn(self, rows: Iterable[Row]) -> None:
        """Rows of the table ``custom_fields``."""
        for row in rows:
            for model in row["object_types"]:
                self.by_model.setdefault(model, {})[row["name"]] = row["type"]
            if row["related_object_type"]:
                self.of_objects.append(row)
            if row["choice_set_id"] is not None:
                self.by_choice_set.setdefault(row["choice_set_id"], []).append(row["name"])
            self.in_transition |= row["status"] not in (None, "active")


class TableReader:
    """Reads tables of NetBox into a snapshot; ``counts``: their rows so far, ``totals``: what NetBox says it has.

    Call ``begin`` first.
    """

    def __init__(
        self, netbox: NetBox, writer: SnapshotWriter, sources: dict[str, Source], readable: Collection[str]
    ) -> None:
        """``readable``: the tables of which the token sees all that GraphQL says."""
        self._netbox = netbox
        self._writer = writer
        self._sources = sources
        self._lock = Lock()
        self.pages = Pages(netbox, readable)
        self.custom_fields = KnownFields()
        self.counts = dict.fromkeys(sources, 0)
        self.totals: Totals = {}
        self.unreadable: set[str] = set()

    def begin(self) -> None:
        """Read the custom fields, and how many rows this server puts into a page."""
        self.read([*self.of(["custom_fields"]), self._learn_page_size])

    def _learn_page_size(self) -> list[Task]:
        self.pages.learn_page_size()
        return []

    def of(self, names: Collection[str]) -> list[Task]:
        """The tasks that read these tables."""
        groups = [[self._sources[name] for name in group if name in names] for group in GROUPS]
        alone = [self._sources[name] for name in self._sources if name in names]
        return [
            *(self._together(group) for group in groups if group),
            *(self._pages_task(source) for source in alone if source.listing is None),
        ]

    def read(self, tasks: list[Task]) -> None:
        """Run tasks and those they ask for, as many at once as the target allows."""
        with ThreadPoolExecutor(self._netbox.target.max_in_flight, thread_name_prefix="netbox") as pool:
            running: set[Future[list[Task]]] = {pool.submit(task) for task in tasks}
            try:
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        running |= {pool.submit(task) for task in future.result()}
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def tell(self, table: str) -> Callable[[str, object, str], None]:
        """How a table that was not read completely is marked."""
        return self._writer.unknown if table in OPTIONAL else self._writer.incomplete

    def converted(self, source: Source, rows: list[Row]) -> list[Row]:
        """Rows of changed objects. Raises ReadWhole for one that is not as documented."""
        convert = self._converter(source)
        try:
            return [convert(row) for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise ReadWhole(f"{source.table}: a row is not as NetBox documents it ({error!r})") from None

    def _converter(self, source: Source) -> Callable[[Row], Row]:
        return converter(source, self.custom_fields.by_model.get(source.model, {}), self.pages.absent)

    def _together(self, sources: list[Source]) -> Task:
        """The first page of several tables in one request; the rest, and all that failed, one by one."""

        def task() -> list[Task]:
            together = [source for source in sources if self.pages.by_graphql(source)]
            tasks = [self._pages_task(source) for source in sources if source not in together]
            answers = self.pages.group(together) if together else {}
            for source in together:
                if source.table in answers:
                    rows, following = answers[source.table]
                    tasks += self._keep(source, rows, 1, following, None, split=True)
                else:
                    tasks.append(self._pages_task(source))
            return tasks

        return task

    def _pages_task(
        self, source: Source, start: int = 1, before: int | None = None, *, split: bool = True
    ) -> Task:
        """Read a table from ``start`` on, up to ``before``; ``split``: in pieces at once, if it is large."""

        def task() -> list[Task]:
            try:
                rows, following = self.pages.page(source, start, before)
            except ServerError as error:
                if error.status != 403:
                    raise
                self._unreadable(source)
                return []
            return self._keep(source, rows, start, following, before, split=split)

        return task

    def _keep(
        self,
        source: Source,
        rows: list[Row],
        start: int,
        following: int | None,
        before: int | None,
        *,
        split: bool,
    ) -> list[Task]:
        """Store a page that began at ``start``; what is to be read after it."""
        self._store(source, rows)
        if following is None:
            return []
        if split and len(rows) == self.pages.limit and self._netbox.target.max_in_flight > 1:
            return self._pieces(source, following, (following - start) / len(rows))
        return [self._pages_task(source, following, before, split=False)]

    def _pieces(self, source: Source, start: int, ids_per_row: float) -> list[Task]:
        """Split what is left of a large table by id, so that its pages can be read at once.

        The last piece has no upper end: objects that are added meanwhile belong to it.
        """
        left = max(self.pages.highest_id(source) + 1 - start, 0)
        number = self._netbox.target.max_in_flight
        if left / ids_per_row < _PIECES_FROM_PAGES * self.pages.limit:
            number = 1
        starts = [start + left * part // number for part in range(number)]
        ends = [*starts[1:], None]
        return [
            self._pages_task(source, low, high, split=False) for low, high in zip(starts, ends, strict=True)
        ]

    def _unreadable(self, source: Source) -> None:
        reason = (
            f"{source.table}: the token may not read /api/{source.path}/;"
            f" give its user the permission {source.permission}"
        )
        self.unreadable.add(source.table)
        self.tell(source.table)("table", source.table, reason)

    def _store(self, source: Source, rows: list[Row]) -> None:
        """Convert and write one page; an object that is not as documented is kept aside."""
        convert = self._converter(source)
        good: list[Row] = []
        for row in rows:
            try:
                good.append(convert(row))
            except (KeyError, TypeError, ValueError) as error:
                reason = f"{source.table} {row.get('id')}: not as NetBox documents it ({error!r})"
                self._writer.reject(source.table, row.get("id"), reason, row)
                self._writer.incomplete("table", source.table, reason)
        if source.table == "custom_fields":
            self.custom_fields.learn(good)
        self._writer.rows(source.table, good)
        for count in COUNTS.get(source.table, ()):
            totals = {row["id"]: row[count.field] for row in rows if isinstance(row.get(count.field), int)}
            with self._lock:
                self.totals.setdefault((source.table, count.field), {}).update(totals)
        with self._lock:
            self.counts[source.table] += len(good)
