"""Approved changes while they are written, and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from netbox_sync_dagster.compare.plan import DiffRow
from netbox_sync_dagster.compare.values import GENERIC, Reference, Value, reference

if TYPE_CHECKING:
    from netbox_sync_dagster.sources.netbox.branch import MergeState

VERDICTS = ("applied", "stale", "failed", "blocked", "uncertain")


@dataclass(frozen=True)
class FieldWrite:
    """One field of a change with its values; references are resolved to NetBox ids."""

    name: str
    before: Value
    after: Value


@dataclass(frozen=True)
class Cleared:
    """A field of another object that NetBox changes with a write: a reference to a deleted object, which it clears, the
    disk size of a virtual machine, which becomes the sum of its disks, or its site, which becomes that of its cluster.

    ``owner`` is the object's name for people, ``before`` the value; a reference names the deleted object. ``after`` is
    the new site, and None otherwise.
    """

    object_type: str
    netbox_id: int
    owner: str
    field: str
    before: Value
    after: Value = None


@dataclass(frozen=True)
class PendingWrite:
    """One change ready to be sent.

    ``guard`` is the ``last_updated`` that the object must still have. ``netbox_id`` and ``guard`` are None
    for a create. ``body`` is the JSON object to send.
    """

    change_id: str
    resource: str
    action: str
    key: str
    parent: str | None
    object_type: str
    netbox_id: int | None
    expected_last_updated: str | None
    fields: tuple[FieldWrite, ...]
    body: dict[str, Any]
    approval_id: str
    approver: str
    # Other content of a deleted object, read just before the delete.
    removed: tuple[FieldWrite, ...] = ()
    # Fields of other objects that NetBox changes in the same step.
    cleared: tuple[Cleared, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The item as the ledger keeps it."""
        fields = [{"field": f.name, "before": f.before, "after": f.after} for f in self.fields]
        removed = [{"field": f.name, "before": f.before} for f in self.removed]
        cleared = [item.__dict__ for item in self.cleared]
        return {**self.__dict__, "fields": fields, "removed": removed, "cleared": cleared}

    @staticmethod
    def from_json(content: dict[str, Any]) -> PendingWrite:
        """The item of a ledger line."""
        fields = tuple(FieldWrite(f["field"], f["before"], f["after"]) for f in content["fields"])
        removed = tuple(FieldWrite(f["field"], f["before"], None) for f in content.get("removed") or ())
        cleared = tuple(Cleared(**item) for item in content.get("cleared") or ())
        return PendingWrite(**{**content, "fields": fields, "removed": removed, "cleared": cleared})


@dataclass(frozen=True)
class Verdict:
    """The result of a change.

    ``message`` is NetBox's if it refused. ``netbox_id`` and ``last_updated`` are the object's after the write.
    ``weak_guard``: NetBox is older than 4.6, so the object was compared just before the write, not in the same step.
    ``open``: NetBox could not be read to settle it; the next apply tries again. ``already``: an apply of another
    endpoint has written it, and nothing was sent.
    """

    change_id: str
    resource: str
    action: str
    key: str
    verdict: str
    message: str = ""
    netbox_id: int | None = None
    last_updated: str | None = None
    request_id: str | None = None
    weak_guard: bool = False
    open: bool = False
    already: bool = False


@dataclass
class ApplyResult:
    """An apply's verdicts, one per approved change, in the order in which they were made.

    ``notes`` are sentences about other problems, such as a journal entry that NetBox refused. ``settled`` are verdicts
    on what an earlier apply had left unfinished. ``branch``: the branch that was written to, and its state compared
    with main afterwards; None for main.
    """

    apply_id: str | None
    endpoint: str
    verdicts: list[Verdict] = field(default_factory=list)
    settled: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    requests: int = 0
    branch: MergeState | None = None

    @property
    def counts(self) -> dict[str, int]:
        """The number of changes by verdict, zeros included."""
        return {name: sum(v.verdict == name for v in self.verdicts) for name in VERDICTS}

    @property
    def ok(self) -> bool:
        """Whether every approved change is applied; otherwise the run fails."""
        return all(verdict.verdict == "applied" for verdict in self.verdicts)


class Unresolved(Exception):
    """A change refers to an object that does not exist yet; ``ref`` names it."""

    def __init__(self, ref: Reference) -> None:
        super().__init__(f"{ref[0]} {ref[1]}")
        self.ref = ref


def resolve(value: Value, ids: Mapping[Reference, int]) -> Value:
    """The value with every reference replaced by the id of the created object. Raises Unresolved."""
    if isinstance(value, list):
        return [resolve(item, ids) for item in value]
    ref = reference(value)
    if ref is None:
        return value
    if ref not in ids:
        raise Unresolved(ref)
    kept = {name: content for name, content in value.items() if name not in ("ref", "key")}
    return {"id": ids[ref], **kept}


def written_fields(row: DiffRow, ids: Mapping[Reference, int]) -> tuple[FieldWrite, ...]:
    """The fields that applying ``row`` writes (a create: those with a value). Raises Unresolved."""
    return tuple(
        FieldWrite(item.name, item.before, resolve(item.after, ids))
        for item in row.written
        if row.action != "create" or item.after is not None
    )


# Sent with a create beside its fields. NetBox (4.6 and newer) would give a module the components of its type, which the
# change does not name: it refuses the module if the device has a port of that name, and the source shows ports itself.
ALSO_SENT: dict[str, dict[str, Any]] = {"dcim/modules": {"replicate_components": False}}


def body(fields: tuple[FieldWrite, ...], *, action: str, tag_deltas: bool) -> dict[str, Any]:
    """The JSON object of a create or an update: exactly these fields, as NetBox's REST API takes them.

    ``tag_deltas``: the server knows ``add_tags`` and ``remove_tags`` (4.6). Without, an update's tags are
    left out here: the whole list is read and completed just before the write.
    """
    result: dict[str, Any] = {}
    for item in fields:
        if item.name == "tags":
            result.update(_tags(item, action, tag_deltas))
        elif item.name.startswith("cf."):
            custom = result.setdefault("custom_fields", {})
            custom[item.name.removeprefix("cf.")] = to_wire(item.after)
        elif item.name in GENERIC:
            target = item.after or {}
            result[f"{item.name}_type"] = target.get("type")
            result[f"{item.name}_id"] = target.get("id")
        elif item.name in ("a_terminations", "b_terminations"):
            result[item.name] = [{"object_type": e["type"], "object_id": e["id"]} for e in item.after or ()]
        else:
            result[item.name] = to_wire(item.after)
    return result


def _tags(item: FieldWrite, action: str, tag_deltas: bool) -> dict[str, Any]:
    if action == "create":
        return {"tags": [{"slug": slug} for slug in item.after or ()]}
    if not tag_deltas:
        return {}
    added, removed = tag_changes(item)
    result = {}
    if added:
        result["add_tags"] = [{"slug": slug} for slug in added]
    if removed:
        result["remove_tags"] = [{"slug": slug} for slug in removed]
    return result


def tag_changes(item: FieldWrite) -> tuple[list[str], list[str]]:
    """(slugs added, slugs removed) by an update of tags; other tags on the object stay."""
    before, after = set(item.before or ()), set(item.after or ())
    return sorted(after - before), sorted(before - after)


def to_wire(value: Value) -> Value:
    """A value in the form that NetBox accepts: objects by id."""
    if isinstance(value, list):
        return [to_wire(item) for item in value]
    if isinstance(value, dict) and "id" in value:
        return value["id"]
    return value


def with_guard(item: PendingWrite, guard: str) -> PendingWrite:
    """The same change, expecting another ``last_updated``."""
    return replace(item, expected_last_updated=guard)
