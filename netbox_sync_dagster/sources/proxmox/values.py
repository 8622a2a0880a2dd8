"""Reading Proxmox's loosely typed JSON: numbers as text, booleans as 0/1/"1"/"", lists as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from netbox_sync_dagster.sources.addresses import canonical_mac
from netbox_sync_dagster.sources.lengths import short_list, short_text

_TRUE = {"1", "on", "yes", "true"}
_FALSE = {"0", "off", "no", "false", ""}
_SEPARATORS = re.compile(r"[;,\s]+")


def integer(value: Any, name: str = "value") -> int | None:
    """A whole number given as number or text; None for null and "". Raises ValueError naming the field."""
    if value is None or value == "":
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        return int(float(value))  # "12.0"
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} is not a number: {value!r}") from None


def number(value: Any, name: str = "value") -> float | None:
    """Like ``integer`` for a number with a fraction."""
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not a number: {value!r}") from None


def boolean(value: Any, default: bool | None = None) -> bool | None:
    """Proxmox's booleans: 0, 1, "0", "1", "", on, off, yes, no, true, false. None gives ``default``."""
    if value is None:
        return default
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    try:
        return float(text) != 0
    except ValueError:
        raise ValueError(f"not a boolean: {value!r}") from None


def text(value: Any) -> str | None:
    """Text, or None for null. Numbers that Proxmox sends unquoted (a name ``123``) become text."""
    return None if value is None else short_text(str(value))


def words(value: Any) -> list[str]:
    """A list that Proxmox writes with ``;``, ``,`` or spaces between; empty parts are left out."""
    if value is None:
        return []
    parts = value if isinstance(value, list) else _SEPARATORS.split(str(value))
    return short_list([short_text(str(part)) for part in parts if str(part)])


def clean_tags(value: Any) -> list[str]:
    """Tags in lower case, each once, in the order given."""
    return list(dict.fromkeys(word.lower() for word in words(value)))


def moment(value: Any, name: str = "time") -> datetime | None:
    """A Unix time as a UTC moment without zone, as the warehouse stores it; None for null, "" and 0."""
    seconds = integer(value, name)
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (OverflowError, OSError, ValueError):
        raise ValueError(f"{name} is not a Unix time: {value!r}") from None


mac = canonical_mac
