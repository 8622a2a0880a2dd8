"""What the SQL says about each diff asset: its files, their version, the tables and columns that it is computed from.

Deriving it takes more than a second of CPU, and every run loads all definitions in a separate process. So the result is
cached in a file of the user's cache folder, one per version of the SQL. Without a writable cache it is derived at every
start, and the assets have no column lineage, which takes most of that time.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import dagster as dg

from netbox_sync_dagster.config.resources import PREREQUISITES
from netbox_sync_dagster.defs.keys import KINDS, RESOURCES_OF, Kind, table_key
from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.sqlfiles import sql_root
from netbox_sync_dagster.storage.files import write_json

# Files of other versions of the SQL, also of the user's other installations.
_KEPT = 5
_PACKAGE = Path(__file__).parents[1]
# The code that derives what is cached.
_CODE = (
    "compare/column_lineage.py",
    "compare/graph.py",
    "defs/diff_sql.py",
    "defs/lineage.py",
    "sqlfiles.py",
)


class DiffSql(NamedTuple):
    """The SQL of one diff asset.

    ``files``: the files that compare, then the kind's files for the desired table. ``tables``: (system, table), the
    endpoint's first. ``columns``: {``fields.<NetBox field>``: [(system, table, column)]}, empty where nothing is known.
    """

    version: str
    files: list[str]
    tables: list[tuple[str, str]]
    columns: dict[str, list[tuple[str, str, str]]]

    @property
    def upstream(self) -> list[dg.AssetKey]:
        """The assets of ``tables``."""
        return [table_key(system, table) for system, table in self.tables]

    @property
    def column_lineage(self) -> dg.TableColumnLineage | None:
        """``columns`` as metadata; None where nothing is known."""
        if not self.columns:
            return None
        return dg.TableColumnLineage(
            {
                name: [
                    dg.TableColumnDep(table_key(system, table), column) for system, table, column in origins
                ]
                for name, origins in self.columns.items()
            }
        )


@cache
def sql_of(kind: Kind, resource: str) -> DiffSql:
    """The SQL of the diff of a resource."""
    cached = _cached()
    return DiffSql(*cached[kind][resource]) if cached is not None else _derived(kind, resource)


@cache
def _cached() -> dict[str, dict[str, DiffSql]] | None:
    """{kind: {resource: its SQL}}; None where nothing can be cached."""
    try:
        folder = _cache_folder()
        file = folder / f"diff_sql_{_version()}.json"
        with suppress(FileNotFoundError, ValueError):
            kept = json.loads(file.read_text(encoding="utf-8"))
            if isinstance(kept, dict) and kept.keys() == set(KINDS):
                return kept
        # Without a cache, columns would be traced in every run.
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".{os.getpid()}.writable"
        write_json(trial, {})
        trial.unlink()
    except (OSError, RuntimeError):
        return None
    found = {kind: _with_columns(kind) for kind in KINDS}
    with suppress(OSError):
        write_json(file, found)
        for old in sorted(folder.glob("diff_sql_*.json"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
            old.unlink()
    return found


def _cache_folder() -> Path:
    """Raises RuntimeError for a user without a home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netbox_sync"


def _derived(kind: Kind, resource: str) -> DiffSql:
    # The stage graph, which reads all SQL files.
    from netbox_sync_dagster.defs import lineage

    source, target = lineage.tables_read(kind, resource)
    return DiffSql(
        lineage.sql_version(kind, resource),
        [*lineage.diff_files(resource), *lineage.desired_files(kind, resource)],
        [*((kind, name) for name in source), *(("netbox", name) for name in target)],
        {},
    )


def _with_columns(kind: Kind) -> dict[str, DiffSql]:
    # Loading sqlglot takes longer than reading its cached result.
    from netbox_sync_dagster.compare.column_lineage import FieldOrigins, NotFollowed
    from netbox_sync_dagster.defs.lineage import diff_files

    origins = FieldOrigins(kind)
    found = {resource: _derived(kind, resource) for resource in RESOURCES_OF[kind]}
    # One file computes all prerequisites, so their columns cannot be separated.
    for resource in found.keys() - set(PREREQUISITES):
        # A source of another package may have SQL that only DuckDB can parse.
        with suppress(NotFollowed):
            fields = origins.of_diff(diff_files(resource))
            columns = {name: sorted(parts) for name, parts in fields.items()}
            found[resource] = found[resource]._replace(columns=columns)
    return found


def _version() -> str:
    """Changes with the SQL, the sources, and the code that derives what is cached."""
    digest = hashlib.sha256(version("sqlglot").encode())
    for name in _CODE:
        digest.update((_PACKAGE / name).read_bytes())
    # Files of a source from another package are cached with their folder.
    outside = [source.sql for source in sources().values() if source.sql is not None]
    digest.update(repr((RESOURCES_OF, outside)).encode())
    for folder in (sql_root(), *outside):
        # Hundreds of files at every start: rglob alone would take as long as the rest.
        for place, _, files in sorted(os.walk(folder)):
            for file in sorted(name for name in files if name.endswith(".sql")):
                digest.update(f"{place.removeprefix(str(folder))}/{file}".encode())
                with open(f"{place}/{file}", "rb") as content:
                    digest.update(content.read())
    return digest.hexdigest()[:16]
