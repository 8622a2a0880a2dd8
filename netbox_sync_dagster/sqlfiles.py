"""Finds and reads the SQL of the comparison, in a checkout and in an installed wheel alike."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent
# A wheel carries the top-level sql/ folder inside the package as _sql.
_CANDIDATES = (_PACKAGE / "_sql", _PACKAGE.parent / "sql")


@cache
def sql_root() -> Path:
    """The folder that holds ``desired/``, ``diff/`` and ``views/``. Raises FileNotFoundError."""
    for folder in _CANDIDATES:
        if (folder / "diff").is_dir():
            return folder
    raise FileNotFoundError(f"no sql/ folder beside or inside {_PACKAGE}; reinstall netbox-sync-dagster")


def read_sql(path: str) -> str:
    """The text of one file, e.g. ``read_sql("diff/interfaces.sql")``."""
    return (sql_root() / path).read_text(encoding="utf-8")


def code_version(*paths: str) -> str:
    """A short hash of these SQL files: Dagster marks an asset stale when it changes."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(_content(path))
    return digest.hexdigest()[:12]


@cache
def _content(path: str) -> bytes:
    # Most files take part in many versions.
    return read_sql(path).encode()
