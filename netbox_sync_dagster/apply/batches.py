"""Changes that travel together, and how NetBox's answer to a batch is told apart by change."""

from __future__ import annotations

from dataclasses import dataclass

from netbox_sync_dagster.apply.changes import Item
from netbox_sync_dagster.apply.client import Answer, Object, message_of
from netbox_sync_dagster.apply.natural_keys import NATURAL_KEYS


@dataclass(frozen=True)
class Batch:
    """Changes of one object type and action that travel in one request."""

    items: list[Item]
    attempt: int = 1

    @property
    def head(self) -> Item:
        """Any of them: object type and action are the same in all."""
        return self.items[0]

    def halves(self, attempt: int) -> list[Batch]:
        """Two batches of half the size, or this one."""
        if len(self.items) == 1:
            return [Batch(self.items, attempt)]
        middle = len(self.items) // 2
        return [Batch(self.items[:middle], attempt), Batch(self.items[middle:], attempt)]


@dataclass(frozen=True)
class Refused:
    """A change that NetBox refused, or would, with the reason, and that may pass when others are through."""

    item: Item
    message: str
    operation: str | None
    verdict: str = "failed"


def answered(batch: Batch, rows: list[Object]) -> dict[str, Object]:
    """The object of NetBox's answer for each change, by change id; without those that it does not show."""
    if batch.head.action == "update":
        by_id = {row["id"]: row for row in rows}
        return {item.change_id: by_id[item.netbox_id] for item in batch.items if item.netbox_id in by_id}
    key = NATURAL_KEYS.get(batch.head.object_type)
    # Creates are answered in the order in which they were sent; the key is the proof where there is one.
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


def named_errors(answer: Answer, count: int) -> dict[int, str]:
    """NetBox's message by position in the request, where the answer says positions; otherwise empty."""
    content = answer.content
    if isinstance(content, list) and len(content) == count:
        return {index: message_of(error) for index, error in enumerate(content) if error}
    if isinstance(content, dict) and isinstance(content.get("errors"), list):
        named = {}
        for error in content["errors"]:
            if isinstance(error, dict) and isinstance(error.get("index"), int) and error["index"] < count:
                named[error["index"]] = message_of(error.get("errors"))
        return named
    return {}
