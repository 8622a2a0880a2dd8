"""Credentials, which never stand in the configuration file, and never in anything that is written or shown."""

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
    # The value is not repeated: it is most likely the secret. Upper case tells the two apart, as tokens of all
    # sources have small letters.
    if not re.match(_ENV_NAME, value):
        raise ValueError(
            "must be the name of an environment variable in upper case, e.g. NETBOX_TOKEN; "
            "the secret itself goes into that variable, never into this file (the value is not shown)"
        )
    return value


EnvName = Annotated[str, AfterValidator(_env_name), Field(json_schema_extra={"pattern": _ENV_NAME})]

MASK = "***"
# A shorter word is no secret, and to mask it would make every sentence unreadable.
_SHORTEST = 4
# In data that is compared, only what cannot be there by chance is masked: a short password may also be a name.
_SHORTEST_IN_DATA = 12

# What this process knows to be secret, longest first, in every form that a text may hold it in.
_known: tuple[str, ...] = ()


class MissingSecret(UserError):
    """A credential's environment variable is not set; the sentence names it and who needs it."""


def read_secret(variable: str, needed_by: str) -> str:
    """The value of an environment variable. Raises MissingSecret with a sentence that names both."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise MissingSecret(f"{needed_by}: set the environment variable {variable}")
    remember(value)
    return value


def remember(*secrets: str) -> None:
    """Mask these in every text that ``redact`` sees from now on."""
    global _known  # noqa: PLW0603
    found = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
    if not found.issubset(_known):
        _known = tuple(sorted(found.union(_known), key=len, reverse=True))


def redact(text: str) -> str:
    """The text without any credential that this process has read."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, MASK)
    return text


def traceback_of(error: BaseException) -> str:
    """The traceback as text, without credentials: libraries quote what they were given."""
    return redact("".join(traceback.format_exception(error)))


def forms_in_data(*secrets: str) -> tuple[bytes, ...]:
    """How these credentials look in the bytes of an answer, longest first; without those that are too short."""
    forms = {form for secret in secrets if len(secret) >= _SHORTEST_IN_DATA for form in _forms(secret)}
    return tuple(sorted((form.encode("utf-8", "replace") for form in forms), key=len, reverse=True))


def _forms(secret: str) -> set[str]:
    """The secret as it is, on one line, in a URL, and in JSON (PHP escapes slashes too)."""
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
