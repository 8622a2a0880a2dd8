"""The SQL files of an endpoint: those of tables, and helpers whose names begin with an underscore."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from netbox_sync_dagster.sources.tables.columns import SHAPES
from netbox_sync_dagster.sources.tables.config import TablesEndpoint
from netbox_sync_dagster.sources.tables.statements import SqlError, SqlFile


class FolderError(SqlError):
    """Files of the folder cannot be used. ``problems``: one sentence each."""

    def __init__(self, who: str, problems: list[str]) -> None:
        super().__init__(f"{who}: {'; '.join(problems)}")
        self.problems = [f"{who}: {problem}" for problem in problems]


@dataclass(frozen=True)
class Folder:
    """``helpers``: {table that SQL reads: file}, each behind those that it reads. ``files``: {table: file}."""

    helpers: dict[str, SqlFile]
    files: dict[str, SqlFile]


def who_of(endpoint: TablesEndpoint) -> str:
    """What errors call the endpoint."""
    return f"endpoint '{endpoint.name}'"


def find_files(endpoint: TablesEndpoint) -> Folder:
    """The SQL files of the endpoint's folder. Raises FolderError."""
    who = who_of(endpoint)
    if not endpoint.sql.is_dir():
        raise FolderError(who, [f"no such folder: {endpoint.sql}; set sql to the folder of the SQL files"])
    paths = sorted(path for path in endpoint.sql.iterdir() if path.suffix.lower() == ".sql")
    problems = [problem for path in paths if (problem := _name_problem(path)) is not None]
    helpers = {path.stem[1:]: SqlFile(path) for path in paths if path.stem.startswith("_")}
    files = {path.stem: SqlFile(path) for path in paths if path.stem in SHAPES}
    if not files and not problems:
        problems.append(f"{endpoint.sql} has none of the files {', '.join(f'{name}.sql' for name in SHAPES)}")
    if problems:
        raise FolderError(who, problems)
    return Folder(_in_order(helpers), files)


def _in_order(helpers: dict[str, SqlFile]) -> dict[str, SqlFile]:
    reads = {
        name: {other for other in helpers if other != name and file.reads(other)}
        for name, file in helpers.items()
    }
    try:
        order = list(TopologicalSorter(reads).static_order())
    except CycleError:
        # DuckDB says which table is missing.
        order = list(helpers)
    return {name: helpers[name] for name in order}


def _name_problem(path: Path) -> str | None:
    if path.stem.startswith("_"):
        name = path.stem[1:]
        if not name.isidentifier() or not name.isascii():
            return f"{path.name}: a helper is called like _facts.sql: letters, digits and _ only"
        return None
    if path.stem in SHAPES and path.suffix == ".sql":
        return None
    near = get_close_matches(path.stem.lower(), SHAPES, n=1, cutoff=0.5)
    advice = (
        f"did you mean {near[0]}.sql?" if near else f"allowed: {', '.join(f'{name}.sql' for name in SHAPES)}"
    )
    return f"{path.name}: is not the name of a table; {advice} (a helper's name begins with _)"
