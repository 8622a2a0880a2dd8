"""Bulk operations on list endpoints: all or nothing, with the errors as each NetBox release tells them."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from .schema import Row, ValidationFailed
from .session import Protected
from .wire import Aborted, Answer, Refusal
from .write import Checked

if TYPE_CHECKING:
    from .rest import Handler

Errors = list[dict[str, Any]]
OUTSIDE = {"__all__": ["You do not have permission to perform this action on this object."]}


class Bulk:
    """Up to 4.6: creates name the bad objects by position (devices only the first), the rest only the first error."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.model = handler.model
        self.store = handler.store

    def create(self, body: list[Any]) -> Answer:
        handler = self.handler
        if self.model.sequential_create:
            rows = [handler.permitted(handler.save(handler.check(item, None))) for item in body]
        else:
            rows = [handler.permitted(handler.save(checked)) for checked in self._check_all(body)]
        return self.shown(201, [r["id"] for r in rows])

    def _check_all(self, body: list[Any]) -> list[Checked]:
        """All objects are validated before the first is saved, so they do not see each other."""
        checked: list[Checked] = []
        errors: list[Any] = []
        for item in body:
            try:
                checked.append(self.handler.check(item, None))
                errors.append({})
            except ValidationFailed as failed:
                errors.append(failed.detail)
        if any(errors):
            raise ValidationFailed(errors)
        return checked

    def update(self, body: Any, *, partial: bool) -> Answer:
        """Missing ids are skipped; of a repeated id the last counts."""
        handler, label = self.handler, self.model.label
        targets = self.targets(self._ids(body))
        bodies = {item["id"]: without_id(item) for item in body}
        for row in targets:
            data = bodies.get(row["id"])
            if data is None:
                raise ValidationFailed({"non_field_errors": ["No data provided"]})
            current = self.store.ref(label, row["id"])
            checked = handler.check(data, current, partial=partial)
            handler.check_etag(current)
            handler.permitted(handler.save(checked))
        return self.shown(200, [r["id"] for r in self.targets([r["id"] for r in targets])])

    def delete(self, body: Any) -> Answer:
        handler, label = self.handler, self.model.label
        targets = self.targets(self._ids(body))
        messages = {int(item["id"]): handler.delete_message(item) for item in body}
        for row in targets:
            current = self.store.get(label, row["id"])
            if current is not None:
                handler.check_etag(current)
                handler.session.delete(label, row["id"], messages[row["id"]])
        return Answer(204)

    def _ids(self, body: Any) -> list[int]:
        """The ids of a request. Raises ValidationFailed in the shape of the list check."""
        if not isinstance(body, list):
            kind = type(body).__name__
            raise ValidationFailed({"non_field_errors": [f'Expected a list of items but got type "{kind}".']})
        errors = [entry_errors(item) for item in body]
        if any(errors):
            raise ValidationFailed(errors)
        return [int(item["id"]) for item in body]

    def targets(self, ids: list[int]) -> list[Row]:
        """The objects that exist for this user, in the model's own order."""
        rows = [row for pk in dict.fromkeys(ids) if (row := self.found(pk)) is not None]
        self.store.sort(self.model.label, rows, self.model.ordering)
        return rows

    def found(self, pk: int) -> Row | None:
        """The object, where there is one that the user may change or delete."""
        row = self.store.get(self.model.label, pk)
        return row if row is not None and self.handler.permits(row) else None

    def shown(self, status: int, ids: list[int]) -> Answer:
        plan = self.handler.plan()
        return Answer(
            status, [self.handler.renderer.apply(plan, self.store.ref(self.model.label, pk)) for pk in ids]
        )


class BulkByObject(Bulk):
    """From 4.7: one object after the other; every error names the object's position or id."""

    def create(self, body: list[Any]) -> Answer:
        handler = self.handler
        made: list[int] = []
        errors: Errors = []
        for index, item in enumerate(body):
            try:
                row = handler.save(handler.check(item, None))
                if handler.permits(row):
                    made.append(row["id"])
                else:
                    errors.append({"index": index, "errors": OUTSIDE})
            except ValidationFailed as failed:
                errors.append({"index": index, "errors": failed.detail})
            except Aborted as aborted:
                errors.append({"index": index, "errors": aborted.of_object})
        refuse(errors, len(body), "could not be created", status=_status(errors))
        return self.shown(201, made)

    def update(self, body: Any, *, partial: bool) -> Answer:
        handler, label = self.handler, self.model.label
        ids = self._named(body)
        bodies = {pk: without_id(item) for pk, item in zip(ids, body, strict=True)}
        errors: Errors = []
        targets = self.targets(ids)
        for row in targets:
            current = self.store.ref(label, row["id"])
            try:
                checked = handler.check(bodies[row["id"]], current, partial=partial)
                handler.check_etag(current)
                if not handler.permits(handler.save(checked)):
                    errors.append({"id": row["id"], "errors": OUTSIDE})
            except ValidationFailed as failed:
                errors.append({"id": row["id"], "errors": failed.detail})
            except Aborted as aborted:
                errors.append({"id": row["id"], "errors": aborted.of_object})
        refuse(errors, len(targets), "could not be updated", status=_status(errors))
        return self.shown(200, [r["id"] for r in self.targets(ids)])

    def delete(self, body: Any) -> Answer:
        handler, label = self.handler, self.model.label
        ids = self._named(body)
        messages = {pk: handler.delete_message(item) for pk, item in zip(ids, body, strict=True)}
        errors: Errors = []
        targets = self.targets(ids)
        for row in targets:
            current = self.store.get(label, row["id"])
            if current is None:
                continue
            handler.check_etag(current)
            try:
                handler.session.delete(label, row["id"], messages[row["id"]])
            except Protected as protected:
                text = f"Unable to delete: {protected.count} dependent object(s) prevent deletion."
                errors.append({"id": row["id"], "errors": {"__all__": [text]}})
        refuse(errors, len(targets), "could not be deleted", status=409)
        return Answer(204)

    def _named(self, body: Any) -> list[int]:
        """The ids of a request: well-formed, each once, all of existing objects. Raises Refusal."""
        if not isinstance(body, list):
            what = f"got {type(body).__name__}" if body else "no data was submitted"
            raise Refusal(400, {"detail": f"Expected a list of objects, but {what}."})
        malformed = [{"index": i, "errors": e} for i, item in enumerate(body) if (e := entry_errors(item))]
        refuse(malformed, len(body), "failed validation")
        ids = [int(item["id"]) for item in body]
        repeated = [
            {
                "id": pk,
                "errors": {
                    "id": [f"Each object may be specified only once; ID {pk} is listed {count} times"]
                },
            }
            for pk, count in Counter(ids).items()
            if count > 1
        ]
        refuse(repeated, len(ids), "are listed more than once")
        missing = [
            {"id": pk, "errors": {"id": [f"Object with ID {pk} does not exist"]}}
            for pk in ids
            if self.found(pk) is None
        ]
        refuse(missing, len(ids), "could not be found")
        return ids


def _status(errors: Errors) -> int:
    """An object outside the constraints counts more than one that is not valid."""
    return 403 if any(e["errors"] is OUTSIDE for e in errors) else 400


def without_id(item: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in item.items() if k != "id"}


def entry_errors(item: Any) -> dict[str, list[str]] | list[str]:
    """What is wrong with one entry's id, before it is matched to an object."""
    if item is None:
        return ["This field may not be null."]
    if not isinstance(item, dict):
        return {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(item).__name__}."]}
    if "id" not in item:
        return {"id": ["This field is required."]}
    if item["id"] is None:
        return {"id": ["This field may not be null."]}
    if not re.fullmatch(r"[+-]?\d+", str(item["id"])):
        return {"id": ["A valid integer is required."]}
    return {}


def refuse(errors: Errors, total: int, what: str, *, status: int = 400) -> None:
    """End the request if there are errors, in the form of 4.7."""
    if errors:
        raise Refusal(status, {"detail": f"{len(errors)} of {total} objects {what}.", "errors": errors})
