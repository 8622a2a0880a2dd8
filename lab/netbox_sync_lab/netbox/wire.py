"""Requests and answers as the lab NetBox's handlers see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass(slots=True)
class Request:
    method: str
    path: str
    query: list[tuple[str, str]]
    query_string: str
    headers: dict[str, str]
    body: bytes
    base: str
    """Scheme and host as the client wrote them; URLs in answers begin with it."""

    def param(self, name: str) -> str | None:
        """The last value of a query parameter."""
        found = [v for k, v in self.query if k == name]
        return found[-1] if found else None


@dataclass(slots=True)
class Answer:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    def encode(self) -> bytes:
        if self.content_type != "application/json":
            return str(self.body or "").encode()
        return b"" if self.status == 204 else orjson.dumps(self.body, option=orjson.OPT_NON_STR_KEYS)


class Refusal(Exception):
    """Any answer that ends a request early."""

    def __init__(self, status: int, detail: Any, **headers: str) -> None:
        super().__init__(status, detail)
        self.answer = Answer(status, detail, {k.replace("_", "-"): v for k, v in headers.items()})


def not_found_page(version: str) -> Answer:
    """NetBox answers unknown paths with its HTML page, below ``/api/`` too."""
    page = (
        f'<!DOCTYPE html>\n<html lang="en" data-netbox-version="{version}">\n<head><title>Page Not Found</title>'
        "</head>\n<body><h1>Page Not Found</h1></body>\n</html>\n"
    )
    return Answer(404, page, content_type="text/html; charset=utf-8")
