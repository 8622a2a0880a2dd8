"""Cables: what they connect, what NetBox checks about them, and what interfaces show of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .schema import LABELS, Row, fail
from .store import Store

if TYPE_CHECKING:
    from .session import Session

VIRTUAL_TYPES = ("virtual", "bridge", "lag")
WIRELESS_TYPES = (
    *(t for t in LABELS["interface.type"] if t.startswith("ieee802.1") or t == "other-wireless"),
    "gsm",
    "cdma",
    "lte",
    "4g",
    "5g",
)
Ref = tuple[str, int]


def cable_row(store: Store, row: Row) -> Row | None:
    found = store.referring("dcim.cable", "@termination", ("dcim.interface", row["id"]))
    return store.ref("dcim.cable", min(found)) if found else None


def cable_of(store: Store, row: Row) -> Ref | None:
    cable = cable_row(store, row)
    return None if cable is None else ("dcim.cable", cable["id"])


def cable_end(store: Store, row: Row) -> str | None:
    cable = cable_row(store, row)
    if cable is None:
        return None
    return "A" if ("dcim.interface", row["id"]) in cable["a_terminations"] else "B"


def _peers(store: Store, row: Row) -> list[Ref]:
    cable = cable_row(store, row)
    if cable is None:
        return []
    mine = ("dcim.interface", row["id"])
    return list(cable["b_terminations" if mine in cable["a_terminations"] else "a_terminations"])


def link_peers(store: Store, row: Row) -> list[Ref]:
    return _peers(store, row)


def link_peers_type(store: Store, row: Row) -> str | None:
    return "dcim.interface" if _peers(store, row) else None


def connected_endpoints(store: Store, row: Row) -> list[Ref] | None:
    return _peers(store, row) or None


def connected_endpoints_type(store: Store, row: Row) -> str | None:
    return link_peers_type(store, row)


def endpoints_reachable(store: Store, row: Row) -> bool:
    cable = cable_row(store, row)
    return cable is not None and cable["status"] == "connected" and bool(_peers(store, row))


def interface_occupied(store: Store, row: Row) -> bool:
    return bool(row["mark_connected"]) or cable_row(store, row) is not None


def detach_cable(session: Session, row: Row) -> None:
    """An interface that goes leaves its cable behind with one end loose."""
    mine = ("dcim.interface", row["id"])
    for cable in session.store.referring_rows("dcim.cable", "@termination", mine):
        ends = {e: [t for t in cable[e] if t != mine] for e in ("a_terminations", "b_terminations")}
        session.update("dcim.cable", cable["id"], **ends)


def clean_cable(session: Session, row: Row, old: Row | None) -> None:
    store = session.store
    if row["length"] is not None and not row["length_unit"]:
        raise fail("__all__", "Must specify a unit when setting a cable length")
    if old is None and (not row["a_terminations"] or not row["b_terminations"]):
        raise fail("__all__", "Must define A and B terminations when creating a new cable.")
    if set(row["a_terminations"]) & set(row["b_terminations"]):
        raise fail("__all__", "A and B terminations cannot connect to the same object.")
    for termination in (*row["a_terminations"], *row["b_terminations"]):
        interface = store.ref(*termination)
        device = session.display("dcim.device", store.ref("dcim.device", interface["device"]))
        taken = store.referring("dcim.cable", "@termination", termination) - {row.get("id")}
        if taken:
            cable = session.display("dcim.cable", store.ref("dcim.cable", min(taken)))
            raise fail(
                "__all__",
                f"Duplicate termination found for dcim.interface {interface['id']}: cable {cable.lstrip('#')}",
            )
        if interface["channel_id"] is not None:
            raise fail(
                "__all__",
                "Cables cannot be terminated directly to a channel subinterface; cable the parent interface "
                "instead.",
            )
        if interface["type"] in VIRTUAL_TYPES or interface["type"] in WIRELESS_TYPES:
            label = LABELS["interface.type"][interface["type"]]
            raise fail("__all__", f"Cables cannot be terminated to {label} interfaces")
        if interface["mark_connected"]:
            raise fail(
                "__all__", f"Cannot connect a cable to {device} > {interface['name']}: marked as connected."
            )


def complete_cable(session: Session, row: Row, old: Row | None) -> None:
    if row["length"] is None:
        row["length_unit"] = None


def touch_terminations(session: Session, row: Row, old: Row | None) -> None:
    """Attaching a cable saves the interfaces at both ends."""
    before = set() if old is None else {*old["a_terminations"], *old["b_terminations"]}
    for label, pk in (*row["a_terminations"], *row["b_terminations"]):
        if (label, pk) not in before:
            session.touch(label, pk, {"cable": None}, {"cable": row["id"]})


def release_terminations(session: Session, row: Row) -> None:
    """From 4.7.2 on, deleting a cable saves the interfaces at both ends."""
    if session.version >= (4, 7):
        for label, pk in (*row["a_terminations"], *row["b_terminations"]):
            if session.store.get(label, pk) is not None:
                session.touch(label, pk, {"cable": row["id"]}, {"cable": None})
