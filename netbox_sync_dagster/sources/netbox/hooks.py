"""Reads the hooks of NetBox's event rules: which object was edited, and which devices and virtual machines it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from netbox_sync_dagster.sources.hooks import HookError, signs
from netbox_sync_dagster.sources.netbox.listings import SOURCES

_DEVICE, _MACHINE = "dcim.device", "virtualization.virtualmachine"
# Fields of NetBox's objects that name a device or a virtual machine.
_OWNERS = {"device": _DEVICE, "virtual_machine": _MACHINE}
# Objects of other models never show in a comparison.
_MODELS = {source.model for source in SOURCES.values()}
# An owner is at most this deep: a termination of a cable, its interface, its device.
_DEEPEST = 6

# ((model, id), name) of a device or virtual machine.
_Owner = tuple[tuple[str, int], str]


@dataclass(frozen=True)
class Edited:
    """An object that was created, edited or deleted in NetBox: ``(model, id)``, and the devices and virtual machines that it
    is, or belongs to, by the same. ``names``: their names, in lower case."""

    model: str
    id: int
    owners: frozenset[tuple[str, int]]
    names: frozenset[str]

    @property
    def path(self) -> str:
        """Its list endpoint below /api, as in diffs and the ledger."""
        return next((source.path for source in SOURCES.values() if source.model == self.model), "")

    @property
    def is_compared(self) -> bool:
        """Whether any comparison reads objects of this model."""
        return self.model in _MODELS


def is_genuine(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether NetBox signed the body with the secret of the webhook; names of headers in lower case."""
    return signs(headers, "x-hook-signature", body, secret, "sha512")


def read_hook(content: Mapping[str, Any]) -> Edited:
    """The object that NetBox's default body is about. Raises HookError for another body."""
    model, data = content.get("object_type"), content.get("data")
    if not isinstance(model, str) or not isinstance(data, dict) or not isinstance(data.get("id"), int):
        raise HookError(
            "this is not the body of a NetBox webhook (object_type, data with an id); leave its body template empty"
        )
    model = model.lower()
    found = set(_owners(model, data))
    before = content.get("snapshots")
    if isinstance(before, dict) and isinstance(before.get("prechange"), dict):
        found |= set(_former_owners(model, data["id"], before["prechange"]))
    return Edited(
        model,
        data["id"],
        frozenset(owner for owner, _ in found),
        frozenset(name.casefold() for _, name in found if name),
    )


def _owners(model: str, data: Any, depth: int = 0) -> Iterator[_Owner]:
    if isinstance(data, list):
        for item in data:
            yield from _owners("", item, depth + 1)
    if not isinstance(data, dict) or depth > _DEEPEST:
        return
    if model in _OWNERS.values() and isinstance(data.get("id"), int):
        yield (model, data["id"]), str(data.get("name") or "")
    for key, value in data.items():
        yield from _owners(_OWNERS.get(key, ""), value, depth + 1)


def _former_owners(model: str, number: int, before: dict[str, Any]) -> Iterator[_Owner]:
    """Those before the edit, of which NetBox gives only the ids."""
    if model in _OWNERS.values():
        yield (model, number), str(before.get("name") or "")
    for key, owner in _OWNERS.items():
        if isinstance(before.get(key), int):
            yield (owner, before[key]), ""
