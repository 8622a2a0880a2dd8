"""What the current diff of an endpoint lacks: names without a NetBox object, and rows that a policy holds back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.storage import Warehouse, connections
from netbox_sync_dagster.text import visible

if TYPE_CHECKING:
    from netbox_sync_dagster.compare.plan import DiffRow

# The cause of a row whose source names something that NetBox does not have.
UNMAPPED = "unmapped"
_SHORT = 60
# The sections of mappings without which objects are not created, in words.
_WORDS = {
    "manufacturers": "manufacturer",
    "sites": "site",
    "roles": "role",
    "device_types": "device type",
    "module_types": "module type",
}


def rows_with_cause(warehouse: Warehouse, endpoint: str, cause: str) -> dict[str, int]:
    """{resource: rows of the current diff with this cause}, the most frequent first; none without a diff."""
    return dict(
        _read(
            warehouse,
            endpoint,
            "*.parquet",
            "SELECT resource, count(*) FROM read_parquet(?, union_by_name := true) WHERE cause = ? GROUP BY 1 ORDER BY 2 DESC, 1",
            cause,
        )
    )


def missing_names(warehouse: Warehouse, endpoint: str) -> str:
    """A sentence about the names without which objects are not created, the most frequent first, and what lists them;
    empty where there are none."""
    found = _read(
        warehouse,
        endpoint,
        "desired/unresolved.parquet",
        """SELECT section, count(word), sum(owners)::BIGINT FROM read_parquet(?)
           WHERE list_contains(string_split(?, ','), section) GROUP BY section ORDER BY 3 DESC, 1""",
        ",".join(_WORDS),
    )
    if not found:
        return ""
    parts = ", ".join(
        f"no {_WORDS[section]} for {owners}"
        + (f" ({words} name{'s' if words != 1 else ''})" if words else "")
        for section, words, owners in found
    )
    return f"{parts}; next: netbox-sync mappings {endpoint} --missing"


def unmapped_fields(row: DiffRow) -> Iterator[str]:
    """The fields of a row for which NetBox lacks the object that the source names, e.g. ``device type``."""
    subject = json.loads(row.subject or "{}")
    for cause in subject.get("causes", [{**subject, "cause": row.cause}]):
        if cause["cause"] == UNMAPPED:
            yield visible(cause.get("field", ""), _SHORT)


def _read(warehouse: Warehouse, endpoint: str, files: str, query: str, *values: str) -> list[tuple[Any, ...]]:
    try:
        folder = warehouse.current(warehouse.diffs(endpoint))
    except UserError:
        return []
    if not any(Path(folder).glob(files)):
        return []
    with closing(connections.reader()) as con:
        return con.execute(query, [f"{connections.pattern(Path(folder))}/{files}", *values]).fetchall()
