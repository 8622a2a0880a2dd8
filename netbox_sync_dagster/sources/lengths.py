"""Maximum lengths of texts and lists. Rows with longer ones are rejected."""

from __future__ import annotations

from typing import Any

# As long as MySQL's TEXT, in which LibreNMS keeps its longest; Proxmox's notes have 8 KiB.
LONGEST_TEXT = 65_536
LONGEST_LIST = 1_000
# What one guest shows: a host of containers has an interface for each of them.
MOST_INTERFACES = 4_096


def short_text(value: str, name: str = "a text") -> str:
    """The text. Raises ValueError, naming the field, where it is too long."""
    if len(value) > LONGEST_TEXT:
        raise ValueError(
            f"{name} is {len(value):,} characters long, and at most {LONGEST_TEXT:,} are taken; shorten it there"
        )
    return value


def short_list(values: list[Any], name: str = "a list", most: int = LONGEST_LIST) -> list[Any]:
    """The list. Raises ValueError, naming the field, where it is too long."""
    if len(values) > most:
        raise ValueError(
            f"{name} has {len(values):,} entries, and at most {most:,} are taken; remove some there"
        )
    return values
