"""What sources share in reading hooks: the proof of the secret, and the names in a body."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from netbox_sync_dagster.errors import UserError

# No name in any source is longer.
_LONGEST_NAME = 255


class HookError(UserError):
    """The body of a hook is not understood; the sentence says why."""


def bears(headers: Mapping[str, str], secret: str) -> bool:
    """Whether the request has the header ``Authorization: Bearer <secret>``; names of headers in lower case."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), secret.encode())
    return same and scheme.lower() == "bearer"


def signs(headers: Mapping[str, str], header: str, body: bytes, secret: str, digest: str) -> bool:
    """Whether the header holds the HMAC of the body with this secret, in hexadecimal digits."""
    expected = hmac.new(secret.encode(), body, digest).hexdigest()
    return hmac.compare_digest(headers.get(header, "").encode(), expected.encode())


def named(content: Mapping[str, Any], *keys: str) -> list[str]:
    """The names or ids under the first of these keys that has any: a text, a number, or a list of them.

    Raises HookError for anything else.
    """
    for key in keys:
        value = content.get(key)
        items = value if isinstance(value, list) else [value]
        found = [text for item in items if (text := _text(key, item))]
        if found:
            return list(dict.fromkeys(found))
    return []


def _text(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise HookError(f"{key} must be a text, a number, or a list of them")
    text = str(value).strip()
    if len(text) > _LONGEST_NAME:
        raise HookError(f"{key} has more than {_LONGEST_NAME} characters")
    return text
