"""Connections with views that no query uses: creating the views of a page takes most of its time, reading their tables
again a fifth of that."""

from __future__ import annotations

import atexit
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from netbox_sync_dagster.storage import connections

if TYPE_CHECKING:
    import duckdb

# So many are kept: the views with and without those of the status, for two requests at once.
_MOST_SPARE = 4
# DuckDB keeps something of every table that was replaced.
_MOST_USES = 100


class _Spare(NamedTuple):
    """A connection with the views that ``script`` creates, used so often."""

    script: str
    con: duckdb.DuckDBPyConnection
    uses: int


_SPARE: list[_Spare] = []
_LOCK = threading.Lock()
# DuckDB complains on stderr about connections that are left when Python shuts down.
atexit.register(_SPARE.clear)


@contextmanager
def lent(
    script: str, create: Callable[[duckdb.DuckDBPyConnection, str], None]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the views and tables that ``script`` creates, for the block alone.

    ``create`` runs a script; for a connection that had the same views before, only the statements that create tables, which
    have rows of the time of their creation. What the block creates must be temporary. A connection on which anything
    fails is not used again.
    """
    spare = _taken(script)
    con = spare.con if spare else connections.connect()
    try:
        if spare:
            create(con, "".join(_tables(script)))
        else:
            # It may stay for months.
            con.execute("SET enable_external_file_cache = false")
            create(con, script)
        # Temporary tables are gone with it.
        with closing(con.cursor()) as cursor:
            cursor.execute("SET enable_progress_bar = false")
            yield cursor
    except BaseException:
        con.close()
        raise
    _keep(_Spare(script, con, spare.uses + 1 if spare else 1))


def _tables(script: str) -> list[str]:
    """The statements that create tables."""
    return re.findall(r"(?ms)^create or replace table .*?;\n", f"{script}\n")


def _taken(script: str) -> _Spare | None:
    with _LOCK:
        for spare in reversed(_SPARE):
            if spare.script == script:
                _SPARE.remove(spare)
                return spare
    return None


def _keep(spare: _Spare) -> None:
    if spare.uses >= _MOST_USES:
        spare.con.close()
        return
    # Their rows would take memory until somebody asks again.
    for name in re.findall(r"(?m)^create or replace table (\S+) ", spare.script):
        spare.con.execute(f"drop table {name}")
    with _LOCK:
        _SPARE.append(spare)
        old = _SPARE[:-_MOST_SPARE]
        del _SPARE[:-_MOST_SPARE]
    for one in old:
        one.con.close()
