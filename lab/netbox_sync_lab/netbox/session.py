"""One request's view of the store: saving, deleting, and the change log entries that go with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from .schema import Model, Row
from .store import Store


class Protected(Exception):
    """A delete refused because other objects depend on the object (NetBox answers 409)."""

    def __init__(self, dependents: list[tuple[Model, Row]], display: Any) -> None:
        names = ", ".join(f"{display(model.label, row)} ({row['id']})" for model, row in dependents)
        self.count = len(dependents)
        super().__init__(f"Unable to delete object. {len(dependents)} dependent objects were found: {names}")


def plain(value: Any) -> Any:
    """A column value as JSON would hold it in the change log."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def stamp(value: datetime) -> str:
    """A time as the REST API writes it."""
    return value.isoformat().replace("+00:00", "Z")


class Session:
    """What one request does to the store. ``user`` is the row of the acting user, ``version`` NetBox's."""

    def __init__(
        self,
        store: Store,
        user: Row,
        request_id: str,
        *,
        version: tuple[int, int],
        may_view: Callable[[str, Row], bool] = lambda label, row: True,
        may: Callable[[str, str], bool] = lambda label, action: True,
    ) -> None:
        self.store = store
        self.user = user
        self.request_id = request_id
        self.version = version
        self.changelog_message = version >= (4, 4)
        self.may_view = may_view
        self.may = may
        self.v2_tokens = version >= (4, 5)
        self.plaintext: str | None = None
        """Of the API token that this request created; kept nowhere else."""
        self.given: frozenset[str] = frozenset()
        """The fields that the request sets on the object at hand; empty for saves that follow from others."""

    def display(self, label: str, row: Row) -> str:
        model = self.store.models[label]
        if model.display is not None:
            return model.display(self.store, row)
        return str(row["name"])

    # Saving

    def save(
        self,
        label: str,
        row: Row,
        old: Row | None,
        message: str = "",
        shown: tuple[Row, Row] = ({}, {}),
    ) -> Row:
        """Insert or update a row with everything a model's save does. Returns the stored row.

        ``shown``: what the change log shows beside the row's columns, before and after.
        """
        model = self.store.models[label]
        row["tags"] = row.get("tags", [])
        if model.before_save is not None:
            model.before_save(self, row, old)
        row["last_updated"] = self.store.tick()
        if old is None:
            row.setdefault("created", row["last_updated"])
        self.store.put(label, row)
        self._log(model, "create" if old is None else "update", old, row, message, shown)
        if model.after_save is not None:
            model.after_save(self, row, old)
        return self.store.ref(label, row["id"])

    def update(self, label: str, pk: int, **columns: Any) -> None:
        """Change columns without being a save: no new ``last_updated``, no change log entry."""
        self.store.put(label, {**self.store.ref(label, pk), **columns})

    def resave(self, label: str, pk: int, **columns: Any) -> Row:
        """Load, change and save an object, as NetBox's signal handlers do with related objects."""
        given, self.given = self.given, frozenset()
        old = self.store.ref(label, pk)
        saved = self.save(label, {**old, **columns}, old)
        self.given = given
        return saved

    def touch(self, label: str, pk: int, before: Row, after: Row) -> None:
        """Save an object again, with a change of what the change log shows beside its columns."""
        given, self.given = self.given, frozenset()
        old = self.store.ref(label, pk)
        self.save(label, dict(old), old, shown=(before, after))
        self.given = given

    # Change log

    def snapshot(self, model: Model, row: Row) -> dict[str, Any]:
        """A row as the change log shows it: raw columns, tags by name."""
        out: dict[str, Any] = {}
        for f in model.fields:
            if not f.in_changelog or f.kind in ("id", "url", "display", "read_only", "generic", "datetime"):
                continue
            if f.kind == "tags":
                out["tags"] = sorted(self.store.ref("extras.tag", t)["name"] for t in row["tags"])
            elif f.kind == "custom_fields":
                out["custom_fields"] = dict(row["custom_field_data"])
            else:
                out[f.name] = plain(row.get(f.name))
        return out

    def _log(
        self,
        model: Model,
        action: str,
        old: Row | None,
        new: Row | None,
        message: str,
        shown: tuple[Row, Row] = ({}, {}),
    ) -> None:
        if not model.change_logged:
            return
        row = new if new is not None else old
        assert row is not None
        before = {**self.snapshot(model, old), **shown[0]} if old is not None else None
        after = {**self.snapshot(model, new), **shown[1]} if new is not None else None
        if action == "update" and before == after:
            return
        store = self.store
        pk = store.new_id("core.objectchange")
        store.put(
            "core.objectchange",
            {
                "id": pk,
                "time": store.tick(),
                "created": None,
                "last_updated": None,
                "tags": [],
                "custom_field_data": {},
                "user": self.user["id"],
                "user_name": self.user["username"],
                "request_id": self.request_id,
                "action": action,
                "changed_object_type": model.label,
                "changed_object_id": row["id"],
                "object_repr": self.display(model.label, row)[:200],
                "message": message if self.changelog_message else "",
                "prechange_data": before or {},
                "postchange_data": after or {},
            },
        )

    # Deleting

    def delete(self, label: str, pk: int, message: str = "") -> None:
        """Delete an object and its dependents. Raises Protected if something else depends on it."""
        model = self.store.models[label]
        if model.defer_delete is not None and model.defer_delete(self, self.store.ref(label, pk), message):
            return
        doomed = self._collect(label, pk)
        for model, row in reversed(doomed):
            if self.store.get(model.label, row["id"]) is not None:
                self._delete_one(model, row["id"], doomed, message if model.label == label else "")

    def note_delete(self, label: str, row: Row, message: str) -> None:
        """The change log entry of a delete."""
        self._log(self.store.models[label], "delete", row, None, message)

    def _collect(self, label: str, pk: int) -> list[tuple[Model, Row]]:
        """The object and everything that is deleted with it, dependents after what they depend on."""
        store, out, seen = self.store, [], set()
        blockers: dict[tuple[str, int], tuple[Model, Row]] = {}
        restricted: dict[tuple[str, int], tuple[Model, Row]] = {}
        todo = [(label, pk)]
        while todo:
            current, current_pk = todo.pop(0)
            if (current, current_pk) in seen:
                continue
            seen.add((current, current_pk))
            out.append((store.models[current], store.ref(current, current_pk)))
            for model, f in store.referrers[current]:
                if f.kind == "m2m":
                    continue
                for other in sorted(store.referring(model.label, f.name, current_pk)):
                    if f.on_delete == "cascade":
                        todo.append((model.label, other))
                    elif f.on_delete == "protect":
                        blockers[(model.label, other)] = (model, store.ref(model.label, other))
                    elif f.on_delete == "restrict":
                        restricted[(model.label, other)] = (model, store.ref(model.label, other))
            todo.extend((m, r["id"]) for m, r in self._owned(current, current_pk))
        if blockers:
            raise Protected(list(blockers.values()), self.display)
        remaining = [v for k, v in restricted.items() if k not in seen]
        if remaining:
            raise Protected(remaining, self.display)
        return out

    def _owned(self, label: str, pk: int) -> Iterable[tuple[str, Row]]:
        """Objects assigned to this one by type and id that are deleted with it."""
        for owned in self.store.models[label].owned_generics:
            column = (
                "scope_type" if "scope_type" in self.store.models[owned].by_name else "assigned_object_type"
            )
            for row in self.store.assigned(owned, column, label, pk):
                yield owned, row
        for owned, name in self.store.going_with:
            for row in self.store.assigned(owned, f"{name}_type", label, pk):
                yield owned, row
        for row in self.store.assigned("extras.journalentry", "assigned_object_type", label, pk):
            yield "extras.journalentry", row

    def _delete_one(self, model: Model, pk: int, doomed: list[tuple[Model, Row]], message: str) -> None:
        store = self.store
        going = {(m.label, r["id"]) for m, r in doomed}
        if model.before_delete is not None:
            model.before_delete(self, store.ref(model.label, pk))
        row = store.ref(model.label, pk)
        self._log(model, "delete", row, None, message)
        for other, f in store.referrers[model.label]:
            for other_pk in sorted(store.referring(other.label, f.name, pk)):
                if (other.label, other_pk) in going:
                    continue
                current = store.ref(other.label, other_pk)
                if f.kind == "m2m":
                    rest = [v for v in current[f.name] if v != pk]
                    changed = {**current, f.name: rest}
                    store.put(other.label, changed)
                    self._log(other, "update", current, changed, "")
                elif f.on_delete == "set_null":
                    if f.one_to_one or f.hidden_relation:
                        self.update(other.label, other_pk, **{f.name: None})
                    else:
                        self.resave(other.label, other_pk, **{f.name: None})
        if model.label == "extras.tag":
            for label in store.models:
                for other_pk in sorted(store.referring(label, "tags", pk)):
                    tagged = store.ref(label, other_pk)
                    self.update(label, other_pk, tags=[t for t in tagged["tags"] if t != pk])
        store.remove(model.label, pk)
        if model.after_delete is not None:
            model.after_delete(self, row)
