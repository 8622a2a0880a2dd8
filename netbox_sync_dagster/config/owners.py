"""Who owns the assets of an endpoint, in the form that Dagster takes."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_TEAM = re.compile(r"team:[A-Za-z0-9][A-Za-z0-9_.-]*")
# Dagster takes no longer endings.
_EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}")


def check_owner(text: str) -> str:
    """The owner, if it is an e-mail address or ``team:name``. Raises ValueError."""
    if not (_TEAM.fullmatch(text) or _EMAIL.fullmatch(text)):
        raise ValueError(f"'{text}' is neither an e-mail address nor a team, e.g. team:network")
    return text


Owner = Annotated[str, AfterValidator(check_owner)]
