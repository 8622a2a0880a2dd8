"""Pages of a list: by offset, or by id with ``start``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from .schema import Row, ValidationFailed
from .wire import Answer, Request

MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 50


class Pages:
    """The paging parameters of one request. ``keyset``: whether this version knows ``start``.

    Raises ValidationFailed for a ``start`` that is not a number or comes with ``offset`` or ``ordering``.
    """

    def __init__(self, request: Request, *, keyset: bool, most: int = MAX_PAGE_SIZE) -> None:
        self.request = request
        self.start = self._start() if keyset else None
        self.limit = self._limit(most)

    def _start(self) -> int | None:
        text = self.request.param("start")
        if text is None:
            return None
        if not re.fullmatch(r"\s*\+?\d+\s*", text):
            raise ValidationFailed(["Invalid 'start' parameter: must be a non-negative integer."])
        if self.request.param("offset") is not None:
            raise ValidationFailed(["'start' and 'offset' are mutually exclusive."])
        if self.request.param("ordering") is not None:
            raise ValidationFailed(
                ["Ordering cannot be specified in conjunction with cursor-based pagination."]
            )
        return int(text)

    def _limit(self, most: int) -> int:
        """``limit``: none or nonsense gives the default, 0 and too much the maximum."""
        text = self.request.param("limit")
        if text is None or not re.fullmatch(r"\s*\+?\d+\s*", text):
            return min(DEFAULT_PAGE_SIZE, most)
        limit = int(text)
        return most if limit == 0 else min(limit, most)

    def ordering(self, known: set[str]) -> tuple[str, ...]:
        """The requested columns; unknown ones are ignored."""
        text = self.request.param("ordering") or ""
        return tuple(c.strip() for c in text.split(",") if c.strip().lstrip("-") in known)

    def answer(self, rows: Sequence[Row], show: Callable[[Row], dict[str, Any]]) -> Answer:
        """The page out of all rows that pass the filters, in their order."""
        limit = self.limit
        if self.start is not None:
            page = [r for r in rows if r["id"] >= self.start][:limit]
            following = self._link(start=page[-1]["id"] + 1, limit=limit) if len(page) == limit else None
            return self._body(None, following, None, [show(r) for r in page])
        text = self.request.param("offset") or "0"
        offset = int(text) if text.isdigit() else 0
        page = list(rows[offset : offset + limit])
        following = self._link(limit=limit, offset=offset + limit) if offset + limit < len(rows) else None
        previous = None
        if offset > 0:
            back = offset - limit
            previous = self._link(limit=limit, offset=back if back > 0 else None)
        return self._body(len(rows), following, previous, [show(r) for r in page])

    @staticmethod
    def _body(count: int | None, following: str | None, previous: str | None, results: list[Any]) -> Answer:
        return Answer(200, {"count": count, "next": following, "previous": previous, "results": results})

    def _link(self, **params: int | None) -> str:
        query = {k: [v for key, v in self.request.query if key == k] for k, _ in self.request.query}
        query |= {k: [str(v)] for k, v in params.items() if v is not None}
        pairs = [(k, v) for k in sorted(query) for v in query[k] if k not in params or params[k] is not None]
        return f"{self.request.base}{self.request.path}?{urlencode(pairs)}"
