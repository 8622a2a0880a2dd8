"""Parts and transceivers of LibreNMS's inventory, as modules in module bays."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.config import Config
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.compare.together import Case, Steps, together
from tests.support import Pipeline, after, before, row, rows

TYPED: dict[str, Any] = {"inventory": True}
APPLIED: dict[str, Any] = {
    "inventory": True,
    # Every call is made, so that it can fail.
    "full_read_hours": 0,
    "policies": {
        "create": ["devices", "interfaces", "custom_fields", "modules", "module_bays"],
        "move_modules": True,
    },
}
MOVES: dict[str, Any] = {
    "policies": {"move_modules": True},
    "mappings": {"module_rules": [{"field": "bay", "match": "^FAN 2$", "replace": ""}]},
}
MOVED: dict[str, Any] = {**MOVES, "write": True}


def add_switch(state: LibreNMSState, mark: str = "") -> dict[str, Any]:
    """sw1 with a power supply in a slot, a fan, a port with a transceiver, and parts that are not modules; ``mark``: in the
    serial numbers, which end with it."""
    found = state.add_device("sw1", hardware="C9300-48P", os="ios")

    def part(kind: str, name: str, model: str, serial: str, inside: int = 0, **more: Any) -> int:
        row = state.add_inventory(
            found,
            entPhysicalClass=kind,
            entPhysicalName=name,
            entPhysicalModelName=model,
            entPhysicalSerialNum=serial,
            entPhysicalContainedIn=inside,
            **{"entPhysicalIsFRU": "true", "entPhysicalMfgName": "Cisco", **more},
        )
        return row["entPhysicalIndex"]

    chassis = part("chassis", "Switch 1", "C9300-48P", f"FOC1{mark}")
    slot = part("container", "Power Supply Bay A", "", "", chassis)
    part("powerSupply", "Switch 1 - Power Supply A", "PWR-C1-715WAC", f"LIT1{mark}", slot)
    part("fan", "FAN 1", "FAN-T1", "N/A", chassis)
    part("fan", "FAN 2", "", "", chassis)
    part("module", "Fixed Module 0", "C9300-48P", f"FOC1{mark}", chassis, entPhysicalIsFRU="false")
    part("sensor", "Temp 1", "X", "Y", chassis)
    optic = part("module", "Te1/1/1 Container", "SFP-10G-LR", f"AVD1{mark}", chassis)
    state.add_transceiver(
        state.add_port(found, "Te1/1/1"),
        vendor="CISCO-AVAGO",
        model="SFP-10G-LR",
        serial=f"AVD1{mark}",
        entity_physical_index=optic,
    )
    return found


def types(case: Case) -> dict[str, dict[str, Any]]:
    """The module types in NetBox; made by the first test that needs them."""
    maker = case.basics["maker"]["id"]
    there = {found["model"]: found for found in case.netbox.all("dcim/module-types")}
    return there or {
        model: case.netbox.create("dcim/module-types", manufacturer=maker, model=model, part_number=number)
        for model, number in (("715W", "PWR-C1-715WAC"), ("Fan", "FAN-T1"), ("SFP-10G-LR", ""), ("Other", ""))
    }


def told(plan: Any) -> list[tuple[str, str, str | None]]:
    return [(r.key, r.action, r.reason) for r in rows(plan, "modules")]


def test_without_the_option_nothing_is_read(pipeline: Pipeline, state: LibreNMSState) -> None:
    add_switch(state)
    said: list[str] = []
    pipeline.snapshot(progress=said.append)
    assert said[-1] == "8 calls"
    assert rows(pipeline.sync(), "modules") == []


@together("no types", **TYPED)
def test_parts_are_blocked_until_their_type_and_bay_are_there(case: Case) -> Steps:
    """And the reason says what to do; a placeholder does not count as a serial, nor a fixed part as a module."""
    add_switch(case.state, case.prefix)
    known = case.device("sw1")
    case.netbox.create("dcim/module-bays", device=known["id"], name="Te1/1/1")
    plan = yield
    no_type = 'no module type: map module_types: "{}", or add module_types to policies.also_create'
    assert told(plan) == [
        ("sw1 FAN 1", "blocked", no_type.format("FAN-T1")),
        ("sw1 Power Supply Bay A", "blocked", no_type.format("PWR-C1-715WAC")),
        ("sw1 Te1/1/1", "blocked", no_type.format("SFP-10G-LR")),
    ]
    plan = yield {
        "policies": {"create": ["modules", "module_types", "devices", "interfaces", "custom_fields"]},
        "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P", "manufacturer": "cisco"},
        "mappings": {"manufacturers": {"CISCO-AVAGO": "cisco"}},
    }
    no_bay = (
        "NetBox has no such module bay: create it, rewrite its name by mappings.module_rules, "
        "or add module_bays to policies.also_create"
    )
    assert told(plan) == [
        ("sw1 FAN 1", "blocked", no_bay),
        ("sw1 Power Supply Bay A", "blocked", no_bay),
        ("sw1 Te1/1/1", "create", None),
    ]
    assert after(row(case.whole, "module_types", "sfp-10g-lr")) == {
        "model": "SFP-10G-LR",
        "manufacturer": {"id": 1, "name": "Cisco"},
    }


@together(**APPLIED)
def test_bays_and_modules_are_written_and_then_in_sync(case: Case) -> Steps:
    add_switch(case.state, case.prefix)
    types(case)
    plan = yield {"write": True}
    assert row(plan, "modules", "sw1 Te1/1/1").depends_on == tuple(
        sorted([row(plan, "devices", "sw1").change_id, row(plan, "module_bays", "sw1 Te1/1/1").change_id])
    )
    done = yield
    assert [(r.resource, r.key) for r in done.rows if r.is_change] == []
    assert sorted(
        (m["module_bay"]["name"], m["module_type"]["model"], m["serial"])
        for m in case.netbox.all("dcim/modules", device=case.named("sw1"))
    ) == [
        ("FAN 1", "Fan", ""),
        ("Power Supply Bay A", "715W", f"LIT1{case.prefix}"),
        ("Te1/1/1", "SFP-10G-LR", f"AVD1{case.prefix}"),
    ]


@together(**TYPED)
def test_replaced_moved_and_vanished_parts(case: Case) -> Steps:
    add_switch(case.state, case.prefix)
    kinds = types(case)
    first, second = case.device("sw1"), case.device("sw2")

    def install_in(owner: Any, bay: str, model: str, serial: str, **more: Any) -> dict[str, Any]:
        place = case.netbox.create("dcim/module-bays", device=owner["id"], name=bay, **more)
        return install(case, place, model, serial)

    # Found by the bay's label; the part in it is another one now.
    supply = install_in(first, "PSU1", "Other", "OLD1", label="Power Supply Bay A")
    install_in(second, "Uplink 1", "SFP-10G-LR", f"AVD1{case.prefix}")
    old = install_in(first, "Slot 9", "Other", "S9")
    plan = yield
    replaced = row(plan, "modules", "sw1 Power Supply Bay A")
    assert (replaced.netbox_id, before(replaced)["serial"], after(replaced)["serial"]) == (
        supply["id"],
        "OLD1",
        "LIT1",
    )
    assert after(replaced)["module_type"] == {"id": kinds["715W"]["id"], "name": "715W"}
    assert told(plan)[2:] == [
        ("sw1 Slot 9 (gone)", "drifted", "not in the inventory that LibreNMS shows"),
        ("sw1 Te1/1/1", "conflict", "NetBox has serial AVD1 in sw2 Uplink 1"),
    ]
    assert row(plan, "modules", "sw1 Slot 9 (gone)").netbox_id == old["id"]


def install(case: Case, bay: dict[str, Any], model: str, serial: str) -> dict[str, Any]:
    """A module of NetBox."""
    return case.netbox.create(
        "dcim/modules",
        device=bay["device"]["id"],
        module_bay=bay["id"],
        module_type=types(case)[model]["id"],
        serial=serial,
    )


def displaced(case: Case, guest: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Switch sw1, whose optic NetBox has in another bay, and its power supply in another device; these two modules.
    ``guest``: the serial number of another module in the optic's bay."""
    add_switch(case.state, case.prefix)
    known, other = case.device("sw1"), case.device("sw2")
    bays = {
        name: case.netbox.create("dcim/module-bays", device=known["id"], name=name)
        for name in ("Slot 9", "Te1/1/1", "FAN 1", "Power Supply Bay A")
    }
    far = case.netbox.create("dcim/module-bays", device=other["id"], name="PSU")
    install(case, bays["FAN 1"], "Fan", "")
    if guest is not None:
        install(case, bays["Te1/1/1"], "Other", guest)
    optic = install(case, bays["Slot 9"], "SFP-10G-LR", f"AVD1{case.prefix}")
    return optic, install(case, far, "715W", f"LIT1{case.prefix}")


@together(**TYPED)
def test_a_part_stays_where_another_is_still_in_its_bay(case: Case) -> Steps:
    displaced(case, guest="X1")
    plan = yield MOVED
    assert told(plan)[1] == (
        "sw1 Te1/1/1",
        "conflict",
        "NetBox has serial AVD1 in sw1 Slot 9, and another module in its bay",
    )


@together(**TYPED)
def test_a_part_in_another_bay_of_its_device_is_a_conflict(case: Case) -> Steps:
    displaced(case)
    plan = yield
    assert told(plan) == [
        ("sw1 Power Supply Bay A", "conflict", "NetBox has serial LIT1 in sw2 PSU"),
        ("sw1 Te1/1/1", "conflict", "NetBox has serial AVD1 in sw1 Slot 9"),
    ]


@together(**TYPED)
def test_a_part_in_another_bay_of_its_device_moves_by_policy(case: Case) -> Steps:
    """Into an empty bay; another device stays a conflict."""
    optic, supply = displaced(case)
    plan = yield MOVED
    moved = row(plan, "modules", "sw1 Te1/1/1")
    assert (moved.action, moved.netbox_id) == ("update", optic["id"])
    assert [(f.name, f.before["name"], f.after["name"]) for f in moved.written] == [
        ("module_bay", "Slot 9", "Te1/1/1")
    ]
    done = yield MOVES
    assert told(done) == [("sw1 Power Supply Bay A", "conflict", "NetBox has serial LIT1 in sw2 PSU")]
    assert case.netbox.one("dcim/modules", serial=f"AVD1{case.prefix}")["module_bay"]["name"] == "Te1/1/1"
    assert case.netbox.one("dcim/modules", serial=f"LIT1{case.prefix}")["id"] == supply["id"]


@together(**TYPED)
def test_rules_rewrite_bays_models_and_serials(case: Case) -> Steps:
    """In order, by manufacturer, before anything is compared."""
    add_switch(case.state, case.prefix)
    types(case)
    known = case.device("sw1")
    for name in ("PSU A", "Fan 1", "Te1/1/1"):
        case.netbox.create("dcim/module-bays", device=known["id"], name=name)
    rules: dict[str, Any] = {
        "module_rules": [
            {
                "field": "bay",
                "match": "^Power Supply Bay (.)$",
                "replace": r"PSU-\1",
                "manufacturer": "cisco",
            },
            {"field": "bay", "match": "-", "replace": " ", "manufacturer": "CISCO"},
            {"field": "serial", "match": "^AVD", "replace": "", "manufacturer": "Juniper"},
            {"field": "serial", "match": "^LIT", "replace": "L"},
        ],
        "module_types": {"SFP-10G-LR": "Other"},
    }
    plan = yield {"mappings": rules}
    assert [
        (r.key, r.action, after(r)["module_type"]["name"], after(r).get("serial"))
        for r in rows(plan, "modules")
    ] == [
        ("sw1 FAN 1", "create", "Fan", None),
        ("sw1 PSU A", "create", "715W", "L1"),
        ("sw1 Te1/1/1", "create", "Other", "AVD1"),
    ]
    rules["module_rules"][0]["match"] = "(?<=x)"
    content = case.pipeline.config.model_dump(mode="json", exclude_unset=True)
    content["endpoints"][0]["mappings"] = rules
    with pytest.raises(ValueError, match="is not a regular expression"):
        Config.model_validate(content)


MAKING: dict[str, Any] = {
    "policies": {"create": ["modules", "module_bays", "module_types", "manufacturers", "interfaces"]},
    "mappings": {"manufacturers": {"CISCO-AVAGO": "Avago"}},
}


def add_two_fans(case: Case, model: str, other: str, **more: Any) -> None:
    """Switch sw1 whose two fans are of these models."""
    found = add_switch(case.state, case.prefix)
    case.device("sw1")
    fans = [part for part in case.state.inventory if part["device_id"] == found["device_id"]][3:5]
    fans[0] |= {"entPhysicalModelName": model}
    fans[1] |= {"entPhysicalModelName": other, "entPhysicalSerialNum": "F2", **more}


@together("no types", **TYPED)
def test_a_model_in_two_cases_is_one_new_type(case: Case) -> Steps:
    add_two_fans(case, "FAN-T2", "fan-t2")
    plan = yield MAKING
    found = [
        r for r in rows(case.whole, "module_types") if r.key in ("fan-t2", "pwr-c1-715wac", "sfp-10g-lr")
    ]
    assert [(r.key, r.action, after(r).get("model")) for r in found] == [
        ("fan-t2", "create", "FAN-T2"),
        ("pwr-c1-715wac", "create", "PWR-C1-715WAC"),
        ("sfp-10g-lr", "create", "SFP-10G-LR"),
    ]
    assert [r.action for r in rows(plan, "modules")] == ["create", "create", "create", "create"]


@pytest.mark.parametrize(("model", "other"), [("FAN-T3", "fan-t3"), ("FAN-T4", "FAN-T4")])
@together("no types", **TYPED)
def test_a_model_that_several_manufacturers_are_said_to_make_is_nobodys(
    case: Case, model: str, other: str
) -> Steps:
    """Nor does the one that NetBox has get it, though the model is written alike."""
    add_two_fans(case, model, other, entPhysicalMfgName="Delta")
    plan = yield MAKING
    found = row(case.whole, "module_types", model.lower())
    assert (found.action, found.reason) == (
        "blocked",
        f"several manufacturers are said to make {model}; map manufacturers, or create it",
    )
    assert [r.action for r in rows(plan, "modules")] == ["blocked", "blocked", "create", "create"]


def add_two_parts_in_one_bay(case: Case) -> None:
    found = add_switch(case.state, case.prefix)
    types(case)
    case.device("sw1")
    parts = [part for part in case.state.inventory if part["device_id"] == found["device_id"]]
    parts[3]["entPhysicalName"] = "FAN 2"
    parts[4]["entPhysicalModelName"] = "FAN-T1"


@together(**TYPED)
def test_two_parts_in_one_bay_are_a_conflict(case: Case) -> Steps:
    add_two_parts_in_one_bay(case)
    reason = "2 parts of this device are in a bay of the name FAN 2; tell them apart by mappings.module_rules"
    plan = yield
    assert told(plan)[:2] == [
        ("sw1 FAN 2 (1)", "conflict", reason),
        ("sw1 FAN 2 (2)", "conflict", reason),
    ]


@together(**TYPED)
def test_a_rule_that_leaves_no_name_leaves_the_part_out(case: Case) -> Steps:
    add_two_parts_in_one_bay(case)
    plan = yield MOVED
    assert [r.key for r in rows(plan, "modules")] == ["sw1 Power Supply Bay A", "sw1 Te1/1/1"]


@pytest.mark.parametrize(
    ("unread", "gone", "why"),
    [
        # The inventory shows the optic all the same, as a part.
        ("/devices/{}/transceivers", ["Te1/1/1"], "it may be part 8 of sw1, which is not taken as a module"),
        (
            "/inventory/{}/all",
            ["FAN 1", "Power Supply Bay A"],
            "not in the inventory that LibreNMS shows, but that is no evidence: ",
        ),
    ],
)
@together(**APPLIED)
def test_an_inventory_that_was_read_in_part_moves_and_misses_nothing(
    case: Case, unread: str, gone: list[str], why: str
) -> Steps:
    """The inventory lists an optic too, in a separate bay: that does not make a second module. With everything read the
    switch is in sync: test_bays_and_modules_are_written_and_then_in_sync."""
    found = add_switch(case.state, case.prefix)
    types(case)
    yield {"write": True}
    case.server.fail_always(status=400, path_prefix=unread.format(found["device_id"]))
    plan = yield
    assert [(r.resource, r.key) for r in plan.rows if r.is_change] == []
    assert [(r.key, r.action) for r in rows(plan, "modules")] == [
        (f"sw1 {bay} (gone)", "blocked") for bay in gone
    ]
    assert all((r.reason or "").startswith(why) for r in rows(plan, "modules"))


def test_an_old_librenms_shows_no_transceivers(pipeline: Pipeline, state: LibreNMSState) -> None:
    """The snapshot says so, and reads the rest."""
    add_switch(state)
    with LabLibreNMS(state, token="lnms-token", version="23.11.0") as old:
        pipeline.configure(url=old.url, inventory=True)
        manifest = pipeline.snapshot()
    assert "LibreNMS 23.11.0 gives no transceivers (24.10 and newer do)" in " ".join(manifest.reasons)
