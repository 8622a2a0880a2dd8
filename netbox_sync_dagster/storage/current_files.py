"""Where the current files of all endpoints are, as paths and patterns that DuckDB reads."""

from __future__ import annotations

import json
from pathlib import Path

from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.store import Warehouse

# No endpoint's name begins with an underscore. The empty files in this folder give every view its columns
# while there is no data, and columns that are newer than the data.
NONE = "_none"


def files_with_rows(warehouse: Warehouse) -> list[str]:
    """The non-empty files of ``diff.changes``, relative to the warehouse: most tables of most diffs are empty."""
    # For the columns, if there are no rows at all.
    files = [f"diffs/{NONE}/{{current}}/{RESOURCES[0]}.parquet"]
    for link in sorted(warehouse.home.glob("diffs/*/current")):
        if link.parent.name != NONE:
            files += [connections.quoted(file) for file in _with_rows(link, warehouse.home)]
    return files


def _with_rows(link: Path, home: Path) -> list[str]:
    """The tables of one current diff that have rows according to its manifest; all if it does not say."""
    folder = link
    try:
        version = link.readlink().name
        # By a path that names the version and disappears when another is current (see ``current_pattern``).
        folder = link / version if (link / version).is_dir() else link
        counts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["counts"]
        names = [resource for resource, actions in counts.items() if sum(actions.values())]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return [f"{connections.pattern(link.parent.relative_to(home))}/{{current}}/*.parquet"]
    return [f"{connections.pattern(folder.relative_to(home))}/{resource}.parquet" for resource in names]


def current_pattern(warehouse: Warehouse) -> str:
    """The path from an endpoint's folder to its current version, as a glob.

    DuckDB opens a file more than once per query. The path ``current/<id>/...`` (``versions.link``) names the version,
    so if a newer snapshot becomes current the query fails and is repeated, instead of mixing two snapshots. If an older
    release has left ``current`` as a plain link, there is no such path.
    """
    for link in (*warehouse.home.glob("snapshots/*/*/current"), *warehouse.home.glob("diffs/*/current")):
        if not (link / link.readlink().name).is_dir():
            return "current"
    return "current/[0-9]*"
