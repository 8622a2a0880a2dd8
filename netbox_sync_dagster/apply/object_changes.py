"""Finds the ObjectChange ids of an apply's writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from netbox_sync_dagster.apply.changelog import Changelog, Entry
from netbox_sync_dagster.apply.changes import Verdict
from netbox_sync_dagster.apply.client import moment_of
from netbox_sync_dagster.server_errors import ServerError

# The maximum number of changelog entries read for an apply, including those of others meanwhile.
_ENTRIES_PER_OBJECT = 3
_ENTRIES_OF_OTHERS = 1000
_JUST_BEFORE = timedelta(seconds=1)


def find_object_changes(
    changelog: Changelog, verdicts: Iterable[Verdict], object_type_of: Callable[[str], str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """({object_type, netbox_id, request_id, object_change_id} of what was applied, notes on what could not be read).

    ``object_type_of`` takes a change id; "" if it is not in this plan.
    """
    written: dict[str, set[tuple[int, str]]] = {}
    moments = []
    for verdict in verdicts:
        if verdict.verdict == "applied" and verdict.request_id and verdict.netbox_id:
            object_type = object_type_of(verdict.change_id)
            written.setdefault(object_type, set()).add((verdict.netbox_id, verdict.request_id))
            if verdict.last_updated:
                moments.append(moment_of(verdict.last_updated))
    found: dict[str, list[Entry]] = {}
    notes = []
    try:
        if moments:
            most = _ENTRIES_PER_OBJECT * sum(map(len, written.values())) + _ENTRIES_OF_OTHERS
            found = changelog.since(min(moments) - _JUST_BEFORE, most)
        for object_type, wanted in written.items():
            entries = found.setdefault(object_type, [])
            missing = wanted - {(entry.netbox_id, entry.request_id) for entry in entries}
            history = changelog.entries(object_type, {i for i, _ in missing}) or {}
            entries += [entry for more in history.values() for entry in more]
    except ServerError as error:
        notes.append(f"NetBox's changelog could not be read for the ledger: {error}")
    rows = [
        {
            "object_type": object_type,
            "netbox_id": entry.netbox_id,
            "request_id": entry.request_id,
            "object_change_id": entry.object_change_id,
        }
        for object_type, wanted in written.items()
        for entry in found.get(object_type, [])
        if (entry.netbox_id, entry.request_id) in wanted
    ]
    return rows, notes
