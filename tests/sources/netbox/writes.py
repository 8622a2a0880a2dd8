"""Requests that change what was seeded in a NetBox (``seed.py``): values that begin with @ are ids of named objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.sources.netbox.seed import Seed

Edit = Callable[[Seed], None]


def new(path: str, name: str, /, **body: Any) -> Edit:
    """Create an object, which gets this name."""
    return lambda seed: seed.post(path, _ids_in(body, seed), name)


def patch(path: str, name: str, /, **body: Any) -> Edit:
    """Edit the object of that name."""
    return lambda seed: seed.patch(path, seed.ids[name], _ids_in(body, seed))


def delete(path: str, name: str) -> Edit:
    """Delete the object of that name."""

    def send(seed: Seed) -> None:
        answer = seed.http.delete(f"/api/{path}/{seed.ids[name]}/")
        assert answer.status_code == 204, answer.text

    return send


def _ids_in(value: Any, seed: Seed) -> Any:
    if isinstance(value, dict):
        return {key: _ids_in(item, seed) for key, item in value.items()}
    if isinstance(value, list):
        return [_ids_in(item, seed) for item in value]
    return seed.ids[value[1:]] if isinstance(value, str) and value.startswith("@") else value
