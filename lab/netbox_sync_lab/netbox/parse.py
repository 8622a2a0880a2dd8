"""Reading request bodies the way NetBox's serializers do: same acceptance, same words in the refusal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_interface, ip_network
from typing import Any

from . import customfields
from .references import ReferenceError_, resolve
from .schema import OBJECT_TYPES, Field, Model, Row, ValidationFailed, choices_of
from .session import Session

MISSING = object()
_LABELS = frozenset(label for label, *_ in OBJECT_TYPES)
_SLUG = re.compile(r"^[-a-zA-Z0-9_]+\Z")
_MAC = re.compile(r"^[0-9A-F]{12}$")
_DNS = re.compile(r"^([0-9A-Za-z_-]+|\*)(\.[0-9A-Za-z_-]+)*\.?$")
_TRUE = {True, "true", "True", "TRUE", "t", "T", "1", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}
_FALSE = {False, "false", "False", "FALSE", "f", "F", "0", "n", "N", "no", "No", "NO", "off", "Off", "OFF"}
INTEGER = "A valid integer is required."
NUMBER = "A valid number is required."


class Refused(Exception):
    """One field's refusal; ``messages`` is the value under its name in the answer."""

    def __init__(self, *messages: Any) -> None:
        super().__init__(*messages)
        self.messages: Any = list(messages)


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
        return _choice(f, value, session.version)
    if value is None:
        if f.null:
            return None
        raise Refused("This field may not be null.")
    reader = _READERS.get(f.kind)
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


def _choice(f: Field, value: Any, version: tuple[int, int]) -> Any:
    if value is None:
        if f.null:
            return None
        value = ""
    if value == "":
        if f.blank:
            return None
        raise Refused("This field may not be blank.")
    if isinstance(value, dict | list):
        raise Refused('Value must be passed directly (e.g. "foo": 123); do not use a dictionary or list.')
    if isinstance(value, str):
        if value.lower() in ("true", "false"):
            value = value.lower() == "true"
        elif re.fullmatch(r"\s*[+-]?\d+\s*", value):
            value = int(value)
    if any(value == v and type(value) is type(v) for v, _ in choices_of(f.choices, version)):
        return value
    raise Refused(f"{value} is not a valid choice.")


def _char(f: Field, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused("Not a valid string.")
    text = str(value).strip()
    if not text:
        if not f.blank:
            raise Refused("This field may not be blank.")
        return None if f.null else ""
    if "\0" in text:
        raise Refused("Null characters are not allowed.")
    surrogate = re.search("[\ud800-\udfff]", text)
    if surrogate:
        raise Refused(f"Surrogate characters are not allowed: U+{ord(surrogate[0]):X}.")
    if f.max_length is not None and len(text) > f.max_length:
        raise Refused(f"Ensure this field has no more than {f.max_length} characters.")
    if f.name == "color" and not re.fullmatch(r"[0-9a-f]{6}", text):
        raise Refused("Enter a valid hexadecimal RGB color code.")
    if f.name == "wwn":
        wwn = normal_wwn(text)
        if wwn is None:
            raise Refused(f"Invalid WWN format: {text}")
        return wwn
    if f.name == "dns_name" and not _DNS.match(text):
        raise Refused(
            "Only alphanumeric characters, asterisks, hyphens, periods, and underscores are allowed in DNS names"
        )
    return text


def _slug(f: Field, value: Any) -> str:
    text = _char(f, value)
    assert text is not None
    if not _SLUG.match(text):
        raise Refused('Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.')
    return text


def _limits(f: Field, value: Any) -> None:
    if f.maximum is not None and value > f.maximum:
        raise Refused(f"Ensure this value is less than or equal to {_bound(f, f.maximum)}.")
    if f.minimum is not None and value < Decimal(str(f.minimum)):
        raise Refused(f"Ensure this value is greater than or equal to {_bound(f, f.minimum)}.")


def _bound(f: Field, value: float | Decimal) -> str:
    if f.kind == "decimal" and float(value).is_integer():
        return f"{value:.1f}"
    return str(int(value)) if float(value).is_integer() else str(value)


def _int(f: Field, value: Any) -> int:
    if isinstance(value, str) and len(value) > 1000:
        raise Refused("String value too large.")
    try:
        number = int(re.sub(r"\.0*\s*$", "", str(value)))
    except ValueError:
        raise Refused(INTEGER) from None
    _limits(f, number)
    return number


def _decimal(f: Field, value: Any) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise Refused(NUMBER) from None
    if isinstance(value, bool) or not number.is_finite():
        raise Refused(NUMBER)
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    total = len(digits) + max(exponent, 0) if exponent >= 0 else max(len(digits), -exponent)
    places = max(-exponent, 0)
    if total > f.digits:
        raise Refused(f"Ensure that there are no more than {f.digits} digits in total.")
    if places > f.places:
        raise Refused(f"Ensure that there are no more than {f.places} decimal places.")
    if total - places > f.digits - f.places:
        raise Refused(
            f"Ensure that there are no more than {f.digits - f.places} digits before the decimal point."
        )
    _limits(f, number)
    return number.quantize(Decimal(1).scaleb(-f.places))


def _bool(f: Field, value: Any) -> bool:
    try:
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
    except TypeError:
        pass
    raise Refused("Must be a valid boolean.")


def _json(f: Field, value: Any) -> Any:
    if f.name == "local_context_data" and not isinstance(value, dict):
        raise Refused('JSON data must be in object form. Example: {"foo": 123}')
    return value


def _ip(f: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise Refused(f"unexpected type {type(value)} for addr arg")
    try:
        return str(ip_interface(value.strip()))
    except ValueError:
        raise Refused(f"Invalid IP address format: {value}") from None


def _prefix(f: Field, value: Any) -> str:
    try:
        interface = ip_interface(str(value))
    except ValueError:
        raise Refused(f"Invalid IP address format: {value}") from None
    if interface.ip != interface.network.network_address:
        network = ip_network(interface.network)
        raise Refused(f"{value} is not a valid prefix. Did you mean {network}?")
    return str(interface.network)


def normal_mac(value: str) -> str | None:
    """``aabb.ccdd.eeff`` and its other spellings as ``AA:BB:CC:DD:EE:FF``; None if it is not a MAC address."""
    digits = re.sub(r"[-:.]", "", value.strip()).upper()
    if not _MAC.match(digits):
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def normal_wwn(value: str) -> str | None:
    digits = re.sub(r"[-:.]", "", value).upper()
    if not re.fullmatch(r"[0-9A-F]{16}", digits):
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 16, 2))


def _mac(f: Field, value: Any) -> str:
    mac = normal_mac(str(value))
    if mac is None:
        raise Refused(f"Invalid MAC address format: {value}")
    return mac


def _ranges(f: Field, value: Any) -> list[list[int]]:
    if not isinstance(value, list):
        raise Refused(f'Expected a list of items but got type "{type(value).__name__}".')
    errors: list[Any] = []
    for item in value:
        if not isinstance(item, list) or len(item) != 2:
            errors.append(["Ranges must be specified in the form (lower, upper)."])
        elif any(type(v) is not int for v in item):
            errors.append(["Range boundaries must be defined as integers."])
        else:
            errors.append({})
    if any(errors):
        refusal = Refused()
        refusal.messages = errors
        raise refusal
    return [[low, high] for low, high in value]


def _choice_pairs(f: Field, value: Any) -> list[list[str]]:
    if not isinstance(value, list):
        raise Refused(f'Expected a list of items but got type "{type(value).__name__}".')
    out = []
    for i, item in enumerate(value):
        if not isinstance(item, list):
            refusal = Refused()
            refusal.messages = {str(i): [f'Expected a list of items but got type "{type(item).__name__}".']}
            raise refusal
        if len(item) != 2:
            refusal = Refused()
            limit = "no more than" if len(item) > 2 else "at least"
            refusal.messages = {str(i): [f"Ensure this field has {limit} 2 elements."]}
            raise refusal
        out.append([str(item[0]), str(item[1])])
    return out


def _strings(f: Field, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Refused(f'Expected a list of items but got type "{type(value).__name__}".')
    return [str(_char(f, v)) for v in value]


def _timestamp(f: Field, value: Any) -> datetime:
    try:
        stamp = datetime.fromisoformat(str(value))
    except ValueError:
        raise Refused(
            "Datetime has wrong format. Use one of these formats instead: "
            "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
        ) from None
    return (stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)).astimezone(UTC)


def _networks(f: Field, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise Refused(f'Expected a list of items but got type "{type(value).__name__}".')
    try:
        return [str(ip_interface(v)) for v in value]
    except ValueError as error:
        raise Refused(str(error)) from None


_READERS: Mapping[str, Callable[[Field, Any], Any]] = {
    "char": _char,
    "slug": _slug,
    "int": _int,
    "generic_id": _int,
    "decimal": _decimal,
    "bool": _bool,
    "json": _json,
    "ip": _ip,
    "prefix": _prefix,
    "mac": _mac,
    "ranges": _ranges,
    "choice_pairs": _choice_pairs,
    "strings": _strings,
    "timestamp": _timestamp,
    "networks": _networks,
    "shortcut": _char,
}


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
