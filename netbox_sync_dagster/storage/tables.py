"""The tables of every system that is read, and the columns of a diff."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

from netbox_sync_dagster.columns import ABOUT_ROWS, Columns, Table
from netbox_sync_dagster.sources.base import Source
from netbox_sync_dagster.sources.netbox.tables import TABLES as NETBOX
from netbox_sync_dagster.sources.registry import sources

__all__ = [
    "ABOUT_ROWS",
    "ANY_FIELD_STRUCT",
    "CAUSE_COLUMNS",
    "DIFF_COLUMNS",
    "FIELD_STRUCT",
    "MAIN_TABLE",
    "NETBOX",
    "SENTENCES",
    "SENTENCE_COLUMNS",
    "SYSTEMS",
    "Columns",
    "Table",
    "table_without_rows",
]


_T = TypeVar("_T")


class _BySystem(Mapping[str, _T]):
    """A value per source and for NetBox, by kind. Loaded lazily: a source may import this package."""

    def __init__(self, of_source: Callable[[Source], _T], of_netbox: _T) -> None:
        self._of_source, self._of_netbox = of_source, of_netbox

    @cached_property
    def _all(self) -> dict[str, _T]:
        return {
            **{kind: self._of_source(source) for kind, source in sources().items()},
            "netbox": self._of_netbox,
        }

    def __getitem__(self, system: str) -> _T:
        return self._all[system]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


SYSTEMS: Mapping[str, dict[str, Table]] = _BySystem(lambda source: dict(source.tables), NETBOX)


def table_without_rows(system: str, name: str) -> str:
    """SQL that creates an empty table of a system's snapshot, in the schema with the system's name."""
    columns = ", ".join(f'"{column}" {kind}' for column, kind in SYSTEMS[system][name].columns.items())
    return f"CREATE TABLE {system}.{name} (endpoint VARCHAR, snapshot_id VARCHAR, {columns});"


# If this table is empty, the server showed nothing.
MAIN_TABLE: Mapping[str, str] = _BySystem(lambda source: source.main_table, "status")

# One file per resource and endpoint holds the diff; the rows of all resources have these columns.
# key is unique within resource and endpoint; parent is the device, VM or cluster it belongs to, for filters.
# object_type is the REST list endpoint ('dcim/interfaces'). An update of an object that another change of the
# same diff creates has netbox_id NULL and target: the reference to that change (see compare.values).
# before and after are JSON text in the notation of compare.values; decision is update, drifted or conflict.
# cause is the code of why a row or field is not written as usual (sql/causes.sql), subject what the cause is about, as
# JSON; reason is the sentence composed of both. questions is JSON, {field: {whole, cause}} with hashes of what the row
# (field "") and its fields ask, see sql/plan/questions.sql; NULL for a plain change. field_needs is
# JSON, {field: [fields]}: those of an update that NetBox takes only together with others of it. first_diff is the id of the diff that
# had this row first, without interruption since; the row's own diff if it is new.
FIELD_STRUCT = (
    "STRUCT(field VARCHAR, before VARCHAR, after VARCHAR, decision VARCHAR, reason VARCHAR, cause VARCHAR)[]"
)
# With the key that older versions had instead of decision. The views' own files have both, so that SQL can name both.
ANY_FIELD_STRUCT = FIELD_STRUCT.removesuffix(")[]") + ", verdict VARCHAR)[]"
DIFF_COLUMNS: Columns = {
    "endpoint": "VARCHAR",
    "diff_id": "VARCHAR",
    "change_id": "VARCHAR",
    "resource": "VARCHAR",
    "action": "VARCHAR",
    "key": "VARCHAR",
    "parent": "VARCHAR",
    "object_type": "VARCHAR",
    "netbox_id": "BIGINT",
    "target": "VARCHAR",
    "last_updated": "VARCHAR",
    "reason": "VARCHAR",
    "cause": "VARCHAR",
    "subject": "VARCHAR",
    "fields": FIELD_STRUCT,
    "depends_on": "VARCHAR[]",
    "questions": "VARCHAR",
    "field_needs": "VARCHAR",
    "first_diff": "VARCHAR",
}

# Columns of desired tables that hold causes.
CAUSE_COLUMNS = ("problem", "reason", "left_out", "not_imported", "hint", "what")
# Next to the desired tables: the sentences of their causes.
SENTENCES = "sentences"
SENTENCE_COLUMNS: Columns = {"endpoint": "VARCHAR", "text": "VARCHAR", "sentence": "VARCHAR"}
