"""Lines that are to be added to the mappings of an endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class NewLines:
    """New lines of one section. ``mapped``: {word: name in NetBox}. ``open``: {word: the line to fill in}."""

    mapped: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
