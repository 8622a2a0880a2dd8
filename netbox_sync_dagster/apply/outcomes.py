"""Finds out whether a request without an answer took effect, by reading NetBox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from netbox_sync_dagster.apply.changelog import ENTRY_DELAY, Changelog, Entry
from netbox_sync_dagster.apply.changes import PendingWrite
from netbox_sync_dagster.apply.client import NetBoxWriter, Object, moment_of, same_moment
from netbox_sync_dagster.apply.natural_keys import NATURAL_KEYS, differing, find_created


@dataclass(frozen=True)
class Outcome:
    """The outcome of one change in NetBox.

    ``state``: ``written``, ``absent`` (not written), ``moved`` (somebody else changed or removed the object)
    or ``unclear``. ``last_updated`` is None where another change may have followed ours.
    """

    state: str
    message: str = ""
    netbox_id: int | None = None
    last_updated: str | None = None
    request_id: str | None = None

    @property
    def absent(self) -> bool:
        """Whether it is certain that the change is not written."""
        return self.state == "absent"


class OutcomeResolver:
    """Reads NetBox to settle changes of one endpoint. Raises ServerError if NetBox cannot be read.

    ``maker(object type, id)`` is the change that is known to have made an object.
    """

    def __init__(
        self,
        netbox: NetBoxWriter,
        changelog: Changelog,
        message: Callable[[str], str],
        created_by: Callable[[str, int], str | None],
    ) -> None:
        self._netbox = netbox
        self._changelog = changelog
        self._message = message
        self._maker = created_by

    def settle(self, items: list[PendingWrite]) -> dict[str, Outcome]:
        """A finding for each change; all are of one object type and action."""
        if not items:
            return {}
        by_action = {"create": self._creates, "update": self._updates, "delete": self._deletes}
        return by_action[items[0].action](items[0].object_type, items)

    def _creates(self, object_type: str, items: list[PendingWrite]) -> dict[str, Outcome]:
        if object_type not in NATURAL_KEYS:
            text = f"whether NetBox created it cannot be read: {object_type} has no natural key"
            return {item.change_id: Outcome("unclear", text) for item in items}
        pairs = find_created(self._netbox, object_type, [item.body for item in items])
        candidates = {item.change_id: rows for item, (_, rows) in zip(items, pairs, strict=True)}
        ids = [row["id"] for rows in candidates.values() for row in rows]
        entries = self._evidence(object_type, ids)
        alone = self._written_once(object_type, ids) if entries is None else {}
        findings: dict[str, Outcome] = {}
        for item in items:
            # If only the content identifies an object, two changes with equal content never share one.
            others = {one.netbox_id for one in findings.values() if one.state == "written"}
            rows = candidates[item.change_id]
            if rows and entries is None:
                findings[item.change_id] = self._created_alike(item, rows, others, alone)
            else:
                findings[item.change_id] = self._created(item, rows, entries or {})
        return findings

    def _created_alike(
        self, item: PendingWrite, rows: list[Object], others: set[int | None], alone: dict[int, Entry]
    ) -> Outcome:
        for row in rows:
            makers = None, item.change_id
            if row["id"] in others or self._maker(item.object_type, row["id"]) not in makers:
                continue
            if not differing(item.body, row):
                return self._alike(row, alone)
        return self._unclear(item, rows)

    def _created(self, item: PendingWrite, rows: list[Object], entries: dict[int, list[Entry]]) -> Outcome:
        if not rows:
            return Outcome("absent")
        for row in rows:
            history = entries.get(row["id"], [])
            ours = self._ours(item, history)
            if ours is not None:
                return self._written(row, ours, history)
        return self._unclear(item, rows)

    @staticmethod
    def _unclear(item: PendingWrite, rows: list[Object]) -> Outcome:
        differs = differing(item.body, rows[0])
        return Outcome(
            "unclear",
            f"NetBox has an object under this key (id {rows[0]['id']}) that this apply may not have created"
            + (f"; it differs in {', '.join(differs)}" if differs else ""),
        )

    def _updates(self, object_type: str, items: list[PendingWrite]) -> dict[str, Outcome]:
        rows = self._netbox.by_ids(object_type, [item.netbox_id for item in items if item.netbox_id])
        moved = [
            item
            for item in items
            if item.netbox_id in rows
            and not same_moment(rows[item.netbox_id]["last_updated"], item.expected_last_updated)
        ]
        ids = [item.netbox_id for item in moved if item.netbox_id]
        entries = self._evidence(object_type, ids, moved)
        alone = self._written_once(object_type, ids, moved) if entries is None else {}
        findings = {}
        for item in items:
            row = rows.get(item.netbox_id or 0)
            if row is None:
                finding = Outcome("moved", "the object is gone from NetBox")
            elif item not in moved:
                finding = Outcome("absent")
            else:
                finding = self._updated(item, row, entries, alone)
            findings[item.change_id] = finding
        return findings

    def _updated(
        self, item: PendingWrite, row: Object, entries: dict[int, list[Entry]] | None, alone: dict[int, Entry]
    ) -> Outcome:
        history = entries.get(row["id"], []) if entries is not None else []
        ours = self._ours(item, history)
        if ours is not None:
            return self._written(row, ours, history)
        if entries is None and not differing(item.body, row):
            return self._alike(row, alone)
        return Outcome("moved", moved_message(item.expected_last_updated, row["last_updated"]))

    def _deletes(self, object_type: str, items: list[PendingWrite]) -> dict[str, Outcome]:
        ids = [item.netbox_id for item in items if item.netbox_id]
        rows = self._netbox.left(object_type, ids)
        entries = self._evidence(object_type, [i for i in ids if i not in rows]) or {}
        findings = {}
        for item in items:
            if item.netbox_id in rows:
                findings[item.change_id] = Outcome("absent")
            else:
                ours = self._ours(item, entries.get(item.netbox_id or 0, []))
                request = ours.request_id if ours else None
                findings[item.change_id] = Outcome("written", netbox_id=item.netbox_id, request_id=request)
        return findings

    def _evidence(
        self, object_type: str, ids: list[int], items: list[PendingWrite] | None = None
    ) -> dict[int, list[Entry]] | None:
        if not self._netbox.supports_changelog_message:
            return None
        guards = [item.expected_last_updated for item in items or () if item.expected_last_updated]
        since = min(guards, key=moment_of, default=None)
        return self._changelog.entries(object_type, ids, since) if ids else {}

    def _written_once(
        self, object_type: str, ids: list[int], items: list[PendingWrite] | None = None
    ) -> dict[int, Entry]:
        """The only changelog entry of each of these objects, besides the one that set an update's guard.

        Without messages in the changelog (before 4.4, or by choice), it still shows whether anything followed.
        """
        guards = {
            item.netbox_id: moment_of(item.expected_last_updated)
            for item in items or ()
            if item.expected_last_updated
        }
        found = {}
        for netbox_id, history in (self._changelog.entries(object_type, ids) or {} if ids else {}).items():
            guard = guards.get(netbox_id)
            later = [entry for entry in history if guard is None or entry.at - guard >= ENTRY_DELAY]
            if len(later) == 1:
                found[netbox_id] = later[0]
        return found

    @staticmethod
    def _alike(row: Object, alone: dict[int, Entry]) -> Outcome:
        """The object has the change's content; ``alone`` checks whether nothing else happened to it."""
        only = alone.get(row["id"])
        if only is None:
            return Outcome("written", netbox_id=row["id"])
        return Outcome(
            "written",
            netbox_id=row["id"],
            last_updated=row["last_updated"],
            request_id=only.request_id,
        )

    def _ours(self, item: PendingWrite, history: list[Entry]) -> Entry | None:
        message = self._message(item.change_id)
        return next((entry for entry in history if entry.message == message), None)

    @staticmethod
    def _written(row: Object, ours: Entry, history: list[Entry]) -> Outcome:
        newest = history[0].request_id == ours.request_id
        return Outcome(
            "written",
            netbox_id=row["id"],
            last_updated=row["last_updated"] if newest else None,
            request_id=ours.request_id,
        )


def moved_message(expected: str | None, found: str | None) -> str:
    """Why a change is stale."""
    return f"NetBox's object was changed since the diff (last_updated {found}, the diff saw {expected})"
