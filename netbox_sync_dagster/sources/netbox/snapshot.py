"""One snapshot of NetBox: every table of ``storage.tables.NETBOX``."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Lock
from typing import Any

from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.last_snapshot import file_hashes
from netbox_sync_dagster.sources.netbox import choices
from netbox_sync_dagster.sources.netbox.changelog import ReadWhole, Window, read_window
from netbox_sync_dagster.sources.netbox.client import WHO, NetBox
from netbox_sync_dagster.sources.netbox.convert import CustomFields, converter
from netbox_sync_dagster.sources.netbox.dependents_reading import DependentsReader, deleted_types
from netbox_sync_dagster.sources.netbox.incremental import IncrementalRead
from netbox_sync_dagster.sources.netbox.own_deletes import deleted_by_us
from netbox_sync_dagster.sources.netbox.pages import Pages
from netbox_sync_dagster.sources.netbox.position import (
    Position,
    Previous,
    previous_read,
    sees_changelog,
)
from netbox_sync_dagster.sources.netbox.proofs import Totals, hidden_objects
from netbox_sync_dagster.sources.netbox.queries import (
    COUNTS,
    GROUPS,
    OPTIONAL,
    PROXBOX,
    SOURCES,
    Source,
    sources_of,
)
from netbox_sync_dagster.sources.netbox.rights import Rights, read_rights
from netbox_sync_dagster.sources.reading import understood
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.snapshots import Manifest, SnapshotWriter, write_snapshot
from netbox_sync_dagster.storage.store import Warehouse

Row = dict[str, Any]
Progress = Callable[[str], None]
# A task reads one page or one piece of a table and says what is to be read next.
Task = Callable[[], "list[Task]"]

PROXBOX_PLUGIN = "netbox_proxbox"

# A table expected to have at least this many more pages is read in pieces, at once.
_PIECES_FROM_PAGES = 4


def snapshot_netbox(
    target: NetBoxTarget,
    warehouse: Warehouse,
    *,
    progress: Progress | None = None,
    accept_shrink: bool = False,
    deletes: Collection[str] = (),
    contacts: bool = False,
) -> Manifest:
    """Read NetBox, or what changed in it (``incremental``), as the current snapshot ``netbox`` / ``netbox``.

    Up to ``target.max_in_flight`` requests at once; pages go to disk as they come. ``progress`` gets one line
    per table, e.g. ``"interfaces: 10000 rows"``. ``accept_shrink`` as in ``write_snapshot``. GraphQL or REST is
    chosen per table (see ``rights``); the rows are the same. ``last_updated`` is in the form of the object's
    ETag: ``W/"<last_updated>"``. ``deletes``: the resources whose objects a policy allows to delete
    (``Config.deletes``); the dependents of such objects are read too (``dependents_reading``).
    ``contacts``: read the tables of contacts too (``RulesConfig.name_contacts``).

    A table that the token may not read marks the snapshot incomplete (scope ``table``) with the permission
    that is missing; the others are read. So does one of which it sees only a part: the token's permissions say so
    (see ``rights``), or what NetBox shows refers to objects that it does not show (see ``proofs``).

    Raises ServerError where NetBox cannot be reached, refuses the token, fails, or is older than 4.2, and
    MissingSecret where the token's environment variable is not set; then nothing becomes current.
    """
    # Inside, so that a NetBox that cannot be reached is a failed attempt on record.
    with (
        write_snapshot(
            warehouse,
            "netbox",
            "netbox",
            accept_shrink=accept_shrink,
            deleted_by_us=partial(deleted_by_us, warehouse, target.base_url),
        ) as writer,
        NetBox(target) as netbox,
        understood(WHO),
    ):
        netbox.open()
        netbox.choose_branch()
        reader = _Reader(netbox, warehouse, writer, progress, deletes, contacts=contacts)
        reader.run()
        reader.save_position()
        if netbox.http.echoed:
            writer.incomplete("table", "*", netbox.http.echoed)
    folder = warehouse.snapshots("netbox", "netbox")
    return Manifest(**warehouse.manifest(folder))


class _Reader:
    def __init__(
        self,
        netbox: NetBox,
        warehouse: Warehouse,
        writer: SnapshotWriter,
        progress: Progress | None,
        deletes: Collection[str],
        *,
        contacts: bool,
    ) -> None:
        self.netbox = netbox
        self.warehouse = warehouse
        self.writer = writer
        self._say = progress or (lambda _: None)
        self.parents = deleted_types(deletes)
        self.contacts = contacts
        self.custom_fields: dict[str, CustomFields] = {}
        self.field_rows: list[Row] = []
        # Custom fields whose values name other objects.
        self.object_fields: list[Row] = []
        # Names of the custom fields of each choice set.
        self.choice_sets: dict[int, list[str]] = {}
        self.pages = Pages(netbox, ())
        self.sources: dict[str, Source] = {}
        self.counts: dict[str, int] = {}
        self.totals: Totals = {}
        self.unreadable: set[str] = set()
        self.lock = Lock()
        self.full_at = now()
        # The changelog at the start.
        self.window: Window | None = None

    def run(self) -> None:
        """Read everything into the writer."""
        proxbox = self._has_proxbox()
        status: Row = {
            "netbox_version": self.netbox.version_text,
            "plugins": json.dumps(self.netbox.status.get("plugins") or {}, sort_keys=True),
            "branch": self.netbox.branch.name if self.netbox.branch else None,
            "written_as": self.netbox.written_as,
            "proxbox": proxbox,
            "dependents_of": self.parents,
            "contacts": self.contacts,
        }
        self.writer.source_version = status["netbox_version"]
        self.writer.rows("status", [status])
        self.sources = sources_of(self.netbox.version, proxbox=proxbox, contacts=self.contacts)
        self.counts = dict.fromkeys(self.sources, 0)
        rights = read_rights(self.netbox)
        readable = [name for name, source in self.sources.items() if rights.sees_all(source.shows)]
        self.pages = Pages(self.netbox, readable)
        continued = self._continued(rights, status)
        # The custom fields come first: their types decide how values of all other tables are written.
        self._drain([self.pages_task(self.sources["custom_fields"]), self._learn])
        dependents = DependentsReader(
            self.netbox,
            self.parents,
            self.writer.rows,
            proxbox=PROXBOX_PLUGIN in (self.netbox.status.get("plugins") or {}),
            constrained=lambda model: rights.known and not rights.sees_all({model}),
        )
        tasks = [*self._choices(status), *dependents.tasks(self.object_fields)]
        if self.choice_sets:
            tasks.append(self._choices_of_fields)
        large = continued.large if continued is not None else []
        self._drain([*self._tables(set(self.sources) - {"custom_fields"} - set(large)), *tasks])
        if continued is not None and not self._read_changes(continued, large):
            self._drain(self._tables(large))
        dependents.finish()
        self._check_sight(rights)
        for name, why in self.pages.notes.items():
            self._say(f"{name}: read by REST, because GraphQL failed: {why}")
        for name, count in self.counts.items():
            self._say(f"{name}: {count} rows")

    def _tables(self, names: Collection[str]) -> list[Task]:
        """The tasks that read these tables completely."""
        groups = [[self.sources[name] for name in group if name in names] for group in GROUPS]
        alone = [self.sources[name] for name in self.sources if name in names]
        return [
            *(self._together(group) for group in groups if group),
            *(self.pages_task(source) for source in alone if source.listing is None),
        ]

    # -- incremental reads -----------------------------------------------------------------------

    def _continued(self, rights: Rights, status: Row) -> Previous | None:
        """The snapshot that this read continues; None for a full read, with its reason on record."""
        self.writer.read = "full"
        try:
            previous = previous_read(self.warehouse, self.netbox, rights, status, self.sources)
        except ReadWhole as reason:
            self.writer.read_reason = str(reason)
            if sees_changelog(self.netbox, rights):
                self.window = read_window(self.netbox)
            return None
        self.full_at = previous.position.full_at
        return previous

    def _read_changes(self, previous: Previous, large: list[str]) -> bool:
        """Read the large tables incrementally. False if they must be read completely, with the reason on record."""
        self.writer.close_files(*(name for name in self.sources if name not in large))
        read = IncrementalRead(self.netbox, self.pages, previous, self.sources, large, self._converted)
        try:
            if any(row["status"] not in (None, "active") for row in self.field_rows):
                raise ReadWhole("a custom field is being created or deleted")
            read.run(self.writer.folder, {row["related_object_type"] for row in self.object_fields})
        except (ReadWhole, ServerError) as reason:
            # A server that is away now is away for a full read too.
            if isinstance(reason, ServerError) and (reason.retryable or reason.status is None):
                raise
            self.writer.read_reason = str(reason)
            self._say(f"everything is read again: {reason}")
            self.full_at, self.window = now(), read_window(self.netbox)
            return False
        for name in large:
            replaced, rows = read.changes(name)
            self.writer.take_over(name, previous.folder / f"{name}.parquet", replaced)
            self.writer.rows(name, rows)
            self.counts[name] = read.tables[name].expected
        self.writer.read, self.window = "incremental", read.window
        return True

    def _converted(self, source: Source, rows: list[Row]) -> list[Row]:
        """Rows of changed objects. Raises ReadWhole for one that is not as documented."""
        convert = converter(source, self.custom_fields.get(source.model, {}), self.pages.absent)
        try:
            return [convert(row) for row in rows]
        except (KeyError, TypeError, ValueError) as error:
            raise ReadWhole(f"{source.table}: a row is not as NetBox documents it ({error!r})") from None

    def save_position(self) -> None:
        """Record where this read began, for the next one."""
        if self.window is not None:
            self.writer.close_files(*self.sources)
            files = file_hashes(self.writer.folder, self.sources)
            Position(self.netbox.target.base_url, self.window, self.full_at, files).save(self.writer.folder)

    def _check_sight(self, rights: Rights) -> None:
        """Mark every table of which the token does not see all objects."""
        proven = {name for name, source in self.sources.items() if rights.sees_all([source.model])}
        known = set(self.unreadable)
        for name, source in self.sources.items():
            if (why := rights.hidden(source.model)) and name not in known:
                known.add(name)
                self._tell(name)("table", name, f"{name}: {why}")
        if len(proven) == len(self.sources):
            return
        self.writer.close_files(*self.sources)
        for hidden in hidden_objects(
            self.netbox, self.writer.folder, self.sources, self.totals, proven | known
        ):
            self._tell(hidden.table)("table", hidden.table, hidden.reason)

    def _tell(self, table: str) -> Callable[[str, object, str], None]:
        """How a table that was not read completely is marked."""
        return self.writer.unknown if table in OPTIONAL else self.writer.incomplete

    def _has_proxbox(self) -> bool:
        """Whether NetBox has every model of the plugin netbox-proxbox that this product writes to."""
        if PROXBOX_PLUGIN not in (self.netbox.status.get("plugins") or {}):
            return False
        try:
            listed = self.netbox.http.get("/api/plugins/proxbox/", {})
        except ServerError as error:
            if error.status in (403, 404):
                return False
            raise
        return isinstance(listed, dict) and all(
            SOURCES[name].path.removeprefix("plugins/proxbox/") in listed for name in PROXBOX
        )

    def _drain(self, tasks: list[Task]) -> None:
        """Run tasks and those they ask for, as many at once as the target allows."""
        with ThreadPoolExecutor(self.netbox.target.max_in_flight, thread_name_prefix="netbox") as pool:
            running: set[Future[list[Task]]] = {pool.submit(task) for task in tasks}
            try:
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        running |= {pool.submit(task) for task in future.result()}
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _learn(self) -> list[Task]:
        self.pages.learn_page_size()
        return []

    def _together(self, sources: list[Source]) -> Task:
        """The first page of several tables in one request; the rest, and all that failed, one by one."""

        def task() -> list[Task]:
            together = [source for source in sources if self.pages.by_graphql(source)]
            tasks = [self.pages_task(source) for source in sources if source not in together]
            answers = self.pages.group(together) if together else {}
            for source in together:
                if source.table in answers:
                    rows, following = answers[source.table]
                    tasks += self._keep(source, rows, 1, following, None, split=True)
                else:
                    tasks.append(self.pages_task(source))
            return tasks

        return task

    def pages_task(
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
        self.store(source, rows)
        if following is None:
            return []
        if split and len(rows) == self.pages.limit and self.netbox.target.max_in_flight > 1:
            return self._pieces(source, following, (following - start) / len(rows))
        return [self.pages_task(source, following, before, split=False)]

    def _pieces(self, source: Source, start: int, ids_per_row: float) -> list[Task]:
        """Split what is left of a large table by id, so that its pages can be read at once.

        The last piece has no upper end: objects that are added meanwhile belong to it.
        """
        left = max(self.pages.highest_id(source) + 1 - start, 0)
        number = self.netbox.target.max_in_flight
        if left / ids_per_row < _PIECES_FROM_PAGES * self.pages.limit:
            number = 1
        starts = [start + left * part // number for part in range(number)]
        ends = [*starts[1:], None]
        return [
            self.pages_task(source, low, high, split=False) for low, high in zip(starts, ends, strict=True)
        ]

    def _unreadable(self, source: Source) -> None:
        reason = (
            f"{source.table}: the token may not read /api/{source.path}/;"
            f" give its user the permission {source.permission}"
        )
        self.unreadable.add(source.table)
        self._tell(source.table)("table", source.table, reason)

    def store(self, source: Source, rows: list[Row]) -> None:
        """Convert and write one page; an object that is not as documented is kept aside."""
        absent = self.pages.absent
        convert = converter(source, self.custom_fields.get(source.model, {}), absent)
        good: list[Row] = []
        for row in rows:
            try:
                good.append(convert(row))
            except (KeyError, TypeError, ValueError) as error:
                reason = f"{source.table} {row.get('id')}: not as NetBox documents it ({error!r})"
                self.writer.reject(source.table, row.get("id"), reason, row)
                self.writer.incomplete("table", source.table, reason)
        if source.table == "custom_fields":
            self.field_rows += good
            for row in good:
                for model in row["object_types"]:
                    self.custom_fields.setdefault(model, {})[row["name"]] = row["type"]
                if row["related_object_type"]:
                    self.object_fields.append(row)
                if row["choice_set_id"] is not None:
                    self.choice_sets.setdefault(row["choice_set_id"], []).append(row["name"])
        self.writer.rows(source.table, good)
        for count in COUNTS.get(source.table, ()):
            totals = {row["id"]: row[count.field] for row in rows if isinstance(row.get(count.field), int)}
            with self.lock:
                self.totals.setdefault((source.table, count.field), {}).update(totals)
        with self.lock:
            self.counts[source.table] += len(good)

    def _choices(self, status: Row) -> list[Task]:
        known = choices.known_choices(self.warehouse, status)
        if known:
            self.writer.rows("choices", known)
            return []
        return [self._choices_of(table) for table in choices.TABLES]

    def _choices_of_fields(self) -> list[Task]:
        self.writer.rows("choices", choices.read_field_choices(self.netbox, self.choice_sets))
        return []

    def _choices_of(self, table: str) -> Task:
        def task() -> list[Task]:
            self.writer.rows("choices", choices.read_choices(self.netbox, table))
            return []

        return task
