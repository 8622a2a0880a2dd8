"""Resolves ids, prefixes and filters to change ids of the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from netbox_sync_dagster.approve.parts import part_in
from netbox_sync_dagster.approve.records import ApprovalError
from netbox_sync_dagster.compare.objects import objects_of
from netbox_sync_dagster.compare.plan import ASKING_ACTIONS, CHANGE_ACTIONS, DiffRow, Plan
from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.text import did_you_mean

# A shorter prefix is probably a mistake.
_MIN_PREFIX = 4


@dataclass(frozen=True)
class Filter:
    """Which changes are meant. An empty tuple means any, except that deletes must be named.

    ``field``: only these fields: changes that write no others, and with ``divide`` these fields of updates. ``parent``: the name of the device, virtual
    machine or cluster that the object belongs to, or of the device or virtual machine itself.
    """

    endpoint: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    field: tuple[str, ...] = ()
    parent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Words:
    """The names of a caller's options, for its sentences."""

    ids: str = "change ids"
    filters: str = (
        "their ids, a filter (--resource, --action, --field, --device), or --all-creates-and-updates"
    )
    everything: str = "--all-creates-and-updates"
    instead: str = "; a device, or a part of it, as a filter: --device NAME --resource RESOURCE"


@dataclass(frozen=True)
class Selection:
    """The changes selected by a filter: change ids in apply order.

    ``missing``: for each selected change the ids it depends on that are not selected. ``left_out``: changes that match
    except for one condition, with the reason. ``unmatched``: sentences about values of the filter that match no change.
    ``fields``: for updates of which only some fields are selected, these fields.
    """

    change_ids: tuple[str, ...]
    missing: dict[str, tuple[str, ...]]
    left_out: dict[str, str]
    unmatched: tuple[str, ...] = ()
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """Requested values that match no change, one sentence each."""
        reasons = list(self.left_out.values())
        left_out = [f"left out {reasons.count(reason)}: {reason}" for reason in sorted(set(reasons))]
        return [*left_out, *self.unmatched]


_COMMAND_LINE = Words()


def meant(
    plan: Plan,
    *,
    ids: Collection[str],
    wanted: Filter,
    everything: bool,
    with_dependencies: bool = False,
    divide: bool = False,
    words: Words = _COMMAND_LINE,
) -> Selection:
    """The selected changes, the same for every caller: by ids, by a filter, or all creates and updates.

    ``with_dependencies`` adds the creates and updates that these need. ``divide``: as for ``select``. Raises ApprovalError if not exactly one of these
    ways is used, and like ``select`` and ``resolve_ids``.
    """
    filtered = wanted != Filter()
    if ids and (filtered or everything):
        raise ApprovalError(f"give {words.ids} or a filter, not both{words.instead}")
    if filtered and everything:
        raise ApprovalError(
            f"give {words.everything}, which is everything but deletes, or a filter, not both: leave one out"
        )
    if ids:
        chosen = {row.change_id for row in resolve_ids(plan, ids)}
        return _selection(plan, chosen, {}, with_dependencies=with_dependencies, deletes=False)
    if not filtered and not everything:
        raise ApprovalError(f"say which changes: {words.filters}")
    return select(plan, wanted, with_dependencies=with_dependencies, divide=divide)


def select(plan: Plan, wanted: Filter, *, with_dependencies: bool = False, divide: bool = False) -> Selection:
    """Resolve a filter to change ids. Raises ApprovalError for an unknown resource or action.

    ``with_dependencies`` adds the creates and updates that the selected changes need; a delete is added only
    where the filter names deletes. ``divide``: if the filter names fields, updates that write others too are selected
    with these fields (``Selection.fields``).
    """
    _known("resource", wanted.resource, RESOURCES)
    _known("action", wanted.action, CHANGE_ACTIONS)
    chosen: set[str] = set()
    left_out: dict[str, str] = {}
    fields: dict[str, tuple[str, ...]] = {}
    if not wanted.endpoint or plan.endpoint in wanted.endpoint:
        for row in plan.changes:
            if not _matches(row, wanted):
                continue
            reason = _reason_against(row, wanted)
            if reason is None:
                chosen.add(row.change_id)
            elif divide and row.action == "update":
                chosen.add(row.change_id)
                fields[row.change_id] = tuple(item.name for item in row.written if item.name in wanted.field)
            else:
                left_out[row.change_id] = reason
    deletes = "delete" in wanted.action
    selection = _selection(
        plan, chosen, left_out, with_dependencies=with_dependencies, deletes=deletes, fields=fields
    )
    return replace(selection, unmatched=tuple(_unmatched(plan, wanted)), fields=fields)


def _selection(
    plan: Plan,
    chosen: set[str],
    left_out: dict[str, str],
    *,
    with_dependencies: bool,
    deletes: bool,
    fields: Mapping[str, Collection[str]] | None = None,
) -> Selection:
    """The chosen changes, and with ``with_dependencies`` those they need; deletes only if they are named. ``fields``: of
    these updates only some fields, which may need less."""
    by_id = plan.by_id()
    by_id |= {
        change_id: part_in(by_id, by_id[change_id], names) for change_id, names in (fields or {}).items()
    }
    if with_dependencies:
        for change_id in _closure(by_id, chosen) - chosen:
            if by_id[change_id].action != "delete" or deletes:
                chosen.add(change_id)
                left_out.pop(change_id, None)
    ordered = tuple(row.change_id for row in plan.changes if row.change_id in chosen)
    return Selection(ordered, _missing(by_id, ordered), left_out)


def _unmatched(plan: Plan, wanted: Filter) -> Iterator[str]:
    """Values of a filter that match no change of the plan."""
    changes = plan.changes
    there = {
        "resource": {row.resource for row in changes},
        "action": {row.action for row in changes},
        "field": {item.name for row in changes for item in row.written},
    }
    for name, given in (("resource", wanted.resource), ("action", wanted.action), ("field", wanted.field)):
        for value in given:
            if value not in there[name]:
                yield f"no change of the diff has the {name} '{value}'"
    for value in wanted.parent:
        if not any(_belongs(row, (value,)) for row in changes):
            yield f"no change of the diff is of a device, virtual machine or cluster '{value}'"


def needed_by(plan: Plan, change_ids: Collection[str]) -> list[DiffRow]:
    """The changes of the plan that these need, directly or through others, without these themselves. In apply order."""
    found = _closure(plan.by_id(), set(change_ids)).difference(change_ids)
    return [row for row in plan.changes if row.change_id in found] if found else []


def missing_dependencies(plan: Plan, change_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each of these changes the changes of the plan it depends on that are not among them."""
    return _missing(plan.by_id(), list(change_ids))


def _missing(by_id: Mapping[str, DiffRow], chosen: Sequence[str]) -> dict[str, tuple[str, ...]]:
    among = set(chosen)
    missing = {
        change_id: tuple(need for need in by_id[change_id].depends_on if need not in among)
        for change_id in chosen
    }
    return {change_id: needs for change_id, needs in missing.items() if needs}


def resolve_ids(plan: Plan, given: Iterable[str]) -> list[DiffRow]:
    """The changes with these ids or unambiguous prefixes of ids, each once, in apply order. The key of an object stands
    for its creates and updates with what is attached to it, as lists show it.

    Raises ApprovalError that names everything that is unknown or ambiguous.
    """
    by_id = plan.by_id()
    chosen: set[str] = set()
    errors = []
    objects = _Objects(plan)
    for text in given:
        matches = [text] if text in by_id else [i for i in by_id if i.startswith(text)]
        # The rows of all objects are put together only if no id begins with the text.
        of_object = None if matches else objects.named(text)
        if same := objects.same_name(text) if of_object else []:
            errors.append(f"'{text}' is the name of several objects: {_listed(by_id, same)}; give change ids")
        elif of_object:
            chosen.update(of_object)
        elif of_object is not None:
            errors.append(
                f"'{text}' would only be deleted: give the change ids of deletes, or the action delete"
            )
        elif len(text) < _MIN_PREFIX:
            errors.append(f"'{text}' is too short; give at least {_MIN_PREFIX} characters of a change id")
        elif not matches:
            errors.append(
                f"no change '{text}' in the current diff of '{plan.endpoint}' (has the diff changed since? "
                f"look with: netbox-sync diff {plan.endpoint})"
            )
        elif len(matches) > 1:
            named = _listed(by_id, sorted(matches))
            errors.append(f"'{text}' is the beginning of {len(matches)} change ids: {named}; give more of it")
        else:
            chosen.add(matches[0])
    if errors:
        raise ApprovalError("; ".join(errors))
    return [row for row in plan.changes if row.change_id in chosen]


class _Objects:
    """The changes of the plan by object."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @cached_property
    def _found(self) -> dict[str, list[tuple[str, list[str]]]]:
        found: dict[str, list[tuple[str, list[str]]]] = {}
        for one in objects_of(self._plan.changes, {})[0]:
            rows = [row.change_id for row in (*one.rows, *one.attached) if row.action != "delete"]
            found.setdefault(one.key, []).append((one.resource, rows))
        return found

    def named(self, key: str) -> list[str] | None:
        """The ids of the creates and updates of the objects with this key; None if there is no such object."""
        found = self._found.get(key)
        return None if found is None else [change_id for _, rows in found for change_id in rows]

    def same_name(self, key: str) -> list[str]:
        """The ids among these of objects that share the key with another one of their resource. NetBox allows that, e.g.
        for ports of devices with the same name in two sites."""
        meant = [(resource, rows) for resource, rows in self._found.get(key, []) if rows]
        times = Counter(resource for resource, _ in meant)
        return [change_id for resource, rows in meant if times[resource] > 1 for change_id in rows]


def _listed(by_id: Mapping[str, DiffRow], change_ids: Sequence[str]) -> str:
    return ", ".join(f"{i} ({_title(by_id[i])})" for i in change_ids[:5])


def _title(row: DiffRow) -> str:
    return f"{row.action} {row.resource} {row.key}"


def _known(name: str, given: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    for value in given:
        if value not in allowed:
            raise ApprovalError(f"{name} '{value}' is unknown{did_you_mean(value, allowed)}")


def _matches(row: DiffRow, wanted: Filter) -> bool:
    if wanted.resource and row.resource not in wanted.resource:
        return False
    if wanted.action and row.action not in wanted.action:
        return False
    if wanted.parent and not _belongs(row, wanted.parent):
        return False
    return not wanted.field or any(item.name in wanted.field for item in row.written)


def asking_rows(plan: Plan, wanted: Filter) -> list[DiffRow]:
    """The rows that ask something, of those that the filter means, whatever action it names."""
    found = replace(wanted, action=())
    return [row for row in plan.rows if row.action in ASKING_ACTIONS and _matches(row, found)]


def _belongs(row: DiffRow, parents: tuple[str, ...]) -> bool:
    itself = row.resource in ("devices", "virtual_machines", "clusters") and row.key in parents
    return itself or row.parent in parents


def _reason_against(row: DiffRow, wanted: Filter) -> str | None:
    if row.action == "delete" and "delete" not in wanted.action:
        return "a delete is approved by its id or with action delete"
    others = sorted(item.name for item in row.written if item.name not in wanted.field)
    if wanted.field and others:
        return f"it also writes {', '.join(others)}"
    return None


def _closure(by_id: Mapping[str, DiffRow], chosen: set[str]) -> set[str]:
    found = set(chosen)
    todo = list(chosen)
    while todo:
        for need in by_id[todo.pop()].depends_on:
            if need in by_id and need not in found:
                found.add(need)
                todo.append(need)
    return found
