"""What goes wrong with the warehouse."""

from __future__ import annotations


class WarehouseError(Exception):
    """The warehouse cannot answer: the sentence says what is missing and what to do."""
