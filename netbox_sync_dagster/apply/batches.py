"""Batches of changes, and the assignment of NetBox's answer to the changes of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from netbox_sync_dagster.apply.changes import PendingWrite
from netbox_sync_dagster.apply.client import Answer, Object, message_of
from netbox_sync_dagster.apply.natural_keys import NATURAL_KEYS


@dataclass(frozen=True)
class Batch:
    """Changes of one object type and action that travel in one request."""

    items: list[PendingWrite]
    attempt: int = 1

    @property
    def head(self) -> PendingWrite:
        """Any change of the batch: object type and action are equal in all."""
        return self.items[0]

    @property
    def kind(self) -> tuple[str, str]:
        """Action and object type."""
        return self.head.action, self.head.object_type

    def parts(self, size: int) -> list[Batch]:
        """Batches of ``size`` changes at most."""
        return [Batch(self.items[at : at + size], self.attempt) for at in range(0, len(self.items), size)]

    def without(self, change_ids: set[str]) -> list[Batch]:
        """The batch without these changes; empty if none is left."""
        rest = [item for item in self.items if item.change_id not in change_ids]
        return [Batch(rest, self.attempt)] if rest else []

    def halves(self, attempt: int) -> list[Batch]:
        """Two batches of half the size, or this one."""
        if len(self.items) == 1:
            return [Batch(self.items, attempt)]
        middle = len(self.items) // 2
        return [Batch(self.items[:middle], attempt), Batch(self.items[middle:], attempt)]


@dataclass(frozen=True)
class DeferredRefusal:
    """A change that NetBox refused, or would refuse, with the reason; it may succeed after others."""

    item: PendingWrite
    message: str
    operation: str | None
    verdict: str = "failed"


def answered(batch: Batch, rows: list[Object]) -> dict[str, Object]:
    """The object of NetBox's answer for each change, by change id; without those that it does not show."""
    if batch.head.action == "update":
        by_id = {row["id"]: row for row in rows}
        return {item.change_id: by_id[item.netbox_id] for item in batch.items if item.netbox_id in by_id}
    key = NATURAL_KEYS.get(batch.head.object_type)
    # Creates are answered in the order in which they were sent; the key confirms it if there is one.
    if len(rows) == len(batch.items):
        pairs = list(zip(batch.items, rows, strict=True))
        if key is None or len(pairs) == 1 or all(key.matches(item.body, row) for item, row in pairs):
            return {item.change_id: row for item, row in pairs}
    found = {}
    for item in batch.items:
        matching = [row for row in rows if key is not None and key.matches(item.body, row)]
        if len(matching) == 1:
            found[item.change_id] = matching[0]
    return found


def named_errors(answer: Answer, items: list[PendingWrite]) -> dict[int, str]:
    """NetBox's message by position in the request, where the answer names objects; otherwise empty.

    Before 4.7 a refused POST is a list with one entry per object; from 4.7 on every refusal names the objects, new
    ones by position and others by id.
    """
    if isinstance(answer.content, list) and len(answer.content) == len(items) and items[0].action == "create":
        return {index: message_of(error) for index, error in enumerate(answer.content) if error}
    return {index: message_of(error) for index, error in _by_object(answer, items).items()}


def missing(answer: Answer, items: list[PendingWrite]) -> list[PendingWrite]:
    """The objects that NetBox (4.7 and newer) does not find, for which it refuses the whole request."""
    named = _by_object(answer, items)
    return [items[at] for at, error in named.items() if items[at].action != "create" and "id" in error]


def _by_object(answer: Answer, items: list[PendingWrite]) -> dict[int, Object]:
    errors = answer.content.get("errors") if isinstance(answer.content, dict) else None
    places = {item.netbox_id: at for at, item in enumerate(items) if item.netbox_id is not None}
    found = {}
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict) and isinstance(error.get("errors"), dict):
            at = places.get(error["id"]) if "id" in error else error.get("index")
            if isinstance(at, int) and at < len(items):
                found[at] = error["errors"]
    return found
