"""Reading request bodies the way NetBox's serializers do: same acceptance, same words in the refusal."""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any

from . import customfields
from .references import ReferenceError_, resolve
from .schema import OBJECT_TYPES, Field, Model, Row, ValidationFailed
from .session import Session
from .values import READERS, Refused, read_choice

MISSING = object()
_LABELS = frozenset(label for label, *_ in OBJECT_TYPES)


def read(
    session: Session, model: Model, fields: tuple[Field, ...], body: Any, old: Row | None, partial: bool
) -> Row:
    """Validate one object's body field by field. Returns the columns to set; raises ValidationFailed."""
    if not isinstance(body, dict):
        raise ValidationFailed(
            {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(body).__name__}."]}
        )
    errors: dict[str, Any] = {}
    out: Row = {}
    for f in fields:
        if not f.writable:
            continue
        value = body.get(f.name, MISSING)
        try:
            if value is MISSING:
                if not partial and f.required:
                    raise Refused("This field is required.")
                continue
            parsed = read_value(session, f, value, old)
            _check_unique(session, model, f, parsed, old)
            out[_column(f)] = parsed
        except Refused as refusal:
            errors[f.name] = refusal.messages
        except ReferenceError_ as refusal:
            errors[f.name] = [str(refusal)]
    if errors:
        raise ValidationFailed(errors)
    return out


def _column(f: Field) -> str:
    return "custom_field_data" if f.kind == "custom_fields" else f.name


def _check_unique(session: Session, model: Model, f: Field, value: Any, old: Row | None) -> None:
    """Uniqueness of a single field, which the serializer checks before the model's own rules."""
    if not f.unique or value is None:
        return
    probe: Row = {"id": old["id"] if old is not None else None, f.name: value}
    for i, rule in enumerate(model.unique):
        if (
            rule.field_level
            and rule.columns == (f.name,)
            and session.store.collision(model, i, probe) is not None
        ):
            raise Refused(rule.message or f"{model.verbose} with this {f.verbose} already exists.")


def read_value(session: Session, f: Field, value: Any, old: Row | None = None) -> Any:
    if f.kind == "choice":
        return read_choice(f, value, session.version)
    if value is None:
        if f.null:
            return None
        raise Refused("This field may not be null.")
    reader = READERS.get(f.kind)
    if reader is not None:
        return reader(f, value)
    if f.kind == "fk":
        return resolve(session.store, f.model, value, session.may_view)
    if f.kind == "m2m":
        return _many(session, f, value)
    if f.kind == "tags":
        return read_tags(session, value)
    if f.kind == "custom_fields":
        return customfields.read(session, old, value, Refused)
    if f.kind == "terminations":
        return _terminations(session, value)
    if f.kind == "content_type":
        return _content_type(session, f, value)
    if f.kind == "content_types":
        if not isinstance(value, list):
            raise Refused(f'Expected a list of items but got type "{type(value).__name__}".')
        return [_content_type(session, f, v) for v in value]
    raise AssertionError(f"no reader for {f.kind}")


def _many(session: Session, f: Field, value: Any) -> list[int]:
    if not isinstance(value, list):
        raise Refused(f'Expected a list of items but got type "{type(value).__name__}".')
    out: list[int] = []
    for item in value:
        if (
            isinstance(item, bool)
            or not isinstance(item, str | int | float)
            or (isinstance(item, float) and not math.isfinite(item))
        ):
            raise Refused(f"Incorrect type. Expected pk value, received {type(item).__name__}.")
        try:
            pk = int(item)
        except ValueError:
            raise Refused(f"Incorrect type. Expected pk value, received {type(item).__name__}.") from None
        if session.store.get(f.model, pk) is None:
            raise Refused(f'Invalid pk "{item}" - object does not exist.')
        if pk not in out:
            out.append(pk)
    return out


def read_tags(session: Session, value: Any) -> list[int]:
    if not isinstance(value, list):
        refusal = Refused()
        refusal.messages = {
            "non_field_errors": [f'Expected a list of items but got type "{type(value).__name__}".']
        }
        raise refusal
    out: list[int] = []
    for item in value:
        pk = resolve(session.store, "extras.tag", item, session.may_view)
        if pk is not None and pk not in out:
            out.append(pk)
    return out


def _content_type(session: Session, f: Field, value: Any) -> str:
    parts = value.split(".") if isinstance(value, str) else ()
    if len(parts) != 2:
        raise Refused("Invalid value. Specify a content type as '<app_label>.<model_name>'.")
    known: Container[str] = f.allowed or _LABELS
    if value not in known or (f.kind == "content_type" and value not in session.store.models):
        raise Refused(f"Invalid content type: {value}")
    return str(value)


def _terminations(session: Session, value: Any) -> list[tuple[str, int]]:
    if not isinstance(value, list):
        raise Refused(f'Expected a list of items but got type "{type(value).__name__}".')
    out = []
    for item in value:
        if not isinstance(item, dict) or "object_type" not in item or "object_id" not in item:
            raise Refused("A termination is an object with object_type and object_id.")
        kind, pk = item["object_type"], item["object_id"]
        if kind != "dcim.interface":
            raise Refused(f"Invalid content type: {kind}")
        if not isinstance(pk, int) or session.store.get(kind, pk) is None:
            raise Refused(f"Related object not found using the provided numeric ID: {pk}")
        out.append((kind, pk))
    return out
