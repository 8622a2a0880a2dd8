"""What a comparison leaves out, with the reason: asked by the name of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.storage import connections

if TYPE_CHECKING:
    import duckdb

    from netbox_sync_dagster.compare.plan import PlanHead

# Files of sync.skipped.
_TABLES = ("skipped", "skipped_addresses")


class Skipped(NamedTuple):
    """A row of ``sync.skipped``."""

    endpoint: str
    resource: str
    key: str
    reason: str
    cause: str

    @property
    def object_type(self) -> str | None:
        """The list endpoint in NetBox of such objects; None for a row of a source that could not be read."""
        source = SOURCES.get(self.resource)
        return None if source is None else source.path


def skipped_of(
    con: duckdb.DuckDBPyConnection, head: PlanHead, name: str, *, parts: bool = False
) -> list[Skipped]:
    """What the diff skips of this key; with ``parts`` also of keys that begin with it, as those of ports do. ``con`` may be
    any connection."""
    files = [head.folder / "desired" / f"{table}.parquet" for table in _TABLES]
    found = [connections.pattern(file) for file in files if file.exists()]
    if not found:
        return []
    sql = """
        SELECT resource, key, reason, cause FROM read_parquet($files)
        WHERE key = $name OR ($parts AND starts_with(key, $name || ' '))
        ORDER BY key <> $name, resource, key
    """
    rows = con.execute(sql, {"files": found, "name": name, "parts": parts}).fetchall()
    return [Skipped(head.endpoint, *row) for row in rows]
