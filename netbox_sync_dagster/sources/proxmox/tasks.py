"""Tasks of nodes: new ones are asked for, and those of the last snapshot are kept, because ended tasks do not change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from netbox_sync_dagster.sources.last_snapshot import LastSnapshot
from netbox_sync_dagster.sources.proxmox.nodes import task_row
from netbox_sync_dagster.sources.proxmox.reading import Reading
from netbox_sync_dagster.storage.parquet import Row

# The number of tasks of a node that are asked for and kept.
NEWEST = 500
# Tasks that began so long before the newest known one, and before the last snapshot, are asked for again. Of the two, one
# may have a date of a clock that was wrong.
_OVERLAP = timedelta(days=1)


class KnownTasks:
    """The tasks that the last snapshot holds, by node."""

    def __init__(self, last: LastSnapshot) -> None:
        started = last.whole_started
        self._read = None if started is None else started.astimezone(UTC).replace(tzinfo=None)
        self._of_node: dict[str, list[Row]] = defaultdict(list)
        for row in last.rows("tasks"):
            if row["starttime"] is not None:
                self._of_node[row["node"]].append(row)

    def parameters(self, node: str) -> dict[str, Any]:
        """What is asked for: the tasks since the newest known one or the last snapshot, and since the first one that had not
        ended."""
        found: dict[str, Any] = {"limit": NEWEST, "source": "all"}
        since = self._since(node)
        return found if since is None else found | {"since": int(since.replace(tzinfo=UTC).timestamp())}

    def kept(self, node: str, listed: Collection[str] | None) -> list[Row]:
        """The newest known tasks that were not asked for again. ``listed``: the UPIDs of the answer, None without one."""
        known = self._of_node.get(node, [])
        since = self._since(node)
        if listed is not None and since is not None:
            known = [row for row in known if row["starttime"] < since and row["upid"] not in listed]
        newest = sorted(known, key=lambda row: (row["starttime"], row["upid"]), reverse=True)
        return newest[: max(0, NEWEST - len(listed or ()))]

    def _since(self, node: str) -> datetime | None:
        known = self._of_node.get(node)
        if not known:
            return None
        running = [row["starttime"] for row in known if row["endtime"] is None]
        newest: datetime = max(row["starttime"] for row in known)
        before = newest if self._read is None else min(newest, self._read)
        return min([before - _OVERLAP, *running])


def add_tasks(reading: Reading, node: str, answer: Any, known: KnownTasks) -> None:
    """Write a node's tasks from the answer of ``/nodes/{node}/tasks`` (None without one), and the known ones before them."""
    listed = reading.items(answer, f"nodes/{node}/tasks", "tasks", node)
    reading.add("tasks", listed, lambda item: task_row(node, item), key="upid", scope="tasks", scope_id=node)
    if len(listed) >= NEWEST:
        reading.unknown("tasks", node, f"only the newest {NEWEST} tasks of node {node} are read")
    upids = None if answer is None else {str(item.get("upid")) for item in listed}
    reading.writer.rows("tasks", known.kept(node, upids))
