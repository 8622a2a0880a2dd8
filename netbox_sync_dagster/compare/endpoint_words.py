"""The words of an endpoint: what an edit in NetBox must have in common with it to matter (``compare/edits.py``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.config_tables import Settings
from netbox_sync_dagster.compare.database import run
from netbox_sync_dagster.compare.edits import Edits
from netbox_sync_dagster.compare.reuse import WORDS_FILE
from netbox_sync_dagster.compare.unchanged import read_columns
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import connections
from netbox_sync_dagster.storage.resolutions import Resolution

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
else:
    pa = lazy_module("pyarrow")
    pc = lazy_module("pyarrow.compute")
    pq = lazy_module("pyarrow.parquet")

# The objects that the endpoint has written to, or that a row of its diff is about.
_OBJECTS = """
    SELECT object_type || ' ' || netbox_id FROM ledger.created WHERE list_contains($names, endpoint)
    UNION
    SELECT object_type || ' ' || netbox_id FROM ledger.last_written WHERE list_contains($names, endpoint)
"""


def words_of(
    con: duckdb.DuckDBPyConnection,
    kind: str,
    folders: tuple[Path, Path],
    settings: Settings,
    answers: Sequence[Resolution],
) -> pa.Array:
    """The words of an endpoint of this kind, from the ``folders`` of its snapshot and of its last diff.

    ``con`` has the macros and the ledger.
    """
    source, diff = folders
    names = [name for (name,) in settings[1]["same_source"]]
    texts = pa.concat_arrays(
        [pa.array([*_said(settings), *_said([one.__dict__ for one in answers])], pa.string())]
        + [texts for column in _columns(kind, source, diff) for texts in texts_in(column)]
    )
    folder = connections.quoted(connections.pattern(diff))
    in_diff = f"""SELECT DISTINCT object_type || ' ' || netbox_id FROM read_parquet('{folder}/*.parquet')
                  WHERE netbox_id IS NOT NULL"""
    words = [str(name) for (name,) in con.execute(in_diff).fetchall()]
    words += [str(name) for (name,) in run(con, _OBJECTS, {"names": names}).fetchall()]
    words += [f"#{one.netbox_id}" for one in answers if one.netbox_id is not None]
    words += [f"vid {vid}" for vid in _vids(diff)]
    con.register("endpoint_texts", pa.table({"text": pc.drop_null(pc.unique(texts))}))
    try:
        words += [str(word) for (word,) in run(con, read_sql("edits/endpoint_words.sql")).fetchall()]
    finally:
        con.unregister("endpoint_texts")
    return pa.array(words, pa.string())


def keep_words(stage: Path, words: pa.Array) -> None:
    """Keep the words with a diff: they are the same as long as its rows are carried over and the source says the same."""
    pq.write_table(pa.table({"word": words}), stage / "desired" / WORDS_FILE)


def kept_words(diff: Path) -> pa.Array | None:
    """The words that ``keep_words`` has put into a diff's folder."""
    file = diff / "desired" / WORDS_FILE
    return pq.read_table(file, columns=["word"])["word"].combine_chunks() if file.exists() else None


def concerns(edits: Edits, words: pa.Array, settings: Settings) -> bool:
    """Whether an edit may matter to the endpoint with these words and settings."""
    if edits.claimed_by(settings[0]):
        return True
    found = pc.any(pc.is_in(words, value_set=pa.array(sorted(edits.words), pa.string())))
    return found.as_py() is True


def _columns(kind: str, source: Path, diff: Path) -> Iterator[pa.ChunkedArray]:
    """The columns of the snapshot that a comparison reads, and those of the desired tables."""
    for name, columns in read_columns(kind).items():
        file = source / f"{name}.parquet"
        if columns and file.exists() and pq.read_metadata(file).num_rows:
            held = set(pq.read_schema(file).names)
            yield from pq.read_table(file, columns=[one for one in columns if one in held]).columns
    for file in sorted((diff / "desired").glob("*.parquet")):
        if pq.read_metadata(file).num_rows:
            yield from pq.read_table(file).columns


def _vids(diff: Path) -> set[int]:
    """The VIDs that the source's devices know, or that are on their interfaces."""
    files = [diff / "desired" / f"{table}.parquet" for table in ("vlans", "carried_vids")]
    return {vid for file in files for vid in pq.read_table(file, columns=["vid"])["vid"].unique().to_pylist()}


def texts_in(column: pa.ChunkedArray | pa.Array) -> Iterator[pa.Array]:
    """The texts in a column, whatever they are nested in; JSON is one text."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        yield from texts_in(column.cast(kind.storage_type))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        yield pc.unique(column).cast(pa.string())
    elif pa.types.is_dictionary(kind):
        yield from texts_in(column.cast(kind.value_type))
    elif pa.types.is_map(kind):
        for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
            yield from texts_in(chunk.keys)
            yield from texts_in(chunk.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        yield from texts_in(pc.list_flatten(column))
    elif pa.types.is_struct(kind):
        for number in range(kind.num_fields):
            yield from texts_in(pc.struct_field(column, number))


def _said(value: Any) -> Iterator[str]:
    """The texts in a setting or an answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _said(list(value.values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _said(one)
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        yield from _said(list(vars(value).values()))
