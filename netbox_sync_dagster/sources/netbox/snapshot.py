"""One snapshot of NetBox: every table of ``storage.tables.NETBOX``."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.last_snapshot import file_hashes
from netbox_sync_dagster.sources.netbox import choices
from netbox_sync_dagster.sources.netbox.changelog import ReadWhole, Window, read_window
from netbox_sync_dagster.sources.netbox.client import WHO, NetBox
from netbox_sync_dagster.sources.netbox.dependents_reading import DependentsReader, deleted_types
from netbox_sync_dagster.sources.netbox.incremental import IncrementalRead
from netbox_sync_dagster.sources.netbox.listings import PROXBOX, SOURCES, sources_of
from netbox_sync_dagster.sources.netbox.own_deletes import deleted_by_us
from netbox_sync_dagster.sources.netbox.position import (
    Position,
    Previous,
    previous_read,
    sees_changelog,
)
from netbox_sync_dagster.sources.netbox.proofs import hidden_objects
from netbox_sync_dagster.sources.netbox.queries import Source
from netbox_sync_dagster.sources.netbox.rights import Rights, read_rights
from netbox_sync_dagster.sources.netbox.table_reader import TableReader, Task
from netbox_sync_dagster.sources.reading import understood
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.snapshots import Manifest, SnapshotWriter, write_snapshot
from netbox_sync_dagster.storage.store import Warehouse

Row = dict[str, Any]
Progress = Callable[[str], None]

PROXBOX_PLUGIN = "netbox_proxbox"


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
            deleted_by_us=partial(deleted_by_us, warehouse, target.known_urls),
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
        self.sources: dict[str, Source] = {}
        self.full_at = now()
        # The snapshot that this one continues; its files were checked.
        self.previous: Previous | None = None
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
        rights = read_rights(self.netbox)
        version = self.netbox.version
        readable = [name for name, source in self.sources.items() if rights.sees_all(source.shows(version))]
        tables = TableReader(self.netbox, self.writer, self.sources, readable)
        continued = self._continued(rights, status)
        tables.begin()
        dependents = DependentsReader(
            self.netbox,
            self.parents,
            self.writer.rows,
            proxbox=PROXBOX_PLUGIN in (self.netbox.status.get("plugins") or {}),
            constrained=lambda model: rights.known and not rights.sees_all({model}),
        )
        fields = tables.custom_fields
        tasks = self._choices(status)
        if fields.by_choice_set:
            tasks.append(partial(self._choices_of_fields, fields.by_choice_set))
        large = continued.large if continued is not None else []
        tables.read([*tables.of(set(self.sources) - {"custom_fields"} - set(large)), *tasks])
        if continued is not None and not self._read_changes(continued, large, tables):
            tables.read(tables.of(large))
        absent = {self.sources[name].path for name, count in tables.counts.items() if not count}
        tables.read(
            dependents.tasks(fields.of_objects, absent - {SOURCES[name].path for name in tables.unreadable})
        )
        dependents.finish()
        self._check_sight(rights, tables)
        for name, why in tables.pages.notes.items():
            self._say(f"{name}: read by REST, because GraphQL failed: {why}")
        for name, count in tables.counts.items():
            self._say(f"{name}: {count} rows")

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
        self.previous, self.full_at = previous, previous.position.full_at
        return previous

    def _read_changes(self, previous: Previous, large: list[str], tables: TableReader) -> bool:
        """Read the large tables incrementally. False if they must be read completely, with the reason on record."""
        self.writer.close_files(*(name for name in self.sources if name not in large))
        read = IncrementalRead(self.netbox, tables.pages, previous, self.sources, large, tables.converted)
        try:
            if tables.custom_fields.in_transition:
                raise ReadWhole("a custom field is being created or deleted")
            related = {row["related_object_type"] for row in tables.custom_fields.of_objects}
            read.run(self.writer.folder, related)
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
            tables.counts[name] = read.tables[name].expected
        self.writer.read, self.window = "incremental", read.window
        return True

    def save_position(self) -> None:
        """Record where this read began, for the next one."""
        if self.window is not None:
            self.writer.close_files(*self.sources)
            last = self.previous
            known = None if last is None else (last.folder, last.position.files)
            files = file_hashes(self.writer.folder, self.sources, known)
            Position(self.netbox.target.base_url, self.window, self.full_at, files).save(self.writer.folder)

    def _check_sight(self, rights: Rights, tables: TableReader) -> None:
        """Mark every table of which the token does not see all objects."""
        proven = {name for name, source in self.sources.items() if rights.sees_all([source.model])}
        known = set(tables.unreadable)
        for name, source in self.sources.items():
            if (why := rights.hidden(source.model)) and name not in known:
                known.add(name)
                tables.tell(name)("table", name, f"{name}: {why}")
        if len(proven) == len(self.sources):
            return
        self.writer.close_files(*self.sources)
        for hidden in hidden_objects(
            self.netbox, self.writer.folder, self.sources, tables.totals, proven | known
        ):
            tables.tell(hidden.table)("table", hidden.table, hidden.reason)

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

    def _choices(self, status: Row) -> list[Task]:
        known = choices.known_choices(self.warehouse, status)
        if known:
            self.writer.rows("choices", known)
            return []
        return [self._choices_of(table) for table in choices.TABLES]

    def _choices_of_fields(self, by_choice_set: dict[int, list[str]]) -> list[Task]:
        self.writer.rows("choices", choices.read_field_choices(self.netbox, by_choice_set))
        return []

    def _choices_of(self, table: str) -> Task:
        def task() -> list[Task]:
            self.writer.rows("choices", choices.read_choices(self.netbox, table))
            return []

        return task
