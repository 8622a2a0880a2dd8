"""The desired tables of a kind of endpoint, in the order in which their files run: it follows from the files' own text.

A file fills ``desired.<its name>``, unless it says otherwise in its first lines: ``-- Adds to desired.<table>.`` or
``-- Makes config.<table>.`` What it reads is found in its SQL. ``-- Only with rows of <table>; <table>.``: where none of
these has a row, it has none either, and does not run: planning it costs more than the rest of a small comparison.
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
_ONLY_WITH = re.compile(r"^-- Only with rows of (.+)\.$", re.MULTILINE)
_READS = re.compile(r"\b([a-z][a-z0-9_]*)\.([a-z_]+)\b")
# The tables' shapes, not a stage.
_SHAPES = "tables"


@dataclass(frozen=True)
class Stage:
    """One SQL file. ``makes`` is the table, as (schema, name); ``adds``: another file makes it, this one adds rows."""

    name: str
    file: str
    makes: tuple[str, str]
    adds: bool
    reads: frozenset[tuple[str, str]]
    only_with: tuple[str, ...]


@cache
def desired_stages(kind: str) -> tuple[Stage, ...]:
    """The stages of a kind: its own files, and those in sql/desired that serve all kinds."""
    own = source_of(kind).sql or sql_root() / "desired" / kind
    shared = [path for path in (sql_root() / "desired").glob("*.sql") if path.stem != _SHAPES]
    stages = {path.stem: _stage(path) for path in [*shared, *own.glob("*.sql")]}
    return tuple(stages[name] for name in _in_order(stages))


@cache
def named_tables(file: str) -> frozenset[tuple[str, str]]:
    """(schema, table) of every table that a SQL file names; columns of an alias look like one too."""
    return frozenset(_READS.findall(_COMMENT.sub("", read_sql(file))))


def _stage(path: Path) -> Stage:
    # Below sql_root as other files are named; a source of another package has its own folder.
    file = str(path.relative_to(sql_root())) if path.is_relative_to(sql_root()) else str(path)
    text = read_sql(file)
    said = _SAYS.search(text)
    return Stage(
        path.stem,
        file,
        (said[2], said[3]) if said else ("desired", path.stem),
        bool(said and said[1] == "Adds to"),
        named_tables(file),
        tuple(only[1].split("; ")) if (only := _ONLY_WITH.search(text)) else (),
    )


def _in_order(stages: Mapping[str, Stage]) -> Iterable[str]:
    """After every file that makes or adds to a table that it reads; of those that could be next, by name.

    What a file that adds to a table needs itself reads that table before the addition.
    """
    makers: dict[tuple[str, str], set[str]] = defaultdict(set)
    adders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, stage in stages.items():
        (adders if stage.adds else makers)[stage.makes].add(name)
    needs = {
        name: {other for table in stage.reads for other in makers[table]} - {name}
        for name, stage in stages.items()
    }
    # An addition needs the table it adds to.
    for table, names in adders.items():
        for name in names:
            needs[name] |= makers[table] - {name}
    before = {name: _ancestors(needs, name) for table in adders.values() for name in table}
    for name, stage in stages.items():
        for table in stage.reads:
            needs[name] |= {adder for adder in adders[table] - {name} if name not in before[adder]}
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        yield from ready
        sorter.done(*ready)


def _ancestors(needs: Mapping[str, set[str]], name: str) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        for other in needs[todo.pop()] - found:
            found.add(other)
            todo.append(other)
    return found
