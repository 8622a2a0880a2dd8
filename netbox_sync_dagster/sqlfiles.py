"""Finds and reads the SQL of the comparison, in a checkout and in an installed wheel alike."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

_PACKAGE = Path(__file__).parent
# A wheel carries the top-level sql/ folder inside the package as _sql.
_DEFINED = re.compile(r"^create or replace macro (\w+)\(", re.MULTILINE)
_CALLED = re.compile(r"(\w+)\(")
_CANDIDATES = (_PACKAGE / "_sql", _PACKAGE.parent / "sql")


@cache
def sql_root() -> Path:
    """The folder that holds ``desired/``, ``diff/`` and ``views/``. Raises FileNotFoundError."""
    for folder in _CANDIDATES:
        if (folder / "diff").is_dir():
            return folder
    raise FileNotFoundError(f"no sql/ folder beside or inside {_PACKAGE}; reinstall netbox-sync-dagster")


@cache
def read_sql(path: str) -> str:
    """The text of one file, e.g. ``read_sql("diff/interfaces.sql")``, as this process first saw it."""
    return (sql_root() / path).read_text(encoding="utf-8")


@cache
def read_macros(*names: str) -> str:
    """The macros of ``sql/macros/``, each file after those whose macros it uses.

    ``names``: only these files and what they need; all if none is given.
    """
    texts = {file.stem: file.read_text(encoding="utf-8") for file in (sql_root() / "macros").glob("*.sql")}
    home = {macro: name for name, text in texts.items() for macro in _DEFINED.findall(text)}
    needs = {name: {home[word] for word in calls_in(text) if word in home} for name, text in texts.items()}
    order = TopologicalSorter({name: sorted(found - {name}) for name, found in sorted(needs.items())})
    wanted = set(names or texts)
    for name in reversed(in_order := list(order.static_order())):
        if name in wanted:
            wanted |= needs[name]
    return "".join(texts[name] for name in in_order if name in wanted)


@cache
def macro_bodies() -> dict[str, str]:
    """What follows the name of each macro, without comments."""
    _, *parts = _DEFINED.split(re.sub(r"--.*", "", read_macros()))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def calls_in(sql: str) -> set[str]:
    """The names before a bracket: macros and functions that a text calls."""
    return set(_CALLED.findall(sql))


def code_version(*paths: str) -> str:
    """A short hash of these SQL files: Dagster marks an asset stale when it changes."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(read_sql(path).encode())
    return digest.hexdigest()[:12]
