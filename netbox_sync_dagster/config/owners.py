"""Owners of assets, in the form that Dagster accepts."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_TEAM = re.compile(r"team:[A-Za-z0-9][A-Za-z0-9_.-]*")
# Dagster accepts only top-level domains of up to 7 letters.
_EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}")


def check_owner(text: str) -> str:
    """Return the owner. Raises ValueError if it is neither an e-mail address nor ``team:name``."""
    if not (_TEAM.fullmatch(text) or _EMAIL.fullmatch(text)):
        raise ValueError(f"'{text}' is neither an e-mail address nor a team, e.g. team:network")
    return text


Owner = Annotated[str, AfterValidator(check_owner)]
