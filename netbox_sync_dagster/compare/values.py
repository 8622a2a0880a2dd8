"""The notation of before- and after-values in a change, as JSON.

- scalars and lists of scalars: as NetBox's REST API takes them (``"active"``, ``1500``, ``null``);
- an object that exists in NetBox: ``{"id": 12, "name": "Paris"}``; 12 is sent, the name is shown;
- an object of a generic relation: the same with ``"type": "dcim.interface"``;
- an object that another change of the same diff creates: ``{"ref": "devices", "key": "sw1", "name": "sw1"}``
  (with ``"type"`` for a generic relation); its id is known once that change is applied;
- a cable's ends: lists of such objects with ``"type"``, sent as ``{"object_type": ..., "object_id": ...}``;
- ``tags``: a sorted list of slugs. In an update before and after say which tags are added and removed;
  others on the object stay;
- ``cf.<name>``: one custom field, so that the others are left alone.

The fields in GENERIC stand for two of NetBox's each: ``assigned_object`` (``assigned_object_type`` and ``..._id``),
``scope`` (``scope_type`` and ``scope_id``), ``object`` of a contact assignment (``object_type`` and ``object_id``).
``object_types`` is a plain list of names.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from netbox_sync_dagster.text import Shown, quoted, visible

GENERIC = ("assigned_object", "scope", "object")

Value = Any
Reference = tuple[str, str]


def parse(text: str | None) -> Value:
    """The value of a JSON text; SQL NULL is null."""
    if text is None:
        return None
    # Most values are a few texts and numbers again and again.
    return json.loads(text) if text[:1] in "[{" else _scalar(text)


@lru_cache(10_000)
def _scalar(text: str) -> Value:
    return json.loads(text)


def reference(value: Value) -> Reference | None:
    """(resource, key) where the value is an object that another change creates."""
    if isinstance(value, dict) and "ref" in value:
        return str(value["ref"]), str(value["key"])
    return None


def references(value: Value) -> list[Reference]:
    """All references in a value, lists included."""
    items = value if isinstance(value, list) else [value]
    return [ref for ref in map(reference, items) if ref is not None]


def difference(before: Value, after: Value, longest: int | None = None) -> Shown:
    """What an update does, as a person reads it. Of a list that has members: which come and which go.

    ``longest``: as for ``display``, for each side.
    """
    whole = Shown(f"{display(before, longest)} -> {display(after, longest)}")
    if not isinstance(before, list) or not isinstance(after, list) or not before:
        return whole
    had, has = ({_identity(item): item for item in items} for items in (before, after))
    added = [item for key, item in has.items() if key not in had]
    removed = [item for key, item in had.items() if key not in has]
    parts = [f"add {display(added, longest)}"] * bool(added)
    parts += [f"remove {display(removed, longest)}"] * bool(removed)
    return Shown(", ".join(parts)) if parts else whole


def _identity(item: Value) -> str:
    """Equal for the same object, whatever its name."""
    if isinstance(item, dict) and "id" in item:
        return json.dumps([item["id"], item.get("type")])
    return json.dumps(reference(item) or item, sort_keys=True)


def display(value: Value, longest: int | None = None) -> Shown:
    """A value as a person reads it: names instead of ids, texts in quotes, escapes for what cannot be seen.

    What has more than ``longest`` characters is cut, and its length named.
    """
    if isinstance(value, str):
        return quoted(value, longest)
    if isinstance(value, list):
        return visible(Shown("[" + ", ".join(display(item) for item in value) + "]"), longest)
    if isinstance(value, dict):
        if "name" in value and ("id" in value or "ref" in value):
            return visible(value["name"], longest)
        parts = (f"{quoted(name)}: {_inside(value[name])}" for name in sorted(value))
        return visible(Shown("{" + ", ".join(parts) + "}"), longest)
    return Shown(_WORDS[value] if value is None or isinstance(value, bool) else value)


def _inside(value: Value) -> str:
    return "null" if value is None else display(value)


_WORDS = {None: "none", True: "true", False: "false"}
