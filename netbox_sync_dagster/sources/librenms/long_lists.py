"""The rows of a long JSON answer, some at a time: the whole would take hundreds of MB in memory."""

from __future__ import annotations

import json
import re
from codecs import utf_8_decode
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

import orjson

_PIECE = 1 << 20
# What follows the last row of a part.
_NEXT = re.compile(rb"\s*,\s*(?=\{)")
_NEXT_ROW = re.compile(r"\s*,\s*")
# From the end of a text: how many ends of objects are looked at, and at how many of these a part is tried.
_MOST_ENDS, _MOST_TRIES = 1000, 20
# Beyond this length of a text in which no part was found, rows are decoded one by one.
_LONG = 8 << 20
# An error this near the end of a text is where the text breaks off.
_WORD = 64


class NoList(Exception):
    """The answer is not an object with this list."""


class RowTooLarge(Exception):
    """One row is longer than any may be."""


class LongList:
    """The list ``key`` of a JSON object in ``file``, decoded in parts of about a MiB.

    A part ends at ``},{``. Where that is inside a text or an inner list, the part cannot be decoded: so a part that can be
    has only whole rows. ``rest``: the object after the last row, with an empty list ``rows``. Iterating raises NoList,
    RowTooLarge for a row of more than ``most`` bytes, and json.JSONDecodeError or UnicodeDecodeError (ValueError).
    """

    def __init__(self, file: BinaryIO, key: str, most: int) -> None:
        self._file, self._key, self._most = file, key, most
        self.rest: dict[str, Any] = {}

    def __iter__(self) -> Iterator[list[Any]]:
        self._file.seek(self._start())
        text, wanted = b"", _PIECE
        while piece := self._file.read(wanted):
            text += piece
            rows, text = _whole_rows(text)
            if not rows and len(text) >= _LONG:
                rows, text = _row_by_row(text)
            if rows:
                yield rows
            elif len(text) > self._most:
                raise RowTooLarge
            # Twice the text each time: the beginning of a long row is decoded in vain only a few times.
            wanted = _PIECE if rows else len(text)
        yield self._last_rows(text)

    def _start(self) -> int:
        """Where the list's first row is."""
        self._file.seek(0)
        head = self._file.read(_PIECE)
        for place in re.finditer(rb'"%s"\s*:\s*\[' % re.escape(self._key.encode()), head):
            try:
                before = orjson.loads(head[: place.end()] + b"]}")
            except orjson.JSONDecodeError:
                continue
            if before.get(self._key) == []:
                return place.end()
        raise NoList

    def _last_rows(self, text: bytes) -> list[Any]:
        said = "[" + text.decode()
        rows, end = _DECODER.raw_decode(said)
        self.rest = orjson.loads('{"rows":[]' + said[end:])
        return list(rows)


def _whole_rows(text: bytes) -> tuple[list[Any], bytes]:
    """The rows up to an end of one, and the text from the next row on; no rows where none is found."""
    end, tries = len(text), 0
    for _ in range(_MOST_ENDS):
        end = text.rfind(b"}", 0, end)
        after = _NEXT.match(text, end + 1) if end >= 0 else None
        if after is None:
            if end < 0:
                break
            continue
        try:
            return orjson.loads(b"[" + text[: end + 1] + b"]"), text[after.end() :]
        except orjson.JSONDecodeError:
            tries += 1
            if tries == _MOST_TRIES:
                break
    return [], text


def _row_by_row(text: bytes) -> tuple[list[Any], bytes]:
    """The same by a slower decoder that says where a row ends: for rows of thousands of objects."""
    said = utf_8_decode(text, "strict", False)[0]
    rows, place = [], 0
    while True:
        try:
            row, end = _DECODER.raw_decode(said, place)
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Unterminated") and error.pos < len(said) - _WORD:
                raise
            break
        after = _NEXT_ROW.match(said, end)
        if after is None:
            break
        rows.append(row)
        place = after.end()
    return rows, text[len(said[:place].encode()) :]


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is not JSON", constant, 0)


_DECODER = json.JSONDecoder(parse_constant=_refuse)
