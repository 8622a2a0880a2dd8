"""Writes rows to typed Parquet files: one writer per table, bounded memory, and a bad row never loses good ones."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.storage.tables import ANY_FIELD_STRUCT, FIELD_STRUCT, Columns

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
else:
    pa = lazy_module("pyarrow")
    pc = lazy_module("pyarrow.compute")
    pq = lazy_module("pyarrow.parquet")

Row = dict[str, Any]


@cache
def _types() -> dict[str, pa.DataType]:
    """DuckDB's names of types -> those of Arrow."""
    return {
        "VARCHAR": pa.string(),
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "TIMESTAMP": pa.timestamp("us"),
        "VARCHAR[]": pa.list_(pa.string()),
        "BIGINT[]": pa.list_(pa.int64()),
        "INTEGER[]": pa.list_(pa.int32()),
        "INTEGER[][]": pa.list_(pa.list_(pa.int32())),
        FIELD_STRUCT: _list_of_texts("field", "before", "after", "decision", "reason", "cause"),
        ANY_FIELD_STRUCT: _list_of_texts(
            *("field", "before", "after", "decision", "reason", "cause", "verdict")
        ),
    }


def _list_of_texts(*names: str) -> pa.DataType:
    return pa.list_(pa.struct([(name, pa.string()) for name in names]))


# Rows held in Python before they become a row group: large enough for good compression, small enough that
# half a million ports pass through a few dozen MB.
_FLUSH_ROWS = 20_000
# Rows for which the lock is taken once.
_SOME_ROWS = 500
# With longer values (texts or lists) 20,000 rows would fill the memory.
_LONGEST_VALUE = 4 << 20
_SIZED = (str, list)


def arrow_schema(columns: Columns) -> pa.Schema:
    """The Arrow schema of these columns (DuckDB type names)."""
    return pa.schema([(name, _types()[kind]) for name, kind in columns.items()])


def _open(place: Any, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(place, schema, compression="zstd")


# The files of tables without rows that this process has written.
_EMPTY: set[bytes] = set()


@cache
def _without_rows(schema: pa.Schema) -> bytes:
    """The file of an empty table with these columns."""
    buffer = pa.BufferOutputStream()
    _open(buffer, schema).close()
    content = bytes(buffer.getvalue())
    _EMPTY.add(content)
    return content


def is_without_rows(file: bytes) -> bool:
    """Whether this is the content of a file that this process has written for a table without rows."""
    return file in _EMPTY


class TableWriter:
    """Writes one Parquet file. Thread-safe: several requests may deliver rows of one table.

    ``constants`` are columns with the same value in every row (endpoint, snapshot id).
    ``on_reject(row, reason)`` is called for a row that does not fit the columns.
    ``composed``: texts are written in Unicode's normal form NFC, so that names which look the same are the same.
    """

    def __init__(
        self,
        path: Path,
        columns: Columns,
        constants: dict[str, str] | None = None,
        on_reject: Callable[[Row, str], None] | None = None,
        *,
        composed: bool = False,
    ) -> None:
        self._composed = composed
        self._constants = constants or {}
        self._schema = arrow_schema(columns)
        head = pa.schema([(name, pa.string()) for name in self._constants])
        self._path, self._whole_schema = path, pa.unify_schemas([head, self._schema])
        # Opened with the first rows: most tables of a small estate are empty.
        self._writer: pq.ParquetWriter | None = None
        self._on_reject = on_reject
        self._pending: list[Row] = []
        self._linked = False
        self._lock = Lock()
        self.rows = 0

    def write(self, rows: Iterable[Row]) -> None:
        """Append rows; unknown keys are ignored, missing keys are NULL."""
        some: list[Row] = []
        try:
            for row in rows:
                if self._on_reject is not None and _is_long(row):
                    self._on_reject(_cut(row), f"a value is longer than {_LONGEST_VALUE:,} characters")
                    continue
                some.append(row)
                if len(some) >= _SOME_ROWS:
                    self._take(some)
                    some = []
        finally:
            # Those before a row that cannot be made are good.
            self._take(some)

    def _take(self, rows: list[Row]) -> None:
        with self._lock:
            self._pending += rows
            if len(self._pending) >= _FLUSH_ROWS:
                full, self._pending = self._pending, []
                self._flush(full)

    def take_over(self, file: Path, but: Collection[int]) -> None:
        """Begin with the rows of another file of this table, except those whose ``id`` is in ``but``.

        Without exceptions the file is linked, with its constants; then no rows may be written.
        """
        with self._lock:
            if not but:
                try:
                    os.link(file, self._path)
                except OSError:
                    shutil.copyfile(file, self._path)
                self.rows, self._linked = pq.read_metadata(file).num_rows, True
                return
            with pq.ParquetFile(file) as source:
                for batch in source.iter_batches(_FLUSH_ROWS, columns=self._schema.names):
                    part = pa.Table.from_batches([batch])
                    known = pc.is_in(part["id"], value_set=pa.array(sorted(but), pa.int64()))
                    self._write(part.filter(pc.invert(known)))

    @property
    def pending(self) -> int:
        """Rows taken but not yet in the file."""
        return len(self._pending)

    def close(self) -> None:
        """Write what is pending and the file's footer."""
        with self._lock:
            self._flush(self._pending)
            self._pending = []
            if self._linked:
                return
            if self._writer is None:
                self._path.write_bytes(_without_rows(self._whole_schema))
            else:
                self._writer.close()

    def _flush(self, rows: list[Row]) -> None:
        if not rows:
            return
        try:
            table = pa.Table.from_pylist(rows, schema=self._schema)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            rows = [row for row in rows if self._fits(row)]
            table = pa.Table.from_pylist(rows, schema=self._schema)
        self._write(_composed(table) if self._composed else table)

    def _write(self, table: pa.Table) -> None:
        for position, (name, value) in enumerate(self._constants.items()):
            column = pa.repeat(pa.scalar(value, pa.string()), len(table))
            table = table.add_column(position, pa.field(name, pa.string()), column)
        if self._writer is None:
            self._writer = _open(self._path, self._whole_schema)
        self._writer.write_table(table)
        self.rows += len(table)

    def _fits(self, row: Row) -> bool:
        try:
            pa.Table.from_pylist([row], schema=self._schema)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            if self._on_reject is None:
                raise
            self._on_reject(row, f"a value does not fit its column: {error}")
            return False
        return True


def _composed(table: pa.Table) -> pa.Table:
    """The same texts in NFC, those in lists too."""
    for position, field in enumerate(table.schema):
        column = table.column(position)
        if pa.types.is_list(field.type) and pa.types.is_string(field.type.value_type):
            lists = column.combine_chunks()
            if _is_plain(lists.flatten()):
                continue
            texts = [one and [text and normalize("NFC", text) for text in one] for one in lists.to_pylist()]
            table = table.set_column(position, field, pa.array(texts, field.type))
        elif pa.types.is_string(field.type) and not _is_plain(column):
            table = table.set_column(position, field, pc.utf8_normalize(column, form="NFC"))
    return table


def _is_plain(texts: Any) -> bool:
    """Whether there are only ASCII characters in these."""
    return bool(pc.all(pc.string_is_ascii(texts), min_count=0).as_py())


def _is_long(row: Row) -> bool:
    for value in row.values():  # noqa: SIM110 (a generator per row takes three times as long)
        if value.__class__ in _SIZED and len(value) > _LONGEST_VALUE:
            return True
    return False


def _cut(row: Row) -> Row:
    return {name: value[:100] if value.__class__ in _SIZED else value for name, value in row.items()}


def write_parquet(path: Path, columns: Columns, rows: Iterable[Row]) -> int:
    """Write all rows to one file; returns their number."""
    writer = TableWriter(path, columns)
    writer.write(rows)
    writer.close()
    return writer.rows
