"""Creating, changing and deleting objects: body in, checked and saved row out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from . import customfields
from .new_rows import blank
from .parse import read, read_tags
from .references import ReferenceError_
from .schema import Field, Model, Row, Unique, ValidationFailed, fail
from .session import Session
from .values import Refused
from .wire import Aborted


class Crash(Exception):
    """A request that makes a real NetBox fail with status 500. ``name`` is the exception it tells."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


@dataclass(slots=True)
class Checked:
    """An object that passed validation and is ready to be saved."""

    row: Row
    old: Row | None
    message: str
    given: frozenset[str]
    shortcuts: Row


def check(
    session: Session,
    model: Model,
    fields: tuple[Field, ...],
    body: Any,
    old: Row | None,
    *,
    partial: bool,
    tag_changes: bool,
) -> Checked:
    """Validate a create (``old`` None) or an update. Raises ValidationFailed with NetBox's error body."""
    data = read(session, model, fields, body, old, partial)
    label = model.label
    shortcuts = {f.name: data.pop(f.name) for f in fields if f.kind == "shortcut" and f.name in data}
    if "custom_field_data" in data:
        _custom_fields(session, label, old, data)
    add, remove = _tag_changes(session, body, data, old) if tag_changes else (None, None)
    if label == "extras.journalentry" and old is None:
        data.setdefault("created_by", session.user["id"])
    if model.validate is not None:
        given = {**data, **shortcuts}
        model.validate(session, given, old)
        data |= {name: value for name, value in given.items() if name not in shortcuts}
    row = {**old, **data} if old is not None else {**blank(session, model), **data}
    session.given = frozenset(data)
    _clean(session, model, row, old)
    if add is not None or remove is not None:
        kept = [t for t in row["tags"] if t not in (remove or ())]
        row["tags"] = kept + [t for t in add or () if t not in kept]
    _check_tags(session, label, row, old)
    message = body.get("changelog_message") or ""
    return Checked(row, old, str(message), frozenset(data), shortcuts)


def store_checked(session: Session, model: Model, checked: Checked) -> Row:
    """Save what :func:`check` returned. Raises IntegrityError when the database rules are broken."""
    session.given = checked.given
    if checked.old is None:
        checked.row["id"] = session.store.new_id(model.label)
        checked.row["created"] = session.store.tick()
    saved = session.save(model.label, checked.row, checked.old, checked.message)
    if model.after_write is None or not checked.shortcuts:
        return saved
    model.after_write(session, saved, checked.shortcuts)
    return session.store.ref(model.label, saved["id"])


def _custom_fields(session: Session, label: str, old: Row | None, data: Row) -> None:
    given = data["custom_field_data"]
    unknown = customfields.unknown(session.store, label, given)
    if unknown:
        raise ValidationFailed({"custom_fields": unknown})
    try:
        data["custom_field_data"] = customfields.merge(session, label, old, given)
    except ReferenceError_ as refusal:
        raise ValidationFailed({"custom_fields": [str(refusal)]}) from None


def _tag_changes(
    session: Session, body: dict[str, Any], data: Row, old: Row | None
) -> tuple[list[int] | None, list[int] | None]:
    """``add_tags`` and ``remove_tags`` of the request (NetBox 4.6 and later)."""
    try:
        add = read_tags(session, body["add_tags"]) if "add_tags" in body else None
        remove = read_tags(session, body["remove_tags"]) if "remove_tags" in body else None
    except ReferenceError_ as refusal:
        # NetBox does not catch this one.
        raise Crash("ValidationError", json.dumps([str(refusal)], ensure_ascii=False)) from None
    except Refused as refusal:
        raise ValidationFailed(refusal.messages) from None
    if data.get("tags") and (add or remove):
        raise ValidationFailed({"tags": ['Cannot specify "tags" together with "add_tags" or "remove_tags".']})
    if old is None and remove:
        raise ValidationFailed({"remove_tags": ['Cannot use "remove_tags" when creating a new object.']})
    both = [t for t in add or () if t in (remove or ())]
    if both:
        names = ", ".join(session.store.ref("extras.tag", t)["name"] for t in both)
        raise ValidationFailed(
            {"remove_tags": [f'Tags may not be present in both "add_tags" and "remove_tags": {names}']}
        )
    return add, remove


def _check_tags(session: Session, label: str, row: Row, old: Row | None) -> None:
    """A tag may be limited to some types of objects. Only tags that are added are looked at; the whole request is refused."""
    had = old["tags"] if old is not None else ()
    for pk in row["tags"]:
        tag = session.store.ref("extras.tag", pk)
        if pk not in had and tag["object_types"] and label not in tag["object_types"]:
            raise Aborted(f"Tag {tag['name']} cannot be assigned to {label.partition('.')[2]} objects.")


def _clean(session: Session, model: Model, row: Row, old: Row | None) -> None:
    """The model's own rules and the uniqueness rules; their refusals come together in one answer."""
    errors: dict[str, list[str]] = {}
    try:
        if "custom_fields" in model.by_name:
            customfields.clean(session, model.label, row)
        _clean_generic(session, model, row)
        if model.clean is not None:
            model.clean(session, row, old)
    except ValidationFailed as refusal:
        errors.update(refusal.detail)
    for i, rule in enumerate(model.unique):
        if rule.field_level or any(c in errors for c in rule.columns):
            continue
        if session.store.collision(model, i, row) is not None:
            errors.setdefault("__all__", []).append(_unique_message(model, rule))
    if errors:
        raise ValidationFailed(errors)


def _unique_message(model: Model, rule: Unique) -> str:
    if rule.message:
        return rule.message
    if rule.lower or rule.when_null:
        name = rule.name or f"{model.app}_{model.name}_unique_{'_'.join(rule.columns)}"
        return f"Constraint “{name}” is violated."
    labels = [model.by_name[c].verbose for c in rule.columns]
    labels = [label[:1].upper() + label[1:] for label in labels]
    joined = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"
    return f"{model.title} with this {joined} already exists."


def _clean_generic(session: Session, model: Model, row: Row) -> None:
    for prefix in ("assigned_object", "scope", *model.goes_with):
        if f"{prefix}_id" not in model.by_name:
            continue
        kind, pk = row[f"{prefix}_type"], row[f"{prefix}_id"]
        if kind is None and pk is not None:
            raise fail(f"{prefix}_type", "This field cannot be null.")
        if kind is not None and pk is None:
            raise fail(f"{prefix}_id", "This field cannot be null.")
        if kind is not None and session.store.get(kind, pk) is None:
            raise fail(f"{prefix}_id", f"Related object not found using the provided value: {pk}.")
