"""One journal entry per device or virtual machine that an apply touched."""

from __future__ import annotations

from collections import Counter, defaultdict
from threading import Lock

from netbox_sync_dagster.apply.changes import PendingWrite, Verdict
from netbox_sync_dagster.apply.client import NetBoxWriter, Object
from netbox_sync_dagster.compare.values import Value
from netbox_sync_dagster.server_errors import ServerError

Owner = tuple[str, int]

_ITSELF = {"dcim/devices": "dcim.device", "virtualization/virtual-machines": "virtualization.virtualmachine"}
_BY_FIELD = {"device": "dcim.device", "virtual_machine": "virtualization.virtualmachine"}
_BATCH = 50


class Journal:
    """Collects the applied changes per device and virtual machine. Thread-safe."""

    def __init__(self) -> None:
        self._counts: dict[Owner, Counter[str]] = defaultdict(Counter)
        self._deleted: set[Owner] = set()
        self._lock = Lock()

    def add(self, item: PendingWrite, verdict: Verdict, row: Object | None) -> None:
        """Add an applied change. ``row`` is NetBox's answer, if there was one."""
        owner = _owner(item, verdict, row)
        if owner is None:
            return
        with self._lock:
            if item.action == "delete" and item.object_type in _ITSELF:
                self._deleted.add(owner)
            self._counts[owner][f"{item.resource}.{item.action}"] += 1

    def send(self, netbox: NetBoxWriter, heading: str) -> tuple[list[Object], list[str]]:
        """Write the entries (``/api/extras/journal-entries/``): (what was written, a sentence per failed request)."""
        owners = [owner for owner in self._counts if owner not in self._deleted]
        bodies = [
            {
                "assigned_object_type": kind,
                "assigned_object_id": netbox_id,
                "kind": "info",
                "comments": f"{heading}: "
                + ", ".join(f"{name} {n}" for name, n in sorted(self._counts[kind, netbox_id].items())),
            }
            for kind, netbox_id in owners
        ]
        written: list[Object] = []
        notes = []
        for at in range(0, len(bodies), _BATCH):
            try:
                rows = netbox.add_journal_entries(bodies[at : at + _BATCH])
            except ServerError as error:
                notes.append(f"journal entries were not written: {error.what}")
                continue
            # An answer may omit fields: the sent values were written.
            names = ("assigned_object_type", "assigned_object_id", "comments")
            written += [
                {**{name: row.get(name, sent[name]) for name in names}, "journal_entry_id": row["id"]}
                for sent, row in zip(bodies[at : at + _BATCH], rows, strict=False)
            ]
        return written, notes


def _owner(item: PendingWrite, verdict: Verdict, row: Object | None) -> Owner | None:
    if item.object_type in _ITSELF:
        return (_ITSELF[item.object_type], verdict.netbox_id) if verdict.netbox_id else None
    holders: list[Object] = [row or {}]
    if isinstance((row or {}).get("assigned_object"), dict):
        holders.append((row or {})["assigned_object"])
    holders.append({f.name: _either(f.before, f.after) for f in item.fields})
    for holder in holders:
        for name, kind in _BY_FIELD.items():
            value = holder.get(name)
            if isinstance(value, dict) and "id" in value:
                return kind, int(value["id"])
    return None


def _either(before: Value, after: Value) -> Value:
    return after if after is not None else before
