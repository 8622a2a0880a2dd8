"""Checks whether the last diff of an endpoint is still valid, and reuses its tables for the next diff.

A diff depends only on the desired tables, NetBox's tables, the settings, the ledger and the code. If none of them
changed, matching and comparing again would give the same rows with the same change ids, so they are carried over, and
the manifest says from which diff.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from netbox_sync_dagster.compare.config_tables import Settings
from netbox_sync_dagster.compare.database import parquet
from netbox_sync_dagster.compare.desired import desired_rows, desired_tables
from netbox_sync_dagster.compare.graph import compare_stages
from netbox_sync_dagster.compare.ledger_state import LedgerState, hash_of
from netbox_sync_dagster.errors import storage_sentence
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import sql_root
from netbox_sync_dagster.storage.resolutions import Resolution
from netbox_sync_dagster.storage.tables import SENTENCES

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    duckdb = lazy_module("duckdb")
    pa = lazy_module("pyarrow")
    pq = lazy_module("pyarrow.parquet")

Inputs = dict[str, str]


# Beside the desired tables of a diff: its words (``endpoint_words``), which follow from the source's snapshot too.
WORDS_FILE = "words.parquet"

# Tables of so many rows are compared row by row.
_SMALL = 20_000

# The input that may differ, if nothing that was written concerns the endpoint: ``Edits``.
LEDGER_OF_OTHERS = "ledger_of_others"


def inputs_of(
    settings: Settings,
    answers: Sequence[Resolution],
    only: str | None,
    base_url: str,
    *,
    ledger: LedgerState,
    own: Collection[str],
) -> Inputs:
    """The inputs of a diff besides the snapshots, as hashes.

    ``answers``: those of people that count. ``only``: the source's id of the only object that is compared. ``base_url``:
    NetBox's, by which the ledger identifies its objects. ``ledger``: how far the attached ledger is written. ``own``: the
    endpoints that reach the same server.
    """
    return {
        "settings": _hash(repr(settings), repr(only), base_url),
        # An id's content never changes, and which of its rows count follows from the ids after it.
        "answers": _hash(*(f"{one.resolution_id} {len(one.items)}" for one in answers)),
        "ledger": hash_of({name: mark for name, mark in ledger.items() if name in own}),
        LEDGER_OF_OTHERS: hash_of({name: mark for name, mark in ledger.items() if name not in own}),
        "code": _code(),
    }


def same_table(con: duckdb.DuckDBPyConnection, before: Path, now: Path) -> bool:
    """Whether two files of one table of NetBox hold the same rows."""
    if before.samefile(now):
        return True
    rows = [pq.read_metadata(file).num_rows for file in (before, now)]
    if rows[0] != rows[1]:
        return False
    if not rows[0] or same_in_order(before, now):
        return True
    was, is_ = (f"SELECT * EXCLUDE (snapshot_id) FROM {parquet(file)}" for file in (before, now))
    return _same_rows(con, was, is_)


def same_in_order(before: Path, now: Path, columns: Collection[str] | None = None) -> bool:
    """Whether two small files hold the same rows in the same order, in these columns or in all but the snapshot's id.

    False for large ones, which DuckDB compares faster, and where only one of them has all of these columns.
    """
    with pq.ParquetFile(before) as was, pq.ParquetFile(now) as is_:
        if max(was.metadata.num_rows, is_.metadata.num_rows) > _SMALL:
            return False
        names = {*was.schema_arrow.names, *is_.schema_arrow.names} if columns is None else set(columns)
        wanted = sorted(names - {"snapshot_id"})
        # ``read`` leaves out the columns that a file of an older version lacks.
        tables = [file.read(columns=wanted, use_threads=False) for file in (was, is_)]
    return bool(tables[0].equals(tables[1]))


def same_desired(con: duckdb.DuckDBPyConnection, diff: Path) -> bool:
    """Whether the desired tables of ``con`` equal those stored with that diff."""
    # Tables that also depend on NetBox's tables, after matching.
    matched = {stage.makes[1] for stage in compare_stages() if stage.makes[0] == "desired"}
    for table, rows in desired_rows(con).items():
        if table in matched:
            continue
        file = diff / "desired" / f"{table}.parquet"
        if not file.exists() or rows != pq.read_metadata(file).num_rows:
            return False
        kept = f"SELECT * EXCLUDE (endpoint) FROM {parquet(file)}"
        if rows and not _same_rows(con, kept, f"FROM desired.{table}"):
            return False
    return True


def has_desired(diff: Path) -> bool:
    """Whether the files of a diff's desired tables are all there. Raises one of ``reading_errors`` where one is damaged."""
    files = [diff / "desired" / f"{table}.parquet" for table in (*desired_tables(), SENTENCES)]
    return all(file.exists() and pq.read_metadata(file).num_rows >= 0 for file in files)


def carry_over(before: Path, stage: Path, diff_id: str) -> bool:
    """Use the files of the diff ``before`` for the new one in ``stage``: only the rows' diff id changes.

    False if one of them is damaged; ``stage`` is then cleaned up.
    """
    (stage / "desired").mkdir(exist_ok=True)
    made: list[Path] = []
    try:
        for file in before.glob("*.parquet"):
            made.append(stage / file.name)
            if pq.read_metadata(file).num_rows:
                _renamed(file, stage / file.name, diff_id)
            else:
                _linked(file, stage / file.name)
    except (pa.ArrowException, OSError) as error:
        if storage_sentence(error) is not None:
            raise
        for file in made:
            file.unlink(missing_ok=True)
        return False
    for file in before.glob("desired/*.parquet"):
        if file.name != WORDS_FILE and not (stage / "desired" / file.name).exists():
            _linked(file, stage / "desired" / file.name)
    return True


def carry_words(before: Path, stage: Path) -> None:
    """Keep the words of the diff ``before`` with the one in ``stage``, if it has any."""
    with suppress(FileNotFoundError):
        _linked(before / "desired" / WORDS_FILE, stage / "desired" / WORDS_FILE)


def _renamed(file: Path, target: Path, diff_id: str) -> None:
    source = pq.ParquetFile(file)
    position = source.schema_arrow.get_field_index("diff_id")
    with pq.ParquetWriter(target, source.schema_arrow, compression="zstd") as writer:
        for batch in source.iter_batches():
            ids = pa.repeat(pa.scalar(diff_id, pa.string()), len(batch))
            writer.write_batch(batch.set_column(position, source.schema_arrow.field(position), ids))


def _linked(file: Path, target: Path) -> None:
    """Files of a diff never change, so two diffs can share one."""
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _same_rows(con: duckdb.DuckDBPyConnection, a: str, b: str) -> bool:
    said = [con.execute(sums_of(query)).fetchone() for query in (a, b)]
    return said[0] == said[1]


def sums_of(query: str) -> str:
    """A query of numbers that are the same for the same rows, in any order."""
    # The sum distinguishes what the exclusive or of equal rows does not.
    return f"SELECT count(*), sum(hash(row)::HUGEINT), bit_xor(hash(row)) FROM ({query}) AS row"


@cache
def _code() -> str:
    """A hash of the code of the comparison: the SQL, this package and DuckDB's version."""
    files = [*sorted(sql_root().rglob("*.sql")), *sorted(Path(__file__).parent.glob("*.py"))]
    return _hash(duckdb.__version__, *(file.read_text(encoding="utf-8") for file in files))


def _hash(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:20]
