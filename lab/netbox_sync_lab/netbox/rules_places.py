"""What NetBox checks about locations and racks, and what follows them to another place."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from .schema import Row, fail

if TYPE_CHECKING:
    from .session import Session


def clean_location(session: Session, row: Row, old: Row | None) -> None:
    parent = session.store.get("dcim.location", row["parent"])
    if parent is not None and parent["site"] != row["site"]:
        site = session.store.ref("dcim.site", row["site"])
        raise fail(
            "parent", f"Parent location ({parent['name']}) must belong to the same site ({site['name']})."
        )


def take_content_along(session: Session, row: Row, old: Row | None) -> None:
    """Locations, racks and devices in a location are at its site. None of them counts as changed."""
    if old is None:
        return
    store, site = session.store, row["site"]
    for label in ("dcim.rack", "dcim.device"):
        for inside in store.referring_rows(label, "location", row["id"]):
            session.update(label, inside["id"], site=site)
    for label in ("ipam.prefix", "virtualization.cluster"):
        for scoped in store.referring_rows(label, "scope_type+id", ("dcim.location", row["id"])):
            session.update(label, scoped["id"], _site=site)
    for child in store.referring_rows("dcim.location", "parent", row["id"]):
        session.update("dcim.location", child["id"], site=site)
        take_content_along(session, store.ref("dcim.location", child["id"]), child)


def clean_rack(session: Session, row: Row, old: Row | None) -> None:
    location = session.store.get("dcim.location", row["location"])
    if location is not None and location["site"] != row["site"]:
        site = session.store.ref("dcim.site", row["site"])
        raise fail("__all__", f"Assigned location must belong to parent site ({site['name']}).")


def take_devices_along(session: Session, row: Row, old: Row | None) -> None:
    """The devices in a rack are at its site and location. Before 4.7 that is so whatever of the rack is saved."""
    if old is None:
        return
    place = {"site": row["site"], "location": row["location"]}
    if session.version < (4, 7) or any(old[column] != place[column] for column in place):
        for device in session.store.referring_rows("dcim.device", "rack", row["id"]):
            session.update("dcim.device", device["id"], **place)


# Units are counted in halves, as NetBox does.


def check_rack_space(session: Session, row: Row, rack: Row) -> None:
    """A device in a unit of a rack: its type must go there, and fit in between the others."""
    store, position = session.store, row["position"]
    kind = store.ref("dcim.devicetype", row["device_type"])
    if position and kind["u_height"] == 0:
        raise fail("position", f"A 0U device type ({kind['model']}) cannot be assigned to a rack position.")
    if kind["subdevice_role"] == "child" and (row["face"] or position):
        where = "face" if row["face"] else "position"
        raise fail(
            where,
            f"Child device types cannot be assigned to a rack {where}. This is an attribute of the parent device.",
        )
    if position and not _halves(position, kind["u_height"]) <= _free_halves(session, row, rack, kind):
        raise fail(
            "position",
            f"U{position} is already occupied or does not have sufficient space to accommodate this device type: "
            f"{kind['model']} ({kind['u_height']}U)",
        )


def _halves(position: Decimal, height: Decimal) -> set[int]:
    return set(range(int(position * 2), int((position + height) * 2)))


def _free_halves(session: Session, row: Row, rack: Row, kind: Row) -> set[int]:
    """What the other devices leave on the face of this one; those of full depth take both faces."""
    store = session.store
    free = set(range(rack["starting_unit"] * 2, (rack["starting_unit"] + rack["u_height"]) * 2))
    for other in store.referring_rows("dcim.device", "rack", rack["id"]):
        other_kind = store.ref("dcim.devicetype", other["device_type"])
        if other["id"] == row.get("id") or not other["position"] or other["position"] < 1:
            continue
        if kind["is_full_depth"] or other_kind["is_full_depth"] or other["face"] == row["face"]:
            free -= _halves(other["position"], other_kind["u_height"])
    return free
