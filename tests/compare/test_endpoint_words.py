"""The texts of a snapshot's columns: what an edit in NetBox must have in common with them to matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netbox_sync_dagster.compare.endpoint_words import texts_in

NAMED = pa.struct([("name", pa.string()), ("id", pa.int64())])


@pytest.mark.parametrize(
    ("kind", "values", "found"),
    [
        (pa.string(), ["sw1", None, "sw1"], {"sw1", None}),
        (pa.large_string(), ["sw1"], {"sw1"}),
        (pa.dictionary(pa.int32(), pa.string()), ["sw1", "sw2"], {"sw1", "sw2"}),
        (pa.list_(pa.string()), [["sw1", "sw2"], []], {"sw1", "sw2"}),
        (pa.list_(NAMED), [[{"name": "sw1", "id": 7}]], {"sw1"}),
        (pa.map_(pa.string(), pa.string()), [[("rack", "R1")]], {"rack", "R1"}),
        (pa.json_(), ['{"name":"sw1"}'], {'{"name":"sw1"}'}),
        (pa.int64(), [7], set()),
    ],
)
def test_texts_are_found_in_columns_of_every_kind(
    kind: pa.DataType, values: list[Any], found: set[str | None], tmp_path: Path
) -> None:
    pq.write_table(pa.table({"column": pa.array(values, kind)}), tmp_path / "table.parquet")
    column = pq.read_table(tmp_path / "table.parquet")["column"]
    assert {text for texts in texts_in(column) for text in texts.to_pylist()} == found
