"""Members of a stack that NetBox has: another master, other positions."""

from __future__ import annotations

from tests.sql.estate import Estate
from tests.sql.kinds import GENEROUS, device, interface, part, port, told


def stack(
    shown: str, *serials: str, positions: tuple[int | None, ...] = (1, 2, 3), disowns: tuple[str, ...] = ()
) -> Estate:
    """LibreNMS's sw1 with the serial ``shown`` and these chassis, from position 1. NetBox has the chassis A, B and C at
    ``positions``; sw1, device 1, is A, the master, and holds LibreNMS's id."""
    policies = {**GENEROUS, "disowns": list(disowns)}
    estate = Estate("librenms", policies=policies, virtual_chassis=True, member_name="{name}-{serial}")
    device(estate, 1, "sw1", serial=f"FOC{shown}")
    part(estate, 1, 1, "stack")
    for position, serial in enumerate(serials, 1):
        part(
            estate,
            1,
            10 + position,
            "chassis",
            entPhysicalContainedIn=1,
            entPhysicalName=f"Switch {position}",
            entPhysicalSerialNum=f"FOC{serial}",
            entPhysicalModelName="C9300",
        )
    estate.add("netbox.virtual_chassis", id=1, name="sw1", master_id=1)
    for number, (serial, place) in enumerate(zip("ABC", positions, strict=False), 1):
        estate.add(
            "netbox.devices",
            id=number,
            name="sw1" if number == 1 else f"sw1-FOC{serial}",
            status="active",
            serial=f"FOC{serial}",
            virtual_chassis_id=place and 1,
            vc_position=place,
            cf={"librenms_id": {"lib": 1}} if number == 1 else {},
        )
    return estate


def changes(estate: Estate) -> list[tuple[str, str, int | None, dict[str, object]]]:
    return [
        (r.action, r.key, r.netbox_id, r.fields)
        for r in estate.rows()
        if r.resource in ("devices", "virtual_chassis", "virtual_chassis_members", "virtual_chassis_masters")
    ]


def test_another_master_of_a_stack_changes_nothing() -> None:
    """LibreNMS shows the serial of the member that is active now."""
    estate = stack("B", "A", "B", positions=(1, 2))
    for number, name in enumerate(("Gi1/0/1", "Gi2/0/1"), 1):
        port(estate, number, name)
        interface(estate, number, name, device=number, port=number)
    port(estate, 3, "Vlan1", ifType="l3ipvlan")
    interface(estate, 3, "Vlan1", type="virtual", port=3)
    assert [(r.action, r.key, r.reason) for r in estate.rows()] == []


def test_a_new_stack_has_the_master_that_librenms_shows() -> None:
    estate = stack("B", "A", "B", positions=())
    assert [(key, netbox_id) for _, key, netbox_id, _ in changes(estate)] == [
        ("sw1", None),
        ("sw1-FOCA", None),
    ]


def test_members_move_to_positions_that_are_free_or_become_free() -> None:
    """C moves to 4, B to 3, where C was."""
    estate = stack("A", "A", "X", "B", "C")
    assert [change for change in changes(estate) if change[0] == "update"] == [
        ("update", "sw1-FOCB", 2, {"vc_position": 3}),
        ("update", "sw1-FOCC", 3, {"vc_position": 4}),
    ]


def test_a_member_without_a_position_joins_only_together_with_one() -> None:
    estate = stack("A", "A", "B", positions=(1, None))
    [member] = [r for r in estate.rows() if r.resource == "virtual_chassis_members"]
    assert (member.action, member.fields) == (
        "update",
        {"virtual_chassis": {"id": 1, "name": "sw1"}, "vc_position": 2},
    )
    estate = stack("A", "A", "B", positions=(1, None), disowns=("virtual_chassis_members.vc_position",))
    assert told(estate, "virtual_chassis_members") == {
        "sw1-FOCB": (
            "conflict",
            "vc_position: policies.disowns names it; virtual_chassis: the device has no position in a virtual chassis in NetBox",
        )
    }


def test_members_do_not_change_places() -> None:
    """NetBox refuses a position that another member has, and neither can be first."""
    assert told(stack("A", "A", "C", "B"), "virtual_chassis_members") == {
        "sw1-FOCB": (
            "blocked",
            "NetBox has sw1-FOCC at position 3 of the virtual chassis, and accepts a position once",
        ),
        "sw1-FOCC": (
            "blocked",
            "NetBox has sw1-FOCB at position 2 of the virtual chassis, and accepts a position once",
        ),
    }


def test_a_member_takes_no_position_of_one_that_stays() -> None:
    """B is gone from the stack, and stays in NetBox at position 2."""
    assert told(stack("A", "A", "C"), "virtual_chassis_members", "virtual_chassis") == {
        "sw1-FOCC": (
            "blocked",
            "NetBox has sw1-FOCB at position 2 of the virtual chassis, and accepts a position once",
        ),
        "sw1: sw1-FOCB": ("drifted", "LibreNMS shows no such member of sw1"),
    }


def test_fabric_extenders_are_no_members_of_a_stack() -> None:
    """A Nexus lists each as a chassis; their ports are its own."""
    estate = Estate("librenms", policies=GENEROUS, virtual_chassis=True)
    device(estate, 1, "n5k", serial="SSI1", os="nxos")
    names = {149: "Nexus5548 Chassis", 101: "Fex-101 Nexus2248 Chassis", 102: "Fex-102 Nexus2248 Chassis"}
    for index, name in names.items():
        content = {"entPhysicalName": name, "entPhysicalSerialNum": f"SSI{index}"}
        part(estate, 1, index, "chassis", entPhysicalModelName="N2K", **content)
    estate.add("netbox.devices", id=1, name="n5k", status="active", cf={"librenms_id": {"lib": 1}})
    for number, name in ((1, "Ethernet1/1"), (2, "Ethernet101/1/1")):
        port(estate, number, name)
        interface(estate, number, name, port=number)
    assert [r for r in estate.rows() if r.resource not in ("devices", "custom_fields")] == []


def test_a_port_takes_no_interface_of_another_member_by_its_name() -> None:
    """Device types name the ports of each member Gi1/0/1. With its number, or on the stack's device, it is the port."""
    estate = stack("A", "A", "B", "C")
    for number, name in enumerate(("Gi1/0/1", "Gi1/0/2", "Gi2/0/3", "Gi3/0/1"), 1):
        port(estate, number, name)
    interface(estate, 11, "GigabitEthernet1/0/1", device=2)
    interface(estate, 12, "GigabitEthernet1/0/2", device=2, port=2)
    interface(estate, 13, "Gi2/0/3", device=1, port=3)
    interface(estate, 14, "Gi3/0/1", device=3, port=4)
    moved = "device: NetBox cannot move an interface to another device of the stack"
    assert told(estate, "interfaces") == {
        "sw1 Gi1/0/1": (
            "conflict",
            "NetBox has GigabitEthernet1/0/1 on sw1-FOCB, another member of the stack; only the name says that it is this"
            " port",
        ),
        "sw1 Gi1/0/2": ("drifted", moved),
        "sw1-FOCB Gi2/0/3": ("drifted", moved),
    }


def by_hand(*names: str, chassis: str = "core") -> Estate:
    """Someone entered the stack as these members, without serials and ids."""
    estate = stack("A", "A", "B", positions=(1, 2))
    estate.change("netbox.virtual_chassis", name=chassis)
    for number, name in enumerate(names, 1):
        estate.change("netbox.devices", number, name=name, serial="")
        estate.give_id("netbox.devices", number, {})
    return estate


def test_a_stack_that_someone_entered_under_other_names_is_a_question() -> None:
    question = (
        'NetBox has {} (id 1) as the master of the virtual chassis {}: if it is this device, enter {{"lib": 1}} in its'
        " librenms_id; if not, create this one in NetBox with that entry"
    )
    for estate, said in (
        (by_hand("sw1-1", "sw1-2"), question.format("sw1-1", "core")),
        (by_hand("SW1:M1", "SW1:M2"), question.format("SW1:M1", "core")),
        (by_hand("rack-a", "rack-b", chassis="SW1"), question.format("rack-a", "SW1")),
    ):
        assert told(estate, "devices", "virtual_chassis") == {
            "sw1": ("conflict", said),
            "sw1-FOCB": ("conflict", f"sw1 is not decided: {said}"),
        }


def test_an_answer_about_a_stack_is_one_about_its_members() -> None:
    estate = by_hand("sw1-1", "sw1-2")
    asked = estate.questions()["devices", "sw1", ""][1]
    estate.answer("devices", "sw1", "pick", asked, netbox_id=1)
    assert changes(estate) == [
        ("update", "sw1", 1, {"serial": "FOCA", "cf.librenms_id": {"lib": 1}}),
        ("update", "sw1-FOCB", 2, {"serial": "FOCB"}),
    ]


def test_a_stack_of_another_name_is_no_question() -> None:
    for names in (("sw10-1", "sw10-2"), ("sw12", "sw13"), ("sw1x-1", "sw1x-2")):
        assert {action for action, _ in told(by_hand(*names), "devices").values()} == {"blocked"}


def test_no_virtual_chassis_is_created_for_a_single_member() -> None:
    """Someone entered the stack as one device, and new devices are not imported."""
    estate = stack("A", "A", "B", positions=(None,))
    estate.change("netbox.virtual_chassis", name="other", master_id=None)
    assert told(estate, "virtual_chassis") == {
        "sw1": ("blocked", "NetBox has only one of its 2 members, and this diff creates no other one")
    }
