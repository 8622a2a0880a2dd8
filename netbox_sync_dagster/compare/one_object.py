"""Diffs of one device, guest or container: what they show, in a sentence for every list of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.sequence import moment_of
from netbox_sync_dagster.text import visible

_LONGEST = 80


def shows_only(endpoint: str, kind: str, source: Mapping[str, Any], diff: Path) -> str | None:
    """Which object a diff shows, when it was read, and when everything else was; None if the diff shows the whole endpoint.

    ``source``: the manifest of the source's snapshot; ``diff``: the diff's folder, with its desired tables.
    """
    only = source.get("only")
    if only is None:
        return None
    read, rest = moment_of(source["snapshot_id"]), source.get("whole_started")
    since = f"last read {_time(datetime.fromisoformat(rest))}" if rest else "never read"
    return (
        f"only {object_name(kind, only, diff)} and what it needs, read {_time(read)}; the rest of {endpoint}, {since}, "
        f"is not shown until the next whole sync: netbox-sync sync {endpoint}"
    )


def object_name(kind: str, source_id: str, diff: Path) -> str:
    """``guest web-1 (102)``, with the name that the diff has for it."""
    source, shown_id = source_of(kind), visible(source_id, _LONGEST)
    name = name_in(diff, source.main_resource, source_id)
    if name is None or name == source_id:
        return f"{source.object_word} {shown_id}"
    return f"{source.object_word} {visible(name, _LONGEST)} ({shown_id})"


def name_in(diff: Path, resource: str, source_id: str) -> str | None:
    """The name (the key of its row) under which a diff has the object with this id; None where it has none."""
    file = diff / "desired" / f"{resource}.parquet"
    if not file.is_file():
        return None
    with closing(connections.reader()) as con:
        sql = "SELECT min(key) FROM read_parquet(?) WHERE source_id = ?"
        [(name,)] = con.execute(sql, [connections.pattern(file), source_id]).fetchall()
    return None if name is None else str(name)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
