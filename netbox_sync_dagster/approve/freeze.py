"""Freezing applies: during an incident nothing is written to NetBox, whoever asks, until someone lifts the freeze."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from netbox_sync_dagster.approve.people import Actor
from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.ledger import append_lines, ledger_files, month_file, read_lines


class Frozen(ApprovalError):
    """Applies are frozen; the sentence says by whom, since when and why."""


@dataclass(frozen=True)
class Freeze:
    """Who froze applies, when (UTC), and why."""

    who: str
    at: datetime
    message: str

    @property
    def sentence(self) -> str:
        """What everyone reads."""
        return f"{self.who} froze all applies on {self.at:%Y-%m-%d %H:%M} UTC: {self.message}"


def freeze(warehouse: Warehouse, message: str, *, by: Actor) -> None:
    """Freeze applies; recorded in the ledger. Raises ApprovalError without a message."""
    if not message.strip():
        raise ApprovalError("a freeze needs a message that says why")
    _record(warehouse, message, by, is_frozen=True)


def unfreeze(warehouse: Warehouse, message: str, *, by: Actor) -> None:
    """Lift the freeze; recorded in the ledger. Raises ApprovalError if nothing is frozen."""
    if frozen(warehouse) is None:
        raise ApprovalError("applies are not frozen")
    _record(warehouse, message, by, is_frozen=False)


def frozen(warehouse: Warehouse) -> Freeze | None:
    """The current freeze, or None."""
    for file in reversed(ledger_files(warehouse, _folder(warehouse))):
        lines = [line for line in read_lines(file) if line.get("kind") == "freeze"]
        if lines:
            last = lines[-1]
            if not last["frozen"]:
                return None
            return Freeze(last["who"], datetime.fromisoformat(last["at"]), last["message"])
    return None


def check_frozen(warehouse: Warehouse) -> None:
    """Raise Frozen if applies are frozen."""
    current = frozen(warehouse)
    if current is not None:
        raise Frozen(f"{current.sentence}; nothing was written. To lift it: netbox-sync unfreeze")


def _folder(warehouse: Warehouse) -> Path:
    return warehouse.ledger / "freezes" / "all"


def _record(warehouse: Warehouse, message: str, by: Actor, *, is_frozen: bool) -> None:
    line = {
        "kind": "freeze",
        "frozen": is_frozen,
        "message": message.strip(),
        "at": now().isoformat(),
        "who": by.name,
        "through": by.through,
        "by": by.to_json(),
    }
    append_lines(warehouse, month_file(warehouse, _folder(warehouse)), [line])
