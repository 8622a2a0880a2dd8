"""``diff`` as a person reads it: marks, ids and values, filters, files, and what is new."""

from __future__ import annotations

import json
import re
from typing import Any

from netbox_sync_lab.librenms import LabLibreNMS
from tests.cli.conftest import CliHarness
from tests.support import NetBox


def rows_of(harness: CliHarness) -> list[dict[str, Any]]:
    """The rows of the diff."""
    return list(json.loads(harness.ok("diff", "--json"))["diffs"][0]["rows"])


def test_the_diff_shows_marks_ids_and_values(synced: CliHarness, netbox: NetBox) -> None:
    text = synced.ok("diff", "nms", "--resource", "interfaces")
    document = json.loads(synced.ok("diff", "--json"))["diffs"][0]

    ids = {row["key"]: row["change_id"] for row in document["rows"] if row["resource"] == "interfaces"}
    assert text.splitlines()[1:] == [
        "interfaces  2 changes: 2 create",
        f"  + create sw1 Gi0/1  [{ids['sw1 Gi0/1'][:8]}]",
        "      device: sw1",
        '      name: "Gi0/1"',
        '      type: "1000base-t"',
        "      enabled: true",
        "      mtu: 1500",
        "      speed: 1000000",
        '      description: "to the roof"',
        '      mode: "access"',
        "      untagged_vlan: 50",
        '      cf.librenms_id: {"nms": 1}',
        f"  + create sw1 Gi0/2  [{ids['sw1 Gi0/2'][:8]}]",
        "      device: sw1",
        '      name: "Gi0/2"',
        '      type: "1000base-t"',
        "      enabled: true",
        "      mtu: 1500",
        "      speed: 1000000",
        '      description: "printer"',
        '      mode: "access"',
        "      untagged_vlan: 50",
        '      cf.librenms_id: {"nms": 2}',
        "2 changes: 2 create",
    ]
    assert document["endpoint"] == "nms"
    assert document["counts"] == {"create": 7, "update": 2}
    mac = next(row for row in document["rows"] if row["resource"] == "primary_macs")
    assert (mac["action"], mac["key"], mac["state"]) == ("update", "sw1 Gi0/1", "waiting")
    assert mac["fields"][0]["field"] == "primary_mac_address"
    assert mac["fields"][0]["before"] is None
    assert ids["sw1 Gi0/1"] in mac["depends_on"]


def test_diff_filters_limits_and_files(synced: CliHarness) -> None:
    assert synced.ok("diff", "--action", "update").endswith("\n2 changes: 2 update\n")
    assert synced.ok("diff", "--action", "update,create") == synced.ok("diff")
    assert synced.ok("diff", "--field", "vid").endswith("\n1 change: 1 create\n")
    # The device itself, and its dependents.
    device = synced.ok("diff", "--device", "sw1", "--resource", "devices,vlans")
    assert device.endswith("\n1 change: 1 create\n")
    for option, name, error in (
        ("--device", "sw2", "no such device, virtual machine or cluster; did you mean sw1?"),
        ("--field", "vidd", "no row has this field; did you mean vid?"),
    ):
        wrong = synced.run("diff", option, name)
        assert (wrong.code, wrong.err) == (1, f"error: {option} {name}: {error}\n")
    # More than a screen: what changes alike is one line.
    ids = {row["resource"] + row["key"]: row["change_id"][:8] for row in rows_of(synced)}
    assert synced.ok("diff").splitlines()[1:] == [
        "custom_fields  1 change: 1 create",
        f"  + create librenms_id  [{ids['custom_fieldslibrenms_id']}]",
        "devices  2 changes of 1 object: 1 create, 1 update",
        f"  + create sw1  [{ids['devicessw1']} +1]",
        "vlans  1 change: 1 create",
        f"  + create 50 in paris  [{ids['vlans50 in paris']}]",
        "interfaces  5 changes of 2 objects: 4 create, 1 update",
        "  + 2 interfaces of sw1: 1 with mac_addresses, 1 with ip_addresses",
        "also  2 changes: 2 update",
        "  ~ update primary_macs sw1 Gi0/1: primary_mac_address: none -> 84:BF:20:85:3E:00",
        "  ~ update primary_ips sw1 IPv4: primary_ip4: none -> 10.0.0.5",
        "  --all lists each object",
        "9 changes of 5 objects: 7 create, 2 update",
    ]
    assert synced.ok("diff", "--by", "device").splitlines()[-8:-5] == [
        "sw1  7 changes of 3 objects: 5 create, 2 update",
        f"  + create sw1  [{ids['devicessw1']} +1]  devices",
        "  + 2 interfaces: 1 with mac_addresses, 1 with ip_addresses",
    ]
    everything = synced.ok("diff", "--all")
    # A port with its addresses is one object; each of its changes has an id.
    assert [
        line for line in everything.splitlines() if "Gi0/1" in line or "84:BF" in line or "10.0.0.5" in line
    ] == [
        f"      primary_ip4: none -> 10.0.0.5  [{ids['primary_ipssw1 IPv4']}]",
        f"  + create sw1 Gi0/1  [{ids['interfacessw1 Gi0/1']}]",
        '      name: "Gi0/1"',
        f"      primary_mac_address: none -> 84:BF:20:85:3E:00  [{ids['primary_macssw1 Gi0/1']}]",
        f'      + ip_addresses 10.0.0.5: address: "10.0.0.5/24", status: "active"  [{ids["ip_addresses10.0.0.5"]}]',
        f"      + mac_addresses 84:BF:20:85:3E:00  [{ids['mac_addressessw1 Gi0/1 84:BF:20:85:3E:00']}]",
    ]
    assert synced.ok("diff", "--out", "plan.txt") == ""
    assert (synced.folder / "plan.txt").read_text(encoding="utf-8") == everything
    synced.ok("diff", "--json", "--out", "plan.json")
    assert len(json.loads((synced.folder / "plan.json").read_text(encoding="utf-8"))["diffs"][0]["rows"]) == 9

    wrong = synced.run("diff", "--action", "modify")
    assert wrong.code == 1
    assert wrong.err == (
        "error: --action modify: no such action; known: create, update, delete, conflict, blocked, drifted, acknowledged\n"
    )


def test_what_is_new_since_the_previous_diff(synced: CliHarness, nms: LabLibreNMS) -> None:
    first = synced.ok("diff", "--all").splitlines()
    assert re.fullmatch(r"nms: diff of \S+ \S+ UTC", first[0])
    nms.state.ports[1]["ifAlias"] = "coffee machine"
    synced.ok("sync")
    both = synced.ok("diff", "--all").splitlines()
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(
        rf"nms: diff of {stamp}:\d\d UTC; 1 new since the one of {stamp}, most of the others have been there since {stamp}",
        both[0],
    )
    assert [line.split("  [")[0] for line in both if line.endswith("  new")] == ["  + create sw1 Gi0/2"]
    port = next(number for number, line in enumerate(both) if line.startswith("  + create sw1 Gi0/2"))
    new = synced.ok("diff", "--new").splitlines()
    assert new[1:] == ["interfaces  1 change: 1 create", *both[port:-1], "1 change: 1 create"]
    rows = json.loads(synced.ok("diff", "--json", "--new"))["diffs"][0]["rows"]
    assert [(row["key"], row["first_seen"][:10]) for row in rows] == [("sw1 Gi0/2", both[0].split()[3])]
