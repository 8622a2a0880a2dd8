"""Which tables of NetBox a comparison reads: an edit of any other table cannot change its diff.

The statements of ``database.run`` and the conditions of stages note the tables that they name. A stage that is left out
reads nothing, and the condition that left it out is noted. So the same comparison of a NetBox that differs in other tables
runs the same statements on the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import local

from netbox_sync_dagster.sqlfiles import calls_in, macro_bodies
from netbox_sync_dagster.storage import NETBOX

# Read once for all endpoints, when NetBox and the ledger are loaded.
_ALWAYS = frozenset({"status"})
_COMMENT = re.compile(r"--.*")
_NAMED = re.compile(r"\bnetbox\.(\w+)")

_noted = local()


@contextmanager
def noting_reads() -> Iterator[set[str]]:
    """The tables that statements of this thread read during the block."""
    before = getattr(_noted, "tables", None)
    _noted.tables = set(_ALWAYS)
    try:
        yield _noted.tables
    finally:
        _noted.tables = before


def note_reads(sql: str) -> None:
    """Note the tables that a statement or a condition names, or that its macros read."""
    tables: set[str] | None = getattr(_noted, "tables", None)
    if tables is not None:
        tables |= tables_in(sql)


@cache
def tables_in(sql: str) -> frozenset[str]:
    """The tables of NetBox that a text of SQL names, or that the macros in it read."""
    text = _COMMENT.sub("", sql)
    named = set(_NAMED.findall(text)) & NETBOX.keys()
    reading = _reading_macros()
    return frozenset(named.union(*(reading[name] for name in calls_in(text) & reading.keys())))


@cache
def _reading_macros() -> dict[str, frozenset[str]]:
    """The macros that read tables of NetBox, themselves or by another macro."""
    bodies = macro_bodies()
    found = {name: frozenset(_NAMED.findall(body)) & NETBOX.keys() for name, body in bodies.items()}
    calls = {name: calls_in(body) & bodies.keys() for name, body in bodies.items()}
    while True:
        more = {name: found[name].union(*(found[other] for other in calls[name])) for name in found}
        if more == found:
            return {name: tables for name, tables in found.items() if tables}
        found = more
