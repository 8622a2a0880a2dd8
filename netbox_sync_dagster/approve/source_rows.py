"""What the source shows for a row of a diff: the rows of the desired tables that it follows from.

A file of ``sql/evidence`` finds them, for each resource whose key is not that of its desired table.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netbox_sync_dagster.compare.causes import sentence_of
from netbox_sync_dagster.config.resources import PREREQUISITES
from netbox_sync_dagster.lazy import lazy_module
from netbox_sync_dagster.sqlfiles import read_macros, read_sql, sql_root
from netbox_sync_dagster.storage.connections import quoted
from netbox_sync_dagster.storage.tables import CAUSE_COLUMNS

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = lazy_module("duckdb")

# A role may be that of thousands of devices.
_SHOWN = 20
_FILE_OF = {
    **{name: "prerequisites" for name in PREREQUISITES if name not in ("tags", "custom_fields")},
    **dict.fromkeys(("virtual_chassis_members", "virtual_chassis_masters"), "virtual_chassis"),
}
# The files of sql/evidence that use macros, and which.
_MACROS = {"prerequisites": "texts", "prefixes": "addresses"}
_TABLE = re.compile(r"(?<!')\bdesired\.(\w+)\b(?!')")
_PARAMETER = re.compile(r"\$(\w+)")
# Of no use to a reader: the row itself says them.
_LEFT_OUT = ("endpoint", "key", "diff_id")


class About(NamedTuple):
    """A row of a diff, as far as it says what the source shows for it."""

    resource: str
    key: str
    parent: str | None
    object_type: str


@dataclass(frozen=True)
class SourceRow:
    """One row of a desired table: ``table`` is its name, ``values`` (column, value) without the columns that are null.
    A cause among the values is its sentence."""

    table: str
    values: list[tuple[str, str]]


@dataclass(frozen=True)
class SourceRows:
    """The first rows that the source shows for a row of a diff, and how many there are."""

    rows: list[SourceRow]
    number: int

    @property
    def more(self) -> int:
        """How many are left out."""
        return self.number - len(self.rows)


def source_rows(con: duckdb.DuckDBPyConnection, plan: Path | None, row: About) -> SourceRows | None:
    """What the source shows for this row; None where the plan does not say: one that reverts an apply, or a diff of an
    older version.

    ``plan``: its folder; None: the schema ``desired`` of the connection, which has the macros then.
    """
    name = _FILE_OF.get(row.resource, row.resource)
    if not (sql_root() / "evidence" / f"{name}.sql").is_file():
        name = "keyed"
    sql = read_sql(f"evidence/{name}.sql").replace("{resource}", row.resource)
    if plan is not None:
        if not all((plan / "desired" / f"{table}.parquet").is_file() for table in _TABLE.findall(sql)):
            return None
        sql = _TABLE.sub(lambda found: f"read_parquet('{quoted(plan)}/desired/{found[1]}.parquet')", sql)
        if name in _MACROS:
            macros = read_macros(_MACROS[name])
            con.execute(macros.replace("create or replace macro", "create or replace temp macro"))
    given = row._asdict()
    try:
        found = con.execute(
            f"SELECT origin, content, count(*) OVER () FROM ({sql}) ORDER BY place, origin, content LIMIT {_SHOWN}",
            {parameter: given[parameter] for parameter in set(_PARAMETER.findall(sql))},
        ).fetchall()
    except duckdb.BinderException:
        # A column that the diff's version did not have.
        if plan is None:
            raise
        return None
    rows = [SourceRow(origin.partition(".")[2], _values(json.loads(text))) for origin, text, _ in found]
    return SourceRows(rows, found[0][2] if found else 0)


def _values(content: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, _text(name, value))
        for name, value in content.items()
        if value is not None and name not in _LEFT_OUT
    ]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return (sentence_of(value) or "") if name in CAUSE_COLUMNS else value
