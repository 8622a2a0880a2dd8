"""Custom fields: which ones an object type has, how their values are read, checked and shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from .references import resolve
from .schema import Row, fail
from .session import Session
from .store import Store

URL_SCHEMES = (
    *("file", "ftp", "ftps", "http", "https", "irc", "mailto", "sftp", "ssh", "tel", "telnet", "tftp", "vnc"),
    "xmpp",
)
"""NetBox's default of ALLOWED_URL_SCHEMES."""
EMPTY: tuple[Any, ...] = (None, "", [])


def for_model(store: Store, label: str) -> list[Row]:
    """The custom fields of an object type that are active, in the order in which NetBox lists them."""
    return [
        cf
        for cf in store.ordered("extras.customfield", ("group_name", "weight", "name"))
        if label in cf["object_types"] and _status(cf) == "active"
    ]


def _status(cf: Row) -> str:
    return str(cf.get("status", "active"))


def status(store: Store, row: Row) -> Row:
    """As the REST API shows it (4.7)."""
    return {"value": _status(row), "label": _status(row).capitalize()}


def defaults(store: Store, label: str) -> dict[str, Any]:
    return {cf["name"]: cf["default"] for cf in for_model(store, label)}


def read(session: Session, old: Row | None, value: Any, refused: Callable[..., Exception]) -> dict[str, Any]:
    """The values a request gives, unchecked except for their form. Unknown names wait for :func:`check_names`."""
    if not isinstance(value, dict):
        raise refused(
            "Invalid data format. Custom field data must be passed as a dictionary mapping field names to their values."
        )
    return dict(value)


def merge(session: Session, label: str, old: Row | None, given: dict[str, Any]) -> dict[str, Any]:
    """The object's values after the request. Raises ReferenceError_ for an unknown related object."""
    fields = {cf["name"]: cf for cf in for_model(session.store, label)}
    out = dict(given)
    for name, value in given.items():
        cf = fields[name]
        if cf["type"] == "url" and isinstance(value, str) and value and session.version >= (4, 7):
            out[name] = with_scheme(value.strip())
        if cf["type"] not in ("object", "multiobject") or value in EMPTY:
            continue
        target = cf["related_object_type"]
        if cf["type"] == "object":
            out[name] = resolve(session.store, target, value, session.may_view)
        else:
            out[name] = [resolve(session.store, target, v, session.may_view) for v in value]
    return {**(old["custom_field_data"] if old is not None else {}), **out}


def with_scheme(text: str) -> str:
    """A URL as NetBox stores it from 4.7 on: ``https`` where it has no scheme."""
    if re.match(r"[A-Za-z][^/:]*:", text):
        return text
    return f"https:{text}" if text.startswith("//") else f"https://{text}"


def unknown(store: Store, label: str, given: dict[str, Any]) -> dict[str, str]:
    known = {cf["name"] for cf in for_model(store, label)}
    return {
        name: f"Custom field '{name}' does not exist for this object type."
        for name in sorted(set(given) - known)
    }


def clean(session: Session, label: str, row: Row) -> None:
    """Check every value. Raises ValidationFailed at the object (``__all__``), as NetBox does."""
    store = session.store
    fields = {cf["name"]: cf for cf in for_model(store, label)}
    values = {k: v for k, v in row["custom_field_data"].items() if k in fields}
    row["custom_field_data"] = values
    for name, value in values.items():
        cf = fields[name]
        problem = check_value(store, cf, value)
        if problem is None and cf["type"] == "url" and value and session.version >= (4, 7):
            problem = _check_scheme(value)
        if problem is not None:
            raise fail("__all__", f"Invalid value for custom field '{name}': {problem}")
        if cf["unique"] and value not in EMPTY:
            for other in store.rows(label):
                if other["id"] != row.get("id") and other["custom_field_data"].get(name) == value:
                    raise fail("__all__", f"Custom field '{name}' must have a unique value.")
    for cf in fields.values():
        if cf["required"] and cf["name"] not in values:
            raise fail("__all__", f"Missing required custom field '{cf['name']}'.")


def check_value(store: Store, cf: Row, value: Any) -> str | None:
    """What is wrong with a value, in NetBox's words, or None."""
    if value is None or value == "":
        return "Required field cannot be empty." if cf["required"] else None
    kind = cf["type"]
    if kind in ("text", "longtext", "url"):
        return _check_text(cf, value)
    if kind == "integer":
        return "Value must be an integer." if type(value) is not int else _check_limits(cf, value)
    if kind == "decimal":
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return "Value must be a decimal."
        return _check_limits(cf, number)
    if kind == "boolean":
        return None if value in (True, False) else "Value must be true or false."
    if kind == "date":
        return _check_iso(value, date.fromisoformat, "Date values must be in ISO 8601 format (YYYY-MM-DD).")
    if kind == "datetime":
        return _check_iso(
            value,
            datetime.fromisoformat,
            "Date and time values must be in ISO 8601 format (YYYY-MM-DD HH:MM:SS).",
        )
    return _check_choice_or_object(store, cf, value)


def _check_scheme(value: str) -> str | None:
    scheme = urlsplit(value).scheme
    return (
        None
        if not scheme or scheme in URL_SCHEMES
        else "URLs must use a scheme permitted by ALLOWED_URL_SCHEMES."
    )


def _check_text(cf: Row, value: Any) -> str | None:
    if not isinstance(value, str):
        return "Value must be a string."
    if cf["validation_regex"] and not re.match(cf["validation_regex"], value):
        return f"Value must match regex '{cf['validation_regex']}'"
    return None


def _check_limits(cf: Row, value: Any) -> str | None:
    if cf["validation_minimum"] is not None and value < cf["validation_minimum"]:
        return f"Value must be at least {cf['validation_minimum']}"
    if cf["validation_maximum"] is not None and value > cf["validation_maximum"]:
        return f"Value must not exceed {cf['validation_maximum']}"
    return None


def _check_iso(value: Any, parse: Callable[[str], Any], message: str) -> str | None:
    try:
        parse(value)
    except (ValueError, TypeError):
        return message
    return None


def _check_choice_or_object(store: Store, cf: Row, value: Any) -> str | None:
    kind = cf["type"]
    if kind in ("select", "multiselect"):
        choice_set = store.ref("extras.customfieldchoiceset", cf["choice_set"])
        known = {v for v, _ in choice_set["extra_choices"] or ()}
        if kind == "select" and value not in known:
            return f"Invalid choice ({value}) for choice set {choice_set['name']}."
        if kind == "multiselect" and not set(value) <= known:
            return f"Invalid choice(s) ({value}) for choice set {choice_set['name']}."
    elif kind == "object" and type(value) is not int:
        return f"Value must be an object ID, not {type(value).__name__}"
    elif kind == "multiobject":
        if not isinstance(value, list):
            return f"Value must be a list of object IDs, not {type(value).__name__}"
        for pk in value:
            if type(pk) is not int:
                return f"Found invalid object ID: {pk}"
    return None


# The custom fields themselves


def clean_custom_field(session: Session, row: Row, old: Row | None) -> None:
    """What a custom field's definition must satisfy."""
    if _status(row) != "active":
        raise fail(
            "__all__",
            f"Custom field '{row['name']}' cannot be modified while its stored data is being updated "
            f"(status: {_status(row)}).",
        )
    if not re.fullmatch(r"[A-Za-z0-9_]+", row["name"]):
        raise fail("name", "Only alphanumeric characters and underscores are allowed.")
    if "__" in row["name"]:
        raise fail("name", "Double underscores are not permitted in custom field names.")
    if row["type"] in ("select", "multiselect") and row["choice_set"] is None:
        raise fail("choice_set", "Selection fields must specify a set of choices.")
    if row["type"] in ("object", "multiobject") and not row["related_object_type"]:
        raise fail("related_object_type", "Object fields must define an object type.")
    problem = check_value(session.store, row, row["default"]) if row["default"] is not None else None
    if problem is not None:
        raise fail("default", f'Invalid default value "{row["default"]}": {problem}')


def clean_choice_set(session: Session, row: Row, old: Row | None) -> None:
    if not row["base_choices"] and not row["extra_choices"]:
        raise fail("__all__", "Must define base or extra choices.")
    seen = set()
    for value, _ in row["extra_choices"] or ():
        if value in seen:
            raise fail("__all__", f"Duplicate value '{value}' found in extra choices.")
        seen.add(value)


def fill_in(session: Session, row: Row, old: Row | None) -> None:
    """Adds a new field with a default to every object of its types at once, and removes it from object types that it
    no longer has."""
    before = set(old["object_types"]) if old is not None else set()
    new = set(row["object_types"]) - before
    if row["default"] is not None and _in_background(session, new):
        session.update("extras.customfield", row["id"], status="provisioning")
    else:
        _fill(session, row, new)
    take_out(session, {**row, "object_types": before - set(row["object_types"])})


def _fill(session: Session, row: Row, labels: Iterable[str]) -> None:
    for label in labels:
        if label not in session.store.models or row["default"] is None:
            continue
        for other in list(session.store.rows(label)):
            data = {**other["custom_field_data"], row["name"]: row["default"]}
            session.update(label, other["id"], custom_field_data=data)


def _in_background(session: Session, labels: Iterable[str]) -> bool:
    """From 4.7 on, a job is left to rewrite the values of more objects than one statement does."""
    store = session.store
    objects = sum(len(list(store.rows(label))) for label in labels if label in store.models)
    return session.version >= (4, 7) and objects > store.bulk_update_chunk_size


def defer_delete(session: Session, row: Row, message: str) -> bool:
    """Whether the field is only marked as being deleted, until :func:`run_jobs`."""
    if _status(row) == "deleting":
        return True
    if not _in_background(session, row["object_types"]):
        return False
    session.update("extras.customfield", row["id"], status="deleting")
    session.note_delete("extras.customfield", row, message)
    return True


def run_jobs(session: Session) -> None:
    """What NetBox's background worker does for fields that are not active."""
    for row in list(session.store.rows("extras.customfield")):
        if _status(row) == "provisioning":
            _fill(session, row, row["object_types"])
            session.update("extras.customfield", row["id"], status="active")
        elif _status(row) == "deleting":
            take_out(session, row)
            session.store.remove("extras.customfield", row["id"])


def take_out(session: Session, row: Row) -> None:
    """A deleted field disappears from every object without changing its ``last_updated``."""
    for label in row["object_types"]:
        if label not in session.store.models:
            continue
        for other in list(session.store.rows(label)):
            if row["name"] in other["custom_field_data"]:
                data = {k: v for k, v in other["custom_field_data"].items() if k != row["name"]}
                session.update(label, other["id"], custom_field_data=data)


def shown(store: Store, cf: Row, value: Any, *, labelled: bool) -> Any:
    """A stored value as the REST API shows it; GraphQL shows it as stored.

    ``labelled``: selections come with their label, as from 4.7.
    """
    if cf["type"] == "datetime" and isinstance(value, str):
        return datetime.fromisoformat(value).isoformat().replace("+00:00", "Z")
    if labelled and value is not None and cf["type"] in ("select", "multiselect"):
        labels = dict(store.ref("extras.customfieldchoiceset", cf["choice_set"])["extra_choices"] or ())
        if cf["type"] == "select":
            return {"value": value, "label": labels.get(value, value)}
        return [{"value": v, "label": labels.get(v, v)} for v in value]
    return value
