"""OPTIONS answers: what each field takes, as Django REST framework describes it."""

from __future__ import annotations

from typing import Any

from .auth import ACTIONS, Token
from .schema import Field, Model, choices_of
from .store import Store

_TYPES = {
    "id": "integer",
    "char": "string",
    "slug": "slug",
    "int": "integer",
    "generic_id": "integer",
    "decimal": "decimal",
    "bool": "boolean",
    "fk": "nested object",
    "datetime": "datetime",
    "timestamp": "datetime",
    "ip": "string",
    "prefix": "string",
    "mac": "string",
    "shortcut": "string",
}


def describe(
    store: Store,
    model: Model,
    fields: tuple[Field, ...],
    token: Token,
    *,
    version: tuple[int, int],
    detail: bool = False,
) -> dict[str, Any]:
    """The metadata of a list (POST, PUT) or of one object (PUT), as far as the token may send such requests.

    Without any, as for read-only models, there are no actions.
    """
    out: dict[str, Any] = {
        "name": f"{model.title} {'Instance' if detail else 'List'}",
        "description": "",
        "renders": ["application/json", "text/html"],
        "parses": ["application/json", "multipart/form-data"],
    }
    methods = [
        method
        for method in (("PUT",) if detail else ("PUT", "POST"))
        if token.write_enabled and token.allows(model.label, ACTIONS[method])
    ]
    if methods and not model.read_only:
        described = {f.name: _field(store, f, version) for f in fields}
        out["actions"] = {method: described for method in methods}  # noqa: C420
    return out


def _field(store: Store, f: Field, version: tuple[int, int]) -> dict[str, Any]:
    label = f.label or f.name.replace("_", " ")
    out: dict[str, Any] = {
        "type": _TYPES.get(f.kind, "field"),
        "required": f.required,
        "read_only": not f.writable,
        "label": label[:1].upper() + label[1:],
    }
    if f.max_length is not None:
        out["max_length"] = f.max_length
    if f.kind in ("int", "generic_id", "decimal"):
        for name, value in (("min_value", f.minimum), ("max_value", f.maximum)):
            if value is not None:
                out[name] = float(value) if f.kind == "decimal" else value
    if f.kind == "decimal":
        out |= {"max_digits": f.digits, "decimal_places": f.places}
    if f.kind == "choice":
        out["type"] = "choice" if f.nested == "value" else "field"
        out["choices"] = [{"value": v, "display_name": d} for v, d in choices_of(f.choices, version)]
    if f.kind == "fk" and f.nested != "id":
        target = store.models[f.model]
        if isinstance(f.nested, tuple):
            names: tuple[str, ...] = f.nested
        else:
            names = target.brief if f.nested == "brief" else target.nested_fields
        out["children"] = {
            c.name: {"type": _TYPES.get(c.kind, "field"), "read_only": not c.writable}
            for c in target.fields
            if c.name in names and c.counts is None
        }
    return out
