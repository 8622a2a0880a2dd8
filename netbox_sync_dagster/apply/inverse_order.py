"""Which change of an undo comes before which, and what a conflict keeps from being undone."""

from __future__ import annotations

from netbox_sync_dagster.apply.inverse import PRIMARY_FIELDS, SET_LATER, Inverse, Place, points_to
from netbox_sync_dagster.compare.causes import cause
from netbox_sync_dagster.compare.change_id import change_id
from netbox_sync_dagster.compare.values import Reference, parse, reference, references

# Updates that NetBox refuses while there are children: a machine's disk size is the sum of its disks, and an interface
# with a cable is physical.
_HELD_BY_CHILDREN = {
    ("virtualization/virtual-machines", "disk"): ("virtualization/virtual-disks", ("virtual_machine",)),
    ("dcim/interfaces", "type"): ("dcim/cables", ("a_terminations", "b_terminations")),
}


def identify(rows: list[Inverse], endpoint: str) -> None:
    """Give every change its id and dependencies: objects are created before they are used, children deleted first."""
    users = _users(rows)
    _spread_reasons(rows, users)
    for row in rows:
        if row.reason is None:
            row.change_id = change_id(
                endpoint=endpoint,
                resource=row.done.resource,
                action=row.action,
                key=row.done.key,
                object_type=row.done.object_type,
                netbox_id=None if row.action == "create" or row.target else row.done.netbox_id,
                target=row.target,
                last_updated=row.last_updated,
                fields=[(name, before, after) for name, (before, after) in row.fields.items()],
            )
    creates = {(r.done.resource, r.done.key): r.change_id for r in rows if r.action == "create"}
    # By device: the changes that clear it as master, which must come before it leaves the chassis.
    masters: dict[Place, list[str]] = {}
    for row in rows:
        before, after = row.fields.get("master", (None, None))
        if row.action == "update" and after is None:
            for place in points_to(row.done, "master", before):
                masters.setdefault(place, []).append(row.change_id)
    let_go, children, first = _let_go(rows), _children(rows), _first(rows)
    for row in rows:
        needs = [creates[ref] for ref in _needs(row)]
        needs += [other.change_id for other in (*let_go[id(row)], *children[id(row)], *first[id(row)])]
        if row.action == "delete":
            needs += [user.change_id for user in users[id(row)]]
        if row.action == "update" and "virtual_chassis" in row.fields:
            needs += masters.get(row.done.place, [])
        row.depends_on = sorted({need for need in needs if need and need != row.change_id})


def spread_reasons(rows: list[Inverse]) -> None:
    """Turn every row that a conflict uses, or that needs it, into a conflict."""
    _spread_reasons(rows, _users(rows))


def _let_go(rows: list[Inverse]) -> dict[int, list[Inverse]]:
    """For each update, by its ``id()``, the rows that take the address out of a primary field first."""
    holders: dict[Place, list[Inverse]] = {}
    for row in rows:
        for name, (before, _) in row.fields.items():
            if row.action == "update" and name in PRIMARY_FIELDS:
                for place in points_to(row.done, name, before):
                    holders.setdefault(place, []).append(row)
    return {
        id(row): holders.get(row.done.place, [])
        if row.action == "update" and "assigned_object" in row.fields
        else []
        for row in rows
    }


def _children(rows: list[Inverse]) -> dict[int, list[Inverse]]:
    """For each update, by its ``id()``, the deletes after which NetBox accepts it."""
    deleted: dict[tuple[str, str, Place], list[Inverse]] = {}
    for row in rows:
        if row.action == "delete":
            for name, (before, _) in row.fields.items():
                for place in points_to(row.done, name, before):
                    deleted.setdefault((row.done.object_type, name, place), []).append(row)
    found: dict[int, list[Inverse]] = {id(row): [] for row in rows}
    for row in rows:
        for name in row.fields if row.action == "update" else ():
            kind, fields = _HELD_BY_CHILDREN.get((row.done.object_type, name), ("", ()))
            for reference_ in fields:
                found[id(row)] += deleted.get((kind, reference_, row.done.place), [])
    return found


def _first(rows: list[Inverse]) -> dict[int, list[Inverse]]:
    """For each row, by its ``id()``, the updates of the object that it follows."""
    followed: dict[Place, list[Inverse]] = {row.follows: [] for row in rows if row.follows is not None}
    for row in rows:
        if row.done.place in followed:
            followed[row.done.place].append(row)
    return {id(row): followed[row.follows] if row.follows is not None else [] for row in rows}


def _needs(row: Inverse) -> list[Reference]:
    """The recreated objects that this row names."""
    target = reference(parse(row.target))
    named = [ref for _, after in row.fields.values() for ref in references(after)]
    return named if target is None else [*named, target]


def _spread_reasons(rows: list[Inverse], users: dict[int, list[Inverse]]) -> None:
    """Objects that a remaining object uses are kept: NetBox would clear the reference, or delete the user.

    A row that names an object which is not created again cannot be written, nor an update that NetBox refuses while a
    child exists.
    """
    children, first = _children(rows), _first(rows)
    creates = {(row.done.resource, row.done.key): row for row in rows if row.action == "create"}
    while True:
        found: list[tuple[Inverse, str]] = []
        for row in rows:
            if row.reason is not None:
                continue
            found += [
                (
                    row,
                    cause(
                        "used_by_what_stays",
                        resource=user.done.resource,
                        key=user.done.key,
                        because=user.reason,
                    ),
                )
                for user in (*users.get(id(row), ()), *children[id(row)])
                if user.reason is not None
            ]
            needed = [*first[id(row)], *(creates[ref] for ref in _needs(row))]
            found += [
                (
                    row,
                    cause(
                        "needs_what_stays_deleted",
                        resource=other.done.resource,
                        key=other.done.key,
                        because=other.reason,
                    ),
                )
                for other in needed
                if other.reason is not None
            ]
        if not found:
            return
        for row, reason in found:
            row.reason = reason


def _users(rows: list[Inverse]) -> dict[int, list[Inverse]]:
    """For each delete, by its ``id()``, the rows whose object currently uses the deleted one."""
    by_place: dict[Place, list[Inverse]] = {}
    by_word: dict[tuple[str, str], list[Inverse]] = {}
    for row in rows:
        if row.action == "create":
            continue
        for name, (before, _) in row.fields.items():
            # A primary address depends on the object that is deleted with it, not vice versa.
            own = row.action == "delete" and name in SET_LATER
            for place in points_to(row.done, name, before):
                if place != row.done.place and not own:
                    by_place.setdefault(place, []).append(row)
            if name.startswith("cf."):
                by_word.setdefault(("custom_fields", name.removeprefix("cf.")), []).append(row)
        for slug in row.fields.get("tags", (None, None))[0] or ():
            by_word.setdefault(("tags", slug), []).append(row)
    return {
        id(row): by_place.get(row.done.place, []) + by_word.get((row.done.resource, row.done.key), [])
        for row in rows
        if row.action == "delete"
    }
