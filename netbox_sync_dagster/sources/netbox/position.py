"""Where a read of NetBox began, so that the next one can continue from it: ``position.json`` in the snapshot's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sources.last_snapshot import file_hashes
from netbox_sync_dagster.sources.netbox.changelog import MODEL, ReadWhole, Window
from netbox_sync_dagster.sources.netbox.client import NetBox
from netbox_sync_dagster.sources.netbox.queries import Source
from netbox_sync_dagster.sources.netbox.rights import Rights
from netbox_sync_dagster.sources.netbox.tables import TABLES
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.errors import Damaged, WarehouseError
from netbox_sync_dagster.storage.files import write_json
from netbox_sync_dagster.storage.parquet import arrow_schema
from netbox_sync_dagster.storage.store import Warehouse

if TYPE_CHECKING:
    import pyarrow.parquet as pq
else:
    pq = lazy_module("pyarrow.parquet")

_FILE = "position.json"
# The oldest NetBox that is read incrementally.
_SINCE = (4, 6)
# Tables with more rows than these are read incrementally; smaller ones share a request that costs less than a count.
LARGE = 500
# Always read completely: the types of custom fields decide how values of all other tables are written.
_ALWAYS_WHOLE = frozenset({"custom_fields", "tags"})
# Columns of the table status that must be the same: what is read and how depends on them.
_SAME = ("netbox_version", "plugins", "branch", "written_as", "proxbox", "contacts")
# Merges of its branches write objects without a date.
_BRANCHING = "netbox_branching"


@dataclass(frozen=True)
class Position:
    """The changelog at the start of a read of the NetBox at ``url``; ``full_at``: when the last full read began.

    ``files``: {table: SHA-256 of its file}: an incremental read goes on with the rows of exactly these.
    """

    url: str
    window: Window
    full_at: datetime
    files: dict[str, str]

    def save(self, folder: Path) -> None:
        """Write it beside the snapshot's tables."""
        content = {
            "url": self.url,
            "at": self.window.at.isoformat(),
            "full_at": self.full_at.isoformat(),
            "files": self.files,
            "changes": {str(number): digest for number, digest in self.window.entries.items()},
        }
        write_json(folder / _FILE, content)


@dataclass(frozen=True)
class Previous:
    """The snapshot that an incremental read continues, with the number of rows by table."""

    folder: Path
    position: Position
    rows: dict[str, int]

    @property
    def large(self) -> list[str]:
        """The tables that are worth reading incrementally."""
        return [name for name, rows in self.rows.items() if rows > LARGE and name not in _ALWAYS_WHOLE]


def sees_changelog(netbox: NetBox, rights: Rights) -> bool:
    """Whether this NetBox's changelog can be relied on, and the token sees all of it."""
    return netbox.version >= _SINCE and rights.sees_all({MODEL})


def previous_read(
    warehouse: Warehouse,
    netbox: NetBox,
    rights: Rights,
    status: dict[str, Any],
    sources: Mapping[str, Source],
) -> Previous:
    """The current snapshot, if an incremental read may continue it. Raises ReadWhole with the reason if not."""
    hours = netbox.target.full_read_hours
    if not hours:
        raise ReadWhole("netbox.full_read_hours is 0")
    if netbox.version < _SINCE:
        raise ReadWhole("NetBox is older than 4.6")
    seen = {model for source in sources.values() for model in source.shows(netbox.version)}
    if not sees_changelog(netbox, rights) or not rights.sees_all(seen):
        raise ReadWhole("it is not proven that the token sees all objects and the changelog")
    if _BRANCHING in json.loads(status["plugins"]):
        raise ReadWhole("NetBox has the plugin netbox-branching")
    folder = warehouse.snapshots("netbox", "netbox")
    try:
        manifest = warehouse.manifest(folder)
        current = folder / manifest["snapshot_id"]
        position = _load(current)
        before = pq.read_table(current / "status.parquet").to_pylist()[0]
    except (WarehouseError, Damaged, OSError, LookupError, ValueError):
        raise ReadWhole("there is no earlier read to continue") from None
    if not manifest["complete"]:
        raise ReadWhole("the last read was incomplete")
    if position.url != netbox.target.base_url or any(before.get(name) != status[name] for name in _SAME):
        raise ReadWhole("NetBox's url, version, plugins or branch changed, or what is read from it")
    age = now() - position.full_at
    if age < timedelta():
        raise ReadWhole("the clock was set back")
    if age >= timedelta(hours=hours):
        raise ReadWhole(f"the last full read is more than {hours:g} hours old")
    if file_hashes(current, sources) != position.files:
        raise ReadWhole("a file of the last snapshot is missing or damaged")
    previous = Previous(current, position, {table: _rows(current, table) for table in sources})
    if not previous.large:
        raise ReadWhole(f"no table has more than {LARGE} rows")
    return previous


def _load(folder: Path) -> Position:
    content = json.loads((folder / _FILE).read_bytes())
    entries = {int(number): str(digest) for number, digest in content["changes"].items()}
    window = Window(datetime.fromisoformat(content["at"]), entries)
    return Position(content["url"], window, datetime.fromisoformat(content["full_at"]), content["files"])


def _rows(folder: Path, table: str) -> int:
    """The number of rows of a table. Raises ReadWhole if its columns are those of another release."""
    wanted = ["endpoint", "snapshot_id", *arrow_schema(TABLES[table].columns).names]
    try:
        footer = pq.read_metadata(folder / f"{table}.parquet")
    except OSError:
        raise ReadWhole("the last read is that of another release") from None
    if footer.schema.to_arrow_schema().names != wanted:
        raise ReadWhole("the last read is that of another release")
    return footer.num_rows
