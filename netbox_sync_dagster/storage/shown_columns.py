"""How the views show the columns of Parquet files: times as TIMESTAMPTZ, values as JSON, no name that SQL reserves."""

from __future__ import annotations

from dataclasses import dataclass, field

from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage.tables import FIELD_STRUCT, Columns

# Text columns with a time and its offset, as NetBox returns it.
_TIMES = ("last_updated", "creation_time", "snaptime", "start_time", "end_time")
_RENAMED = {"default": "default_value"}


@dataclass(frozen=True)
class Shown:
    """What follows ``*`` in a SELECT: expressions in place of columns, and new names. As text it is SQL."""

    replaced: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        replaced = ", ".join(f"{value} AS {name}" for name, value in self.replaced.items())
        renamed = ", ".join(f'"{name}" AS {new}' for name, new in self.renamed.items())
        return (f" REPLACE ({replaced})" if replaced else "") + (f" RENAME ({renamed})" if renamed else "")


def fields_of(table: str = "") -> str:
    """The column ``fields`` of a diff's files; ``table``: their alias in the query, if they have one."""
    return read_sql("views/fields.sql").replace("{of}", f"{table}." if table else "").rstrip()


def readable(columns: Columns, table: str = "") -> Shown:
    """How a view shows a file with these columns; ``table``: its alias in the query, if it has one.

    The files' TIMESTAMP columns are in UTC.
    """
    of = f"{table}." if table else ""
    shown = Shown(renamed={name: new for name, new in _RENAMED.items() if name in columns})
    for name, kind in columns.items():
        if kind == "TIMESTAMP":
            shown.replaced[name] = f"{of}{name} AT TIME ZONE 'UTC'"
        elif kind == "VARCHAR" and name in _TIMES:
            shown.replaced[name] = f"try_cast({of}{name} AS TIMESTAMPTZ)"
        elif kind == FIELD_STRUCT:
            shown.replaced[name] = fields_of(table)
    return shown
