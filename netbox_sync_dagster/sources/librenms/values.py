"""JSON values of LibreNMS to the types of ``storage.tables``.

LibreNMS writes one column as an integer, a numeric string, a boolean or 0/1, depending on its release.
Every function raises ValueError for a value that it cannot read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from netbox_sync_dagster.sources.lengths import LONGEST_TEXT, short_text
from netbox_sync_dagster.storage.tables import Columns

Row = dict[str, Any]

_INT64 = range(-(2**63), 2**63)
_TRUE = {"1", "true", "yes"}
_FALSE = {"0", "false", "no"}


def to_int(value: Any) -> int | None:
    """``7``, ``"7"``, ``7.0``, ``"7.00"``, ``true`` -> int; null and "" -> None."""
    if type(value) is not int:
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return int(value)
        number = _decimal(value)
        if number != number.to_integral_value():
            raise ValueError(f"{value!r} is not a whole number")
        value = int(number)
    if value not in _INT64:
        raise ValueError(f"{value} does not fit 64 bits")
    return value


def to_float(value: Any) -> float | None:
    """A number or a DECIMAL written as a string -> float; null and "" -> None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is not a number")
    return float(_decimal(value))


def to_bool(value: Any) -> bool | None:
    """``true``, ``1``, ``"1"``, ``"true"`` and their opposites -> bool; null and "" -> None."""
    if value is None or isinstance(value, bool):
        return value
    if type(value) is int and 0 <= value <= 1:
        return value == 1
    if value == "":
        return None
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"{value!r} is neither true nor false")


def to_text(value: Any) -> str | None:
    """Text unchanged, a number as text (``ifVlan`` 50 -> "50"); null -> None."""
    if type(value) is str:
        if len(value) > LONGEST_TEXT:
            short_text(value)
        if not value.isascii():
            value.encode()  # half a surrogate pair cannot be stored
        return value
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        number = _decimal(value)
        return str(int(number)) if number == number.to_integral_value() else str(value)
    raise ValueError(f"a {type(value).__name__} is not text")


def _decimal(value: Any) -> Decimal:
    if isinstance(value, str) and len(value) > 60:
        raise ValueError("a long text is not a number")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    # 1e999999 would be a number of a million digits.
    if not number.is_finite() or number.adjusted() > 30 or not math.isfinite(float(number)):
        raise ValueError(f"{value!r} is not a usable number")
    return number


_BY_TYPE: dict[str, Callable[[Any], Any]] = {
    "BIGINT": to_int,
    "INTEGER": to_int,
    "DOUBLE": to_float,
    "BOOLEAN": to_bool,
    "VARCHAR": to_text,
}


def converter(columns: Columns, required: tuple[str, ...]) -> Callable[[Row], Row]:
    """A function from a server's row to a row of exactly these columns.

    It raises ValueError, naming the column, for an unreadable value and for a missing ``required`` one.
    """
    cells = [(name, _BY_TYPE[kind]) for name, kind in columns.items()]

    def named_error(raw: Row) -> ValueError:
        for name, read in cells:
            try:
                read(raw.get(name))
            except ValueError as error:
                return ValueError(f"{name}: {error}")
        raise AssertionError("every value can be read")

    def convert(raw: Row) -> Row:
        value_of = raw.get
        try:
            row = {name: read(value_of(name)) for name, read in cells}
        except ValueError:
            # Looked up again: a million rows need no name.
            raise named_error(raw) from None
        for name in required:
            if row[name] is None:
                raise ValueError(f"{name} is missing")
        return row

    return convert
