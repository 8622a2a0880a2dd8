"""The columns of every stored table: what a source must deliver and what SQL may rely on.

Types are DuckDB's. Every snapshot table begins with ``endpoint`` and ``snapshot_id``; the writer adds both,
sources deliver the rest. Column names are the source system's own (LibreNMS ``ifName``, Proxmox ``vmid``).
Units are the source's own too: LibreNMS ``ifSpeed`` in bit/s, Proxmox ``maxmem`` in bytes; conversion is
the comparison's work, in SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Columns = dict[str, str]


def _columns(text: str) -> Columns:
    """``"a:BIGINT b c:BOOLEAN"`` -> columns in that order; no type means VARCHAR."""
    pairs = (word.partition(":") for word in text.split())
    return {name: kind or "VARCHAR" for name, _, kind in pairs}


@dataclass(frozen=True)
class Table:
    """One stored table: its system (``librenms``, ``proxmox``, ``docker``, ``netbox``, ``diff``), name and columns."""

    system: str
    name: str
    columns: Columns


# Kept beside the rows of every snapshot:
# scopes: which parts of the snapshot were read completely. `scope` names the kind of part (see SCOPES in each
#   source), `scope_id` the part ('*' = all of it). No evidence, no delete: SQL reads this table before it
#   proposes any delete or clear. `unseen`: rows may be out of sight altogether; false where a row was seen and
#   could not be read, or a column is missing.
# rejected: rows a server sent that could not be taken, with the reason; secrets removed.
_COMMON = {
    "scopes": "scope scope_id complete:BOOLEAN unseen:BOOLEAN reason",
    "rejected": "source_table row_key reason row_json",
}
# How many rows each device, node, guest or container has, or the endpoint ('*'): what the next snapshot is measured by.
# `counted` says of what, for people. `rows` now; `baseline` in the last good snapshot; `peak` the most ever;
# `accepted`: somebody has said that the number is right (--accept-shrink), and it has not fallen since.
_COUNTS = {
    "row_counts": "source_table counted owner rows:BIGINT baseline:BIGINT peak:BIGINT accepted:BOOLEAN",
}
# The tables that hold no rows of a server, but what is known about them.
ABOUT_ROWS = (*_COMMON, *_COUNTS)


def tables_of(system: str, spec: Mapping[str, str], *, counted: bool = True) -> dict[str, Table]:
    """The tables of one system from ``{name: "column:TYPE column ..."}`` (no type means VARCHAR), and those that every
    snapshot has beside them; ``counted``: with the number of rows of each owner."""
    everything = {**spec, **_COMMON, **(_COUNTS if counted else {})}
    return {name: Table(system, name, _columns(text)) for name, text in everything.items()}
