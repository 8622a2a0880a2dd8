"""Lists of changes as people see them: rows in, lines out; no server."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from netbox_sync_dagster.cli.console import SafeConsole
from netbox_sync_dagster.cli.listing import Layout, print_rows
from netbox_sync_dagster.compare.plan import DiffRow, FieldDiff

NOW = "20261129T080000000Z-0001"
ON = {"type": "dcim.interface"}


def row(resource: str, key: str, action: str = "update", *, parent: str = "sw1", **more: Any) -> DiffRow:
    """A row; ``fields``: {name: (before, after)}."""
    fields = tuple(FieldDiff(name, *values) for name, values in more.pop("fields", {}).items())
    types = {"devices": "dcim/devices", "ip_addresses": "ipam/ip-addresses", "primary_ips": "dcim/devices"}
    is_change = action in ("create", "update", "delete")
    content = {
        **{
            "endpoint": "lib",
            "diff_id": NOW,
            "change_id": sha256(f"{resource} {key}".encode()).hexdigest()[:32],
        },
        **{"object_type": types.get(resource, "dcim/interfaces"), "netbox_id": None, "target": None},
        **{"last_updated": None, "reason": None, "depends_on": (), "first_diff": None, **more},
    }
    if not is_change:
        content["change_id"] = ""
    return DiffRow(resource=resource, key=key, action=action, parent=parent, fields=fields, **content)


def printed(rows: list[DiffRow], limit: int | None = 10, width: int = 0, **layout: Any) -> list[str]:
    """The lines of the list; with ``width`` those of a terminal."""
    out = io.StringIO()
    console: Console = SafeConsole(
        file=out,
        width=width or 10_000,
        force_terminal=bool(width),
        no_color=True,
        highlight=False,
        markup=False,
    )
    print_rows(console, rows, limit=limit, layout=Layout(8, **layout))
    return [line.rstrip() for line in Text.from_ansi(out.getvalue()).plain.splitlines()]


def ports(device: str, numbers: range, **fields: Any) -> list[DiffRow]:
    """Ports of a device that get these fields."""
    return [
        row("interfaces", f"{device} Ethernet1/{number}", parent=device, fields=fields) for number in numbers
    ]


def test_ports_that_change_alike_are_one_line() -> None:
    rows = [
        *ports("sw1", range(1, 13), mode=(None, "access"), untagged_vlan=(None, 10)),
        *ports("sw2", range(1, 5), mode=(None, "access"), untagged_vlan=(None, 20)),
        *ports("sw3", range(1, 2), mode=(None, "access"), untagged_vlan=(None, 20)),
    ]
    assert printed(rows) == [
        "interfaces  17 changes: 17 update",
        '  ~ 17 interfaces of sw1 (12), sw2 (4) and 1 more: mode: none -> "access", untagged_vlan',
        "  --all lists each object",
        "17 changes: 17 update",
    ]


def test_everything_is_listed_where_it_fits_or_on_request_in_natural_order() -> None:
    rows = ports("sw1", range(9, 12), mtu=(1500, 9000))[::-1]
    heads = [line.split("  [")[0] for line in printed(rows) if "sw1" in line]
    assert heads == [f"  ~ update sw1 Ethernet1/{number}" for number in (9, 10, 11)]
    many = ports("sw1", range(1, 40), mtu=(1500, 9000))
    assert len(printed(many, limit=None)) == 2 + 2 * 39
    assert len(printed(many)) == 4


def test_updates_that_only_set_the_id_of_the_source_are_a_number() -> None:
    rows = ports("sw1", range(1, 9), **{"cf.librenms_id": (None, {"lib": 1})})
    assert printed(rows)[1] == "  ~ 8 interfaces of sw1: only their ids in the source"


def test_questions_come_first_and_equal_ones_are_one_line() -> None:
    rows = [
        *ports("sw1", range(1, 9), mtu=(1500, 9000)),
        *(
            row("cables", f"cable {number}", "blocked", cause="may_not_create", reason="policies say no")
            for number in range(1, 6)
        ),
        row("interfaces", "sw1 Vl1", "blocked", cause="needs_held_row", reason="needs cables"),
        row("vlans", "10 in paris", "conflict", cause="same_name", reason="two VLANs have the name"),
    ]
    assert printed(rows) == [
        "questions  1 conflict, 6 blocked",
        "  ! conflict vlans 10 in paris  two VLANs have the name",
        "  # blocked cables cable 1 and 4 more  policies say no",
        "  # 1 row waits for one of these",
        "interfaces  8 changes: 8 update",
        "  ~ 8 interfaces of sw1: mtu: 1500 -> 9000",
        "  --all lists each object",
        "8 changes: 8 update; 7 questions: 1 conflict, 6 blocked",
    ]


def test_many_questions_of_a_cause_are_one_line_and_what_netbox_lacks_comes_first() -> None:
    def lacking(number: int) -> dict[str, Any]:
        subject = {"field": "device type" if number % 3 else "role", "word": f"word {number}"}
        asked = {"cause": "unmapped", "subject": json.dumps(subject), "reason": f"no {number}"}
        return asked | {"questions": json.dumps({"": {"whole": f"w{number}", "cause": f"c{number}"}})}

    def named(number: int) -> dict[str, Any]:
        return {
            "cause": "same_name",
            "subject": json.dumps({"name": f"{number}"}),
            "reason": f"reason {number}",
        }

    rows = [
        *(row("devices", f"sw{number}", "blocked", **lacking(number)) for number in range(30)),
        *(row("vlans", f"{number} in paris", "conflict", **named(number)) for number in range(20)),
        row("interfaces", "sw1 Vl1", "blocked", cause="needs_held_row", reason="needs sw1"),
    ]
    assert printed(rows)[:4] == [
        "questions  20 conflict, 31 blocked",
        "  # 30 devices blocked  no device type (20), no role (10), e.g. sw0: no 0",
        "  ! conflict vlans 0 in paris and 19 more  reason 0  20 rows with such a cause",
        "  # 1 row waits for one of these",
    ]


def test_questions_leave_the_changes_the_lines_that_they_need() -> None:
    rows = [
        *(row("vlans", f"{number} in paris", "conflict", reason=f"reason {number}") for number in range(30)),
        *ports("sw1", range(1, 9), mtu=(1500, 9000)),
        *ports("sw1", range(10, 19), mode=(None, "access")),
    ]
    lines = printed(rows)
    assert lines[7:] == [
        "  … and 24 more rows ask something",
        "interfaces  17 changes: 17 update",
        '  ~ 9 interfaces of sw1: mode: none -> "access"',
        "  ~ 8 interfaces of sw1: mtu: 1500 -> 9000",
        "  --all lists each object",
        "17 changes: 17 update; 30 questions: 30 conflict",
    ]


def test_a_port_with_its_address_is_one_object() -> None:
    port = {"ref": "interfaces", "key": "sw1 Vl10", "name": "Vl10"} | ON
    rows = [
        row("interfaces", "sw1 Vl10", "create", fields={"name": (None, "Vl10")}),
        row(
            "ip_addresses",
            "10.0.0.1",
            "create",
            fields={"assigned_object": (None, port), "dns_name": (None, "a")},
        ),
        row("primary_ips", "sw1 IPv4", fields={"primary_ip4": (None, {"id": 1, "name": "10.0.0.1"})}),
    ]
    lines = [line.split("  [")[0] for line in printed(rows)]
    assert lines == [
        "devices  1 change: 1 update",
        "  ~ update sw1",
        "      primary_ip4: none -> 10.0.0.1",
        "interfaces  2 changes of 1 object: 2 create",
        "  + create sw1 Vl10",
        '      name: "Vl10"',
        '      + ip_addresses 10.0.0.1: dns_name: "a"',
        "3 changes of 2 objects: 2 create, 1 update",
    ]


def test_objects_with_one_name_are_listed_apart_with_their_ids() -> None:
    rows = [
        row(
            "mac_addresses",
            f"sw1.{site} eth0 M",
            "create",
            parent=f"sw1.{site}",
            fields={"assigned_object": (None, {"id": number, "name": "sw1 eth0"} | ON)},
        )
        for number, site in ((1, "paris"), (2, "lyon"))
    ]
    paris, lyon = (one.change_id[:8] for one in rows)
    assert printed(rows) == [
        "interfaces  2 changes: 2 create",
        "  ~ update sw1 eth0  NetBox id 1",
        f"      + mac_addresses sw1.paris eth0 M  [{paris}]",
        "  ~ update sw1 eth0  NetBox id 2",
        f"      + mac_addresses sw1.lyon eth0 M  [{lyon}]",
        "2 changes: 2 create",
    ]
    assert printed(rows, limit=4, by_device=True) == [
        "sw1.lyon  1 change: 1 create",
        f"  ~ update sw1 eth0  [{lyon}]  NetBox id 2  interfaces: with mac_addresses",
        "sw1.paris  1 change: 1 create",
        f"  ~ update sw1 eth0  [{paris}]  NetBox id 1  interfaces: with mac_addresses",
        "  --all lists each object",
        "2 changes: 2 create",
    ]


def test_updates_that_come_with_new_objects_are_shown_with_an_example() -> None:
    rows = []
    for number in range(1, 9):
        name, address = f"vm{number}", {"id": number, "name": f"10.0.0.{number}"}
        vm = {"object_type": "virtualization/virtual-machines", "parent": name}
        rows += [
            row("virtual_machines", name, "create", fields={"name": (None, name)}, **vm),
            row("primary_ips", f"{name} IPv4", fields={"primary_ip4": (None, address)}, **vm),
        ]
    assert printed(rows) == [
        "virtual_machines  16 changes of 8 objects: 8 create, 8 update",
        "  + 8 virtual_machines vm1, vm2 and 6 more",
        "also  8 changes: 8 update",
        "  ~ 8 primary_ips, e.g. vm1 IPv4: primary_ip4: none -> 10.0.0.1",
        "  --all lists each object",
        "16 changes of 8 objects: 8 create, 8 update",
    ]


def test_every_action_has_an_example_however_many_kinds_of_another_come_first() -> None:
    rows = [
        *(row("devices", f"sw{number}", "update", fields={f"cf.f{number}": (1, 2)}) for number in range(40)),
        row("cables", "a <-> b", "update", fields={"label": ("old", "new"), "color": (None, "red")}),
        *(row("cables", f"c{number} <-> d", "delete", object_type="dcim/cables") for number in range(30)),
    ]
    lines = printed(rows, limit=12)
    assert lines[-4:] == [
        "also  30 changes: 30 delete",
        "  - 30 cables, e.g. c0 <-> d",
        "  … and 62 more objects: 31 devices, 31 cables; --all lists each object",
        "71 changes: 41 update, 30 delete",
    ]
    assert len(lines) == 14


def test_kinds_of_update_without_a_common_value_show_one() -> None:
    rows = [row("devices", f"sw{number}", fields={"serial": (None, f"FOC{number}")}) for number in range(20)]
    assert printed(rows)[1].split(": ", 1)[1] in {
        f'serial: e.g. none -> "FOC{number}"' for number in range(20)
    }


def test_by_device() -> None:
    rows = [
        row("tags", "prod", "create", parent="prod", object_type="extras/tags"),
        *ports("sw10", range(1, 5), mtu=(1500, 9000)),
        *ports("sw9", range(1, 5), mtu=(1500, 9000)),
    ]
    lines = [line.split("  [")[0] for line in printed(rows, by_device=True)]
    assert lines[:-2] == [
        "without a device  1 change: 1 create",
        "  + create prod",
        "sw9  4 changes: 4 update",
        "  ~ 4 interfaces: mtu: 1500 -> 9000",
        "sw10  4 changes: 4 update",
        "  ~ 4 interfaces: mtu: 1500 -> 9000",
    ]


def test_what_is_new_and_how_long_the_rest_has_been_there() -> None:
    ago = datetime.now(UTC) - timedelta(days=3, minutes=5)
    old = f"{ago:%Y%m%dT%H%M%S}000Z-0001"
    rows = [
        row("interfaces", "sw1 Gi1", fields={"mtu": (1500, 9000)}, first_diff=NOW),
        row("interfaces", "sw1 Gi2", fields={"mtu": (1500, 9000)}, first_diff=old),
        row("vlans", "10 in paris", "conflict", first_diff=old),
    ]
    assert [
        line.split("  ")[-1] for line in printed(rows, ages=True) if line.startswith("  ") and line[2] != " "
    ] == [
        "for 3 d",
        "new",
        "for 3 d",
    ]
    assert printed(rows + ports("sw1", range(20, 30), mtu=(1500, 9000)), ages=True)[3].endswith(
        ": mtu: 1500 -> 9000  1 new"
    )
    assert not any("for 3 d" in line for line in printed(rows, ages=True, usual=old))
    assert not any("new" in line or "for 3 d" in line for line in printed(rows))


def test_what_was_decided_is_counted() -> None:
    rows = ports("sw1", range(1, 9), mtu=(1500, 9000))
    notes = {one.change_id: "approved" for one in rows[:3]}
    assert printed(rows, notes=notes)[1].endswith("  3 of 8 approved")
    notes = {one.change_id: "rejected" for one in rows}
    assert printed(rows, notes=notes)[1].endswith("  rejected")


@pytest.mark.parametrize("width", [60, 100])
def test_a_narrow_terminal_breaks_lines_between_words_and_indents_them(width: int) -> None:
    long = "par-acc-stack1 is the name of two devices in NetBox, and nothing says which of them it is"
    rows = [
        row("vlans", "10 in paris", "conflict", reason=long),
        *ports("sw1", range(1, 20), mtu=(1500, 9000)),
    ]
    lines = printed(rows, width=width)
    assert all(len(line) <= width for line in lines)
    wrapped = [line for line in lines if line.startswith("        ")]
    assert wrapped, lines
    assert (
        " ".join(line.strip() for line in lines[1 : 2 + len(wrapped)])
        == f"! conflict vlans 10 in paris  {long}"
    )
