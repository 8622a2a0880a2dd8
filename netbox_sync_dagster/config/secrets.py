"""Credentials, which never stand in the configuration file."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field

EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class MissingSecret(Exception):
    """A credential's environment variable is not set; the sentence names it and who needs it."""


def read_secret(variable: str, needed_by: str) -> str:
    """The value of an environment variable. Raises MissingSecret with a sentence that names both."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise MissingSecret(f"{needed_by}: set the environment variable {variable}")
    return value
