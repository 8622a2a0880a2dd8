"""What sensors remember between their ticks: a dataclass as JSON in the cursor."""

import json
from typing import TypeVar

Memory = TypeVar("Memory")


def remembered(kind: type[Memory], cursor: str | None) -> Memory:
    """The memory in a cursor; an empty one where an older version wrote it, or a person edited it."""
    try:
        return kind(**json.loads(cursor or "{}"))
    except (ValueError, TypeError):
        return kind()
