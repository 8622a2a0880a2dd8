"""Dependencies between assets and code versions, derived from the SQL of the diffs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from netbox_sync_dagster.compare.graph import compare_stages, desired_stages, named_tables
from netbox_sync_dagster.config.resources import PREREQUISITES, RESOURCES
from netbox_sync_dagster.defs.keys import Kind
from netbox_sync_dagster.sqlfiles import code_version, read_sql, sql_root
from netbox_sync_dagster.storage import SYSTEMS

# Removals of all resources are decided in one place: if it were followed, every diff would read every table.
_FOR_ALL = frozenset({"removals", "doubts", "sightings", "delete_impact"})


def tables_read(kind: Kind, resource: str) -> tuple[list[str], list[str]]:
    """(tables of the endpoint's snapshot, tables of NetBox) that the diff of ``resource`` reads.

    The endpoint's tables are followed through ``desired`` and ``match``. Of NetBox's tables only those that the diff
    compares with are listed, not all that matching reads, which keeps the graph readable.
    """
    own = diff_files(resource)
    below = _closure(kind, [*own, *_removed_files(resource)], ("desired", "match"), _FOR_ALL)
    source = {table for file in below for schema, table in named_tables(file) if schema == kind}
    if resource in PREREQUISITES:
        # One file computes all of them; each is compared with its table.
        target = {resource}
    else:
        target = {
            table
            for file in (*own, *_split_off(own))
            for schema, table in named_tables(file)
            if schema == "netbox"
        }
    return sorted(source & set(SYSTEMS[kind])), sorted(target & set(SYSTEMS["netbox"]))


def _split_off(files: Iterable[str]) -> list[str]:
    """The views of ``match`` that these files read, made only where some of NetBox's rows ask for them."""
    read = {table for file in files for table in named_tables(file)}
    return [
        stage.file for stage in compare_stages() if stage.is_view and stage.only_with and stage.makes in read
    ]


def sql_version(kind: Kind, resource: str) -> str:
    """A hash of every SQL file that takes part in the diff of ``resource``."""
    return code_version(*sorted({*_followed(kind, resource), *_for_all(kind)}))


@cache
def _followed(kind: Kind, resource: str) -> frozenset[str]:
    return frozenset(_closure(kind, diff_files(resource), ("desired", "match", "diff"), additions=True))


@cache
def _for_all(kind: Kind) -> frozenset[str]:
    """The files that every diff uses, and those that belong to no single diff."""
    root = sql_root()
    plan = {
        str(path.relative_to(root))
        for folder in (".", "macros", "plan", "rules", "edits")
        for path in (root / folder).glob("*.sql")
    }
    stages = {stage.file for stage in (*desired_stages(kind), *compare_stages())}
    single = frozenset().union(*(_followed(kind, resource) for resource in RESOURCES))
    return frozenset({*plan, "desired/tables.sql", "match/tables.sql", *(stages - single)})


@cache
def diff_files(resource: str) -> tuple[str, ...]:
    """The SQL files that make the diff rows of a resource."""
    files = {
        stage.file
        for stage in compare_stages()
        if stage.makes[0] == "diff" and f"'{resource}' as resource" in _text(stage.file)
    }
    if resource in PREREQUISITES:
        files.add("diff/prerequisites.sql")
    own = f"diff/missing_{resource}.sql"
    if (sql_root() / own).exists():
        files.add(own)
    if _removed_files(resource):
        files.add("diff/missing_kept.sql")
    return tuple(sorted(files))


def desired_files(kind: Kind, resource: str) -> list[str]:
    """The kind's SQL files for the desired table of a resource."""
    return [
        stage.file
        for stage in desired_stages(kind)
        if stage.makes == ("desired", resource) and not stage.adds
    ]


@cache
def _removed_files(resource: str) -> tuple[str, ...]:
    """The files that find removed objects of a resource."""
    names = (f"'{resource}' as resource", f"select '{resource}',")
    return tuple(
        stage.file
        for stage in compare_stages()
        if stage.name.startswith("removed_") and any(name in _text(stage.file) for name in names)
    )


@cache
def _text(file: str) -> str:
    # Read once: every resource searches every file.
    return read_sql(file)


def _closure(
    kind: Kind,
    files: Iterable[str],
    schemas: tuple[str, ...],
    without: frozenset[str] = frozenset(),
    *,
    additions: bool = False,
) -> set[str]:
    """These files and those that compute their inputs; ``additions``: also those that add rows to the inputs."""
    found = set(files)
    todo = list(found)
    while todo:
        for schema, table in named_tables(todo.pop()):
            files_of = (
                _makers(kind, additions).get((schema, table), ())
                if schema in schemas and table not in without
                else ()
            )
            for file in files_of:
                if file not in found:
                    found.add(file)
                    todo.append(file)
    return found


@cache
def _makers(kind: Kind, additions: bool) -> dict[tuple[str, str], list[str]]:
    """{(schema, table): the files that create it, or also those that add rows to it}"""
    found: dict[tuple[str, str], list[str]] = {}
    for stage in desired_stages(kind):
        if additions or not stage.adds:
            found.setdefault(stage.makes, []).append(stage.file)
    for stage in compare_stages():
        for table in {stage.makes, stage.joins} if additions and stage.joins else {stage.makes}:
            found.setdefault(table, []).append(stage.file)
    return found
