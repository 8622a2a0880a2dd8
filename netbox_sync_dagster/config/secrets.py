"""Credentials: read from environment variables, and masked in everything that is written or shown."""

from __future__ import annotations

import json
import os
import re
import traceback
from typing import Annotated
from urllib.parse import quote, quote_plus

from pydantic import AfterValidator, Field

from netbox_sync_dagster.errors import UserError

_ENV_NAME = r"^[A-Z_][A-Z0-9_]{0,62}$"


def _env_name(value: str) -> str:
    # The error does not quote the value, which is probably the secret. Tokens of all sources have lower-case letters,
    # so upper case tells names from secrets.
    if not re.match(_ENV_NAME, value):
        raise ValueError(
            "must be the name of an environment variable in upper case, e.g. NETBOX_TOKEN; "
            "set that variable to the secret; never write the secret into this file (the value is not shown)"
        )
    return value


EnvName = Annotated[str, AfterValidator(_env_name), Field(json_schema_extra={"pattern": _ENV_NAME})]

MASK = "***"
# Shorter values are not masked: that would make every message unreadable.
_SHORTEST = 4
# In data that is compared, only longer values are masked: a short password may also be a name.
_SHORTEST_IN_DATA = 12

# All secrets of this process, longest first, in every form that may occur in a text.
_known: tuple[str, ...] = ()


class MissingSecret(UserError):
    """The environment variable of a credential is not set."""


def read_secret(variable: str, needed_by: str) -> str:
    """The value of an environment variable. Raises MissingSecret, which names the variable and ``needed_by``."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise MissingSecret(f"{needed_by}: set the environment variable {variable}")
    remember(value)
    return value


def remember(*secrets: str) -> None:
    """Add secrets that ``redact`` masks."""
    global _known  # noqa: PLW0603
    found = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
    if not found.issubset(_known):
        _known = tuple(sorted(found.union(_known), key=len, reverse=True))


def redact(text: str) -> str:
    """The text with all credentials of this process masked."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, MASK)
    return text


def has_credential(text: str) -> bool:
    """Whether data contains a credential of this process; short ones may be ordinary words."""
    return any(len(secret) >= _SHORTEST_IN_DATA and secret in text for secret in _known)


def traceback_of(error: BaseException) -> str:
    """The traceback as text, with credentials masked: libraries quote their arguments."""
    return redact("".join(traceback.format_exception(error)))


def forms_in_data(*secrets: str) -> tuple[bytes, ...]:
    """The forms of these credentials in the bytes of an answer, longest first, without those that are too short."""
    forms = {form for secret in secrets if len(secret) >= _SHORTEST_IN_DATA for form in _forms(secret)}
    return tuple(sorted((form.encode("utf-8", "replace") for form in forms), key=len, reverse=True))


def _forms(secret: str) -> set[str]:
    """The secret unchanged, on one line, in a URL, and in JSON (PHP also escapes slashes)."""
    in_json = [json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)]
    return {
        secret,
        " ".join(secret.split()),
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        *in_json,
        *(text.replace("/", "\\/") for text in in_json),
    }
