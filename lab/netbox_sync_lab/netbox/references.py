"""References in request bodies: a numeric id, or attributes that name exactly one object."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .schema import Row
from .store import Store


class ReferenceError_(Exception):
    """An invalid reference, or one that names no object or several; the text is NetBox's."""


def resolve(store: Store, label: str, value: Any, may_view: Callable[[str, Row], bool]) -> int | None:
    """The id of the object meant by ``value``. Raises ReferenceError_.

    By attributes only objects are found that the user may view; an id is taken from anybody.
    """
    if value is None:
        return None
    if isinstance(value, dict):
        return _by_attributes(store, label, value, None if list(value) == ["id"] else may_view)
    try:
        pk = int(value)
    except (TypeError, ValueError):
        raise ReferenceError_(
            "Related objects must be referenced by numeric ID or by dictionary of attributes. Received an "
            f"unrecognized value: {value}"
        ) from None
    if store.get(label, pk) is None:
        raise ReferenceError_(f"Related object not found using the provided numeric ID: {pk}")
    return pk


def _flatten(attrs: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in attrs.items():
        if isinstance(value, dict):
            out.update(_flatten(value, f"{prefix}{key}__"))
        else:
            out[prefix + key] = value
    return out


def _by_attributes(
    store: Store, label: str, attrs: dict[str, Any], may_view: Callable[[str, Row], bool] | None
) -> int:
    params = _flatten(attrs)
    rows = (r for r in _candidates(store, label, params) if may_view is None or may_view(label, r))
    found = [r["id"] for r in rows if _matches(store, label, r, params)]
    if not found:
        raise ReferenceError_(f"Related object not found using the provided attributes: {params}")
    if len(found) > 1:
        raise ReferenceError_(f"Multiple objects match the provided attributes: {params}")
    return int(found[0])


def _candidates(store: Store, label: str, params: dict[str, Any]) -> Iterable[Row]:
    for column in ("name", "slug"):
        if column in params:
            return store.referring_rows(label, f"@{column}", params[column])
    if "id" in params:
        row = store.get(label, params["id"]) if isinstance(params["id"], int) else None
        return [] if row is None else [row]
    return list(store.rows(label))


def _matches(store: Store, label: str, row: Row, params: dict[str, Any]) -> bool:
    for path, wanted in params.items():
        current_label, current = label, row
        *steps, last = path.split("__")
        for step in steps:
            f = store.models[current_label].by_name.get(step)
            if f is None or f.kind != "fk":
                raise ReferenceError_(_unknown(store, current_label, step))
            target = store.get(f.model, current.get(step))
            if target is None:
                return False
            current_label, current = f.model, target
        f = store.models[current_label].by_name.get(last)
        if last != "pk" and (f is None or (not f.writable and last != "id")):
            raise ReferenceError_(_unknown(store, current_label, last))
        actual = current["id"] if last == "pk" else current.get(last)
        if actual != wanted and str(actual) != str(wanted):
            return False
    return True


def _unknown(store: Store, label: str, name: str) -> str:
    known = sorted(f.name for f in store.models[label].fields if f.writable or f.kind == "id")
    return f"Cannot resolve keyword '{name}' into field. Choices are: {', '.join(known)}"
