"""The columns of an object that is about to be created."""

from __future__ import annotations

import copy

from . import customfields
from .schema import Model, Row
from .session import Session


def blank(session: Session, model: Model) -> Row:
    """A new object's columns before the request's values: defaults and nulls."""
    row: Row = {"id": None, "tags": []}
    for f in (*model.fields, *model.hidden):
        if f.kind in ("m2m", "content_types", "terminations"):
            row[f.name] = []
        elif f.kind == "custom_fields":
            row["custom_field_data"] = customfields.defaults(session.store, model.label)
        elif f.stored and f.kind != "tags":
            row[f.name] = copy.copy(f.default)
    row.setdefault("custom_field_data", {})
    return row
