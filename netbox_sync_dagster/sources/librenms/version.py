"""What a LibreNMS release can do, from the version that ``GET /api/v0/system`` gives."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?P<rest>.*)")

# First releases with a feature.
MEMBERSHIPS_BY_DEVICE = (26, 2)  # /devices/{id}/ports?with=vlans
TRANSCEIVERS = (24, 10)  # /devices/{id}/transceivers
MEMBERSHIPS_BY_PORT = (25, 4)  # /ports/{id}?with=vlans
INVENTORY_NOT_POLLED = (24, 10)  # before, a poll changed the inventory of some devices


@dataclass(frozen=True)
class Version:
    """A LibreNMS version: ``26.7.0``, ``23.11.0-15-g1bd2f6d`` (15 commits later), or something unreadable.

    ``release`` is None where the text names none; ``development`` says that commits came after it.
    """

    text: str
    release: tuple[int, int, int] | None
    development: bool

    @classmethod
    def parse(cls, text: str) -> Version:
        """Never fails: an unreadable version is one of which nothing is known."""
        match = _VERSION.fullmatch(text.strip())
        if match is None:
            return cls(text, None, True)
        release = (int(match[1]), int(match[2]), int(match[3] or 0))
        return cls(text, release, bool(match["rest"].strip()))

    def has(self, since: tuple[int, int]) -> bool | None:
        """Whether a feature of release ``since`` is there; None where only asking the server can tell."""
        if self.release is None:
            return None
        if self.release[:2] >= since:
            return True
        return None if self.development else False

    def __str__(self) -> str:
        return self.text or "of unknown version"
