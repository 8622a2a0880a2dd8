"""Checks whether objects changed since the diff, just before a write or after NetBox's refusal."""

from __future__ import annotations

from dataclasses import replace

from netbox_sync_dagster.apply.already import Already
from netbox_sync_dagster.apply.changelog import MODELS, Changelog, moved_only_by
from netbox_sync_dagster.apply.changes import PendingWrite, tag_changes, with_guard
from netbox_sync_dagster.apply.cleared_references import (
    CLUSTERS,
    DISKS,
    cleared,
    with_entered_sizes,
    with_former_sites,
)
from netbox_sync_dagster.apply.client import NetBoxWriter, Object, moment_of, same_moment
from netbox_sync_dagster.apply.delete_impact import held
from netbox_sync_dagster.apply.deleted_content import removed
from netbox_sync_dagster.apply.natural_keys import NATURAL_KEYS, NaturalKey, find_created
from netbox_sync_dagster.apply.outcomes import OutcomeResolver, moved_message
from netbox_sync_dagster.apply.state import ApplyState

Stale = list[tuple[PendingWrite, str]]
_OBJECT_TYPES = {model: object_type for object_type, model in MODELS.items()}


class StaleCheck:
    """Divides changes into those that may be sent and the stale ones, each with the reason.

    Raises ServerError where NetBox cannot be read.
    """

    def __init__(
        self,
        netbox: NetBoxWriter,
        changelog: Changelog,
        settler: OutcomeResolver,
        state: ApplyState,
        already: Already,
    ) -> None:
        self._already = already
        self._netbox = netbox
        self._changelog = changelog
        self._settler = settler
        self._state = state

    def before_sending(self, items: list[PendingWrite]) -> tuple[list[PendingWrite], Stale, Stale]:
        """The checks before a request: (changes that may be sent, stale changes, blocked changes).

        Creates that NetBox would accept twice: whether the object exists. Deletes: whether the object exists, as NetBox
        does not report a missing one, and whether it has dependents, which NetBox would delete too. Updates before 4.6:
        ``last_updated``, as there is no If-Match.
        """
        head = items[0]
        if head.action == "create":
            fresh, there = self._absent(head.object_type, items)
            return with_entered_sizes(self._netbox, fresh) if head.object_type == DISKS else fresh, there, []
        if head.action == "delete":
            return self._deletable(items)
        done = self._already.done(self._already.found(items))
        there = [(item, done[item.change_id].message) for item in items if item.change_id in done]
        items = [item for item in items if item.change_id not in done]
        if not self._netbox.supports_if_match and items:
            items, stale = self.recheck(items)
            there = stale + there
        if head.object_type == CLUSTERS:
            items = with_former_sites(self._netbox, items)
        return items, there, []

    def _deletable(self, items: list[PendingWrite]) -> tuple[list[PendingWrite], Stale, Stale]:
        object_type = items[0].object_type
        rows = self._netbox.by_ids(object_type, [i.netbox_id for i in items if i.netbox_id])
        fresh, stale = self._compare(items, rows)
        ids = {item.netbox_id for item in fresh}
        names = held(self._netbox, object_type, [row for row in rows.values() if row["id"] in ids])
        blocked = [(item, names[item.netbox_id]) for item in fresh if item.netbox_id in names]
        free = [item for item in fresh if item.netbox_id not in names]
        emptied = cleared(self._netbox, object_type, {item.netbox_id for item in free if item.netbox_id})
        found = [
            replace(
                item,
                removed=removed(item, rows[item.netbox_id or 0]),
                cleared=tuple(emptied.get(item.netbox_id or 0, ())),
            )
            for item in free
        ]
        return found, stale, blocked

    def _absent(self, object_type: str, items: list[PendingWrite]) -> tuple[list[PendingWrite], Stale]:
        key = NATURAL_KEYS.get(object_type)
        risky = [
            item
            for item in items
            if key is not None
            and (not key.unique(item.body) or self._already.creates(object_type))
            and not self._on_new_object(key, item)
        ]
        if not risky:
            return items, []
        pairs = zip(risky, find_created(self._netbox, object_type, [i.body for i in risky]), strict=True)
        there = {item.change_id: rows[0]["id"] for item, (_, rows) in pairs if rows}
        stale = [
            (item, f"NetBox has it already (id {there[item.change_id]}), created since the diff")
            for item in items
            if item.change_id in there
        ]
        return [item for item in items if item.change_id not in there], stale

    def _on_new_object(self, key: NaturalKey, item: PendingWrite) -> bool:
        """Whether the key names an object that this apply has just created: nothing can be assigned to it yet."""
        if not key.assigned or item.change_id in self._state.unconfirmed:
            return False
        object_type = _OBJECT_TYPES.get(str(item.body.get("assigned_object_type")))
        netbox_id = item.body.get("assigned_object_id")
        return (
            object_type is not None and netbox_id is not None and self._state.created(object_type, netbox_id)
        )

    def recheck(self, items: list[PendingWrite]) -> tuple[list[PendingWrite], Stale]:
        """Compare ``last_updated`` of updates and deletes with NetBox, in one list request.

        An object that only this apply's requests changed (a device loses its primary address when that is deleted) is
        not stale and gets the new ``last_updated``; NetBox's changelog is the evidence.
        """
        object_type = items[0].object_type
        fields = "id,created,last_updated,tags" if self._full_tags(items) else "id,created,last_updated"
        rows = self._netbox.by_ids(object_type, [i.netbox_id for i in items if i.netbox_id], fields)
        return self._compare(items, rows)

    def _compare(
        self, items: list[PendingWrite], rows: dict[int, Object]
    ) -> tuple[list[PendingWrite], Stale]:
        object_type = items[0].object_type
        moved = [
            item
            for item in items
            if item.netbox_id in rows
            and not same_moment(rows[item.netbox_id]["last_updated"], item.expected_last_updated)
        ]
        ours = self._moved_by_us(object_type, moved)
        fresh, stale = [], []
        for item in items:
            row = rows.get(item.netbox_id or 0)
            if row is None:
                stale.append((item, "the object is gone from NetBox"))
            elif item not in moved:
                fresh.append(self._complete(item, row))
            elif item.change_id in ours:
                fresh.append(self._complete(with_guard(item, row["last_updated"]), row))
            else:
                stale.append((item, moved_message(item.expected_last_updated, row["last_updated"])))
        return fresh, stale

    def _moved_by_us(self, object_type: str, moved: list[PendingWrite]) -> set[str]:
        own = self._state.own_requests()
        guards = [item.expected_last_updated for item in moved if item.expected_last_updated]
        if not own or not guards:
            return set()
        ids = [item.netbox_id for item in moved if item.netbox_id]
        entries = self._changelog.entries(object_type, ids, min(guards, key=moment_of))
        if entries is None:
            return set()
        return {
            item.change_id
            for item in moved
            if item.expected_last_updated
            and moved_only_by(entries.get(item.netbox_id or 0, []), own, item.expected_last_updated)
        }

    def _full_tags(self, items: list[PendingWrite]) -> bool:
        return not self._netbox.supports_if_match and any(
            f.name == "tags" for item in items for f in item.fields
        )

    def _complete(self, item: PendingWrite, row: Object) -> PendingWrite:
        """Before 4.6 an update of tags sends the whole list: the object's tags, with ours added and removed."""
        tags = next((f for f in item.fields if f.name == "tags"), None)
        if tags is None or item.action != "update" or self._netbox.supports_if_match:
            return item
        added, removed = tag_changes(tags)
        slugs = ({tag["slug"] for tag in row["tags"]} | set(added)) - set(removed)
        return replace(item, body={**item.body, "tags": [{"slug": slug} for slug in sorted(slugs)]})
