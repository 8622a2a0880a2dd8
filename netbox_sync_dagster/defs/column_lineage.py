"""Column lineage of the diff assets: the columns of the snapshots from which each NetBox field is computed.

Tracing the SQL takes a second of CPU, and every run loads all definitions in a separate process. So the result is
cached in a file of the user's cache folder, one per version of the SQL. Without a writable cache, assets have no lineage.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import dagster as dg

from netbox_sync_dagster import compare
from netbox_sync_dagster.config.resources import PREREQUISITES
from netbox_sync_dagster.defs.keys import KINDS, RESOURCES_OF, Kind, table_key
from netbox_sync_dagster.defs.lineage import diff_files
from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.sqlfiles import sql_root
from netbox_sync_dagster.storage.files import write_json

# Files of other versions of the SQL, also of the user's other installations.
_KEPT = 5
# {kind: {resource: {column: [[system, table, column], ...]}}}
_Lineage = dict[str, dict[str, dict[str, list[list[str]]]]]


@cache
def column_lineage(kind: Kind, resource: str) -> dg.TableColumnLineage | None:
    """``fields.<NetBox field>`` -> columns of the endpoint's and NetBox's tables; None where nothing is known."""
    columns = _lineage().get(kind, {}).get(resource)
    if not columns:
        return None
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(table_key(system, table), column) for system, table, column in origins]
            for name, origins in columns.items()
        }
    )


@cache
def _lineage() -> _Lineage:
    try:
        folder = _cache_folder()
        file = folder / f"column_lineage_{_version()}.json"
        with suppress(FileNotFoundError, ValueError):
            kept = json.loads(file.read_text(encoding="utf-8"))
            if isinstance(kept, dict) and kept.keys() == set(KINDS):
                return kept
        # Without a cache it would be computed in every run.
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".{os.getpid()}.writable"
        write_json(trial, {})
        trial.unlink()
    except (OSError, RuntimeError):
        return {}
    found = {kind: _computed(kind) for kind in KINDS}
    with suppress(OSError):
        write_json(file, found)
        for old in sorted(folder.glob("column_lineage_*.json"), key=lambda path: path.stat().st_mtime)[
            :-_KEPT
        ]:
            old.unlink()
    return found


def _cache_folder() -> Path:
    """Raises RuntimeError for a user without a home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netbox_sync"


def _computed(kind: Kind) -> dict[str, dict[str, list[list[str]]]]:
    # Loading sqlglot takes longer than reading its cached result.
    from netbox_sync_dagster.compare.column_lineage import FieldOrigins, NotFollowed

    origins = FieldOrigins(kind)
    found = {}
    # One file computes all prerequisites, so their columns cannot be separated.
    for resource in (name for name in RESOURCES_OF[kind] if name not in PREREQUISITES):
        # A source of another package may have SQL that only DuckDB can parse.
        with suppress(NotFollowed):
            fields = origins.of_diff(diff_files(resource))
            found[resource] = {name: sorted(map(list, parts)) for name, parts in fields.items()}
    return found


def _version() -> str:
    """Changes with the SQL, the sources, and the code that traces it."""
    digest = hashlib.sha256(version("sqlglot").encode())
    digest.update((Path(compare.__path__[0]) / "column_lineage.py").read_bytes())
    folders = [sql_root(), *(source.sql for source in sources().values() if source.sql is not None)]
    for folder in folders:
        for file in sorted(folder.rglob("*.sql")):
            digest.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    digest.update(repr(RESOURCES_OF).encode())
    return digest.hexdigest()[:16]
