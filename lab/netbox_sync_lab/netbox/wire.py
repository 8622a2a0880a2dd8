"""Requests and answers as the lab NetBox's handlers see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes
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


class Aborted(Refusal):
    """A request that NetBox breaks off because of one object, with a sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(400, {"detail": sentence})
        self.of_object = {"__all__": [sentence]}


def not_found_page(version: str) -> Answer:
    """NetBox answers unknown paths with its HTML page, below ``/api/`` too."""
    page = (
        f'<!DOCTYPE html>\n<html lang="en" data-netbox-version="{version}">\n<head><title>Page Not Found</title>'
        "</head>\n<body><h1>Page Not Found</h1></body>\n</html>\n"
    )
    return Answer(404, page, content_type="text/html; charset=utf-8")


def under_one_key(detail: Any) -> Any:
    """Errors as 4.7 answers them: those of an object as a whole are under ``__all__``, whichever check found them."""
    if isinstance(detail, dict):
        return {
            "__all__" if name == "non_field_errors" else name: under_one_key(value)
            for name, value in detail.items()
        }
    return [under_one_key(item) for item in detail] if isinstance(detail, list) else detail


def body_of(request: Request) -> Any:
    """The request's JSON or form, {} without a body. Raises Refusal for anything else."""
    body, content_type = request.body, request.headers.get("content-type", "")
    if not body:
        return {}
    if content_type.startswith("multipart/form-data"):
        return form_fields(content_type, body)
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, {"detail": f'Unsupported media type "{content_type}" in request.'})
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, {"detail": f"JSON parse error - {error}"}) from None


def form_fields(content_type: str, body: bytes) -> dict[str, str]:
    """The text fields of a form; the files that come with it are not kept."""
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): str(part.get_payload())
        for part in message.walk()
        if not part.is_multipart() and part.get_filename() is None
    }
