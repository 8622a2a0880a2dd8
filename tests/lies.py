"""Servers whose answers are valid, and shorter than the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

# Changes the content of an answer: (path, content) -> the content to send, or None for the same.
Lie = Callable[[str, Any], Any]


def lying(server: type, *args: Any, lie: Lie, **options: Any) -> Any:
    """A lab server of that class that tells ``lie``; ``.lie`` may be replaced while it runs."""

    class Lying(server):  # type: ignore[misc]
        lie: Lie

        async def handle(self, request: Any) -> Any:
            answer = await super().handle(request)
            if answer.status_code == 200:
                content = self.lie(request.url.path, json.loads(answer.body))
                if content is not None:
                    answer.body = json.dumps(content).encode()
                    answer.headers["content-length"] = str(len(answer.body))
            return answer

    made = Lying(*args, **options)
    made.lie = lie
    return made


def honest(path: str, content: Any) -> Any:
    """Says what is."""
    return None


def without(paths: tuple[str, ...], key: str, hidden: Callable[[dict[str, Any]], bool]) -> Lie:
    """Leaves out the rows of the list ``key`` that are ``hidden``, where the path ends with one of ``paths``."""

    def lie(path: str, content: Any) -> Any:
        if not path.endswith(paths) or not isinstance(content, dict) or key not in content:
            return None
        rows = [row for row in content[key] if not hidden(row)]
        total = {"count": len(rows)} if "count" in content else {}
        return {**content, **total, key: rows}

    return lie
