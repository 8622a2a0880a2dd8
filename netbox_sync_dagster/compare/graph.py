"""The stages of a comparison, in the order in which their SQL files run, which is derived from the files.

A file makes the table of its folder and name (sql/match/devices.sql: ``match.devices``). Lines at its top change that:

- ``-- Makes config.<table>.``: another table.
- ``-- Adds to desired.<table>.``: rows of a table that another file makes.
- ``-- Its rows join desired.<table>.``: its own table, and rows of that one.
- ``-- A view``: a view instead of a table.
- ``-- In slices of match.<table>.``: made for so many rows of that table at a time.
- ``-- Only with rows of <table>; <table> WHERE <condition>.``: where none of these has a row, its own change nothing, and
  it does not run: planning it costs more than the rest of a small comparison. Goes on in lines that begin with ``--   ``.

What a file reads is found in its SQL.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.sqlfiles import read_sql, sql_root

_COMMENT = re.compile(r"--[^\n]*")
_SAYS = re.compile(r"^-- (Adds to|Makes) (\w+)\.(\w+)\.", re.MULTILINE)
_JOINS = re.compile(r"^-- Its rows join (\w+)\.(\w+)\.", re.MULTILINE)
_VIEW = re.compile(r"^-- A view\b", re.MULTILINE)
_SLICES = re.compile(r"^-- In slices of (\w+\.\w+)\.$", re.MULTILINE)
_ONLY_WITH = re.compile(r"^-- Only with rows of (.+(?:\n--   .+)*)\.$", re.MULTILINE)
_READS = re.compile(r"\b([a-z][a-z0-9_]*)\.([a-z_]+)\b")
# The tables' shapes, not a stage.
_SHAPES = "tables"

TableName = tuple[str, str]


@dataclass(frozen=True)
class Stage:
    """One SQL file.

    ``makes`` is the table, as (schema, name); ``adds``: another file makes it, this one adds rows. ``joins``: the table
    to which its rows are added too. ``slices``: the table that is read in slices.
    """

    name: str
    file: str
    makes: TableName
    adds: bool
    joins: TableName | None
    reads: frozenset[TableName]
    only_with: tuple[str, ...]
    is_view: bool
    slices: str | None

    @property
    def table(self) -> str:
        """``schema.name`` of the table that it makes or adds to."""
        return ".".join(self.makes)


@cache
def desired_stages(kind: str) -> tuple[Stage, ...]:
    """The stages of a kind that make its desired tables: its own files, and those in sql/desired that serve all kinds."""
    own = source_of(kind).sql or sql_root() / "desired" / kind
    return _in_order(
        [_stage(path, "desired") for folder in (sql_root() / "desired", own) for path in _files(folder)]
    )


@cache
def compare_stages() -> tuple[Stage, ...]:
    """The stages that match the desired tables with NetBox's and find the differences: sql/match and sql/diff."""
    return _in_order(
        [_stage(path, folder) for folder in ("match", "diff") for path in _files(sql_root() / folder)]
    )


@cache
def tables_between_stages() -> frozenset[TableName]:
    """The tables of ``compare_stages`` that another of these stages reads."""
    stages = compare_stages()
    made = {stage.makes for stage in stages}
    return frozenset(table for stage in stages for table in stage.reads & made if table != stage.makes)


@cache
def named_tables(file: str) -> frozenset[TableName]:
    """(schema, table) of every table that a SQL file names; columns of an alias look like tables too."""
    return frozenset(_READS.findall(_COMMENT.sub("", read_sql(file))))


def conditions(file: str) -> tuple[str, ...]:
    """The relations of the file's line ``Only with rows of``; empty without the line."""
    only = _ONLY_WITH.search(read_sql(file))
    return tuple(only[1].replace("\n--   ", " ").split("; ")) if only else ()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.sql") if path.stem != _SHAPES]


def _stage(path: Path, schema: str) -> Stage:
    # Relative to sql_root, except for files of a source from another package.
    file = str(path.relative_to(sql_root())) if path.is_relative_to(sql_root()) else str(path)
    text = read_sql(file)
    said = _SAYS.search(text)
    joins = _JOINS.search(text)
    slices = _SLICES.search(text)
    only_with = conditions(file)
    return Stage(
        path.stem,
        file,
        (said[2], said[3]) if said else (schema, path.stem),
        bool(said and said[1] == "Adds to"),
        (joins[1], joins[2]) if joins else None,
        named_tables(file) | frozenset(_READS.findall(" ".join(only_with))),
        only_with,
        bool(_VIEW.search(text)),
        slices[1] if slices else None,
    )


def _in_order(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    """Each file comes after the files that make or add to a table that it reads; ties are ordered by file name.

    Inputs of a file that adds to a table read that table before the addition.
    """
    by_file = {stage.file: stage for stage in stages}
    makers: dict[TableName, set[str]] = defaultdict(set)
    adders: dict[TableName, set[str]] = defaultdict(set)
    for file, stage in by_file.items():
        (adders if stage.adds else makers)[stage.makes].add(file)
        if stage.joins is not None:
            adders[stage.joins].add(file)
    needs = {
        file: {other for table in stage.reads for other in makers[table]} - {file}
        for file, stage in by_file.items()
    }
    # An addition needs the table it adds to.
    for table, files in adders.items():
        for file in files:
            needs[file] |= makers[table] - {file}
    before = {file: _ancestors(needs, file) for files in adders.values() for file in files}
    for file, stage in by_file.items():
        for table in stage.reads:
            needs[file] |= {adder for adder in adders[table] - {file} if file not in before[adder]}
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ordered: list[Stage] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [by_file[file] for file in ready]
        sorter.done(*ready)
    return tuple(ordered)


def _ancestors(needs: Mapping[str, set[str]], name: str) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        for other in needs[todo.pop()] - found:
            found.add(other)
            todo.append(other)
    return found
