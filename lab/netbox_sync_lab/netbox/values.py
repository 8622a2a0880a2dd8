"""Reading single values the way NetBox's serializer fields do: same acceptance, same words in the refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_interface, ip_network
from typing import Any

from .schema import Field, choices_of

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


def read_choice(f: Field, value: Any, version: tuple[int, int]) -> Any:
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


READERS: Mapping[str, Callable[[Field, Any], Any]] = {
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
