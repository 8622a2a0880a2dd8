"""Answers last: over an undo, an upgrade, and a NetBox that was restored from a backup, where they lapse if they must."""

from __future__ import annotations

import json

from netbox_sync_lab.netbox import LabNetBox
from tests.cli.conftest import CliHarness
from tests.cli.test_resolve import rows
from tests.kept import backup, restore
from tests.support import NetBox


def two_of_one_name(netbox: NetBox) -> list[int]:
    """Two devices that sw1 could be."""
    common = {
        "role": netbox.one("dcim/device-roles", slug="access")["id"],
        "device_type": netbox.one("dcim/device-types", slug="c2960")["id"],
    }
    site = netbox.one("dcim/sites", slug="paris")["id"]
    tenant = netbox.create("tenancy/tenants", name="Lyon", slug="lyon")["id"]
    made = [
        netbox.create("dcim/devices", name="sw1", site=site, **common, **more)
        for more in ({}, {"tenant": tenant})
    ]
    return [device["id"] for device in made]


def pick(harness: CliHarness, netbox_id: int) -> None:
    harness.ok("resolve", "nms", "sw1", "--pick", str(netbox_id), "--yes", "--who", "ada")


def states(harness: CliHarness) -> list[str]:
    return [one["state"] for one in json.loads(harness.ok("resolutions", "nms", "--json"))["resolutions"]]


def apply(harness: CliHarness) -> None:
    harness.ok("approve", "nms", "--all-creates-and-updates", "--yes", "--override-limit", "taken over")
    harness.ok("apply", "nms", "--yes")


def test_an_answer_holds_after_its_apply_was_undone(harness: CliHarness, netbox: NetBox) -> None:
    ids = two_of_one_name(netbox)
    harness.ok("sync")
    assert rows(harness, "devices") == {"sw1": "conflict"}
    pick(harness, ids[0])
    first = rows(harness, "devices")
    assert first == {"sw1": "update"}
    apply(harness)

    name = harness.ok("undo", "--last").split(":")[0]
    harness.ok(
        "approve", name, "--action", "update", "--action", "delete", "--yes", "--override-limit", "undo"
    )
    harness.ok("apply", name, "--yes")
    harness.ok("sync")

    assert rows(harness, "devices") == first
    assert states(harness) == ["valid"]


# As the release that brought answers wrote it: what it asked is a hash of the cause and the ids of the candidates.
RECORDED = {
    "answer": "pick",
    "at": "2026-11-29T19:59:50.051208+00:00",
    "by": {
        "container": False,
        "host": "vm",
        "login": "",
        "login_by": "",
        "run": "",
        "uid": 0,
        "user": "root",
    },
    "cause": "several_devices",
    "diff_id": "20261129T195946069Z-4a18",
    "endpoint": "nms",
    "items": [
        {"field": None, "key": "sw1", "question": "f25846c7db714ccc91c41ea9235efeac", "resource": "devices"}
    ],
    "kind": "resolution",
    "netbox_id": 1,
    "resolution_id": "20261129T195950051Z-d1be",
    "section": None,
    "sentence": "several NetBox devices could be this one: sw1 (name)",
    "seq": 1795982390053,
    "through": "cli",
    "until": None,
    "value": None,
    "who": "ada",
    "why": "",
    "word": None,
}


def test_answers_of_an_earlier_release_are_read(harness: CliHarness, netbox: NetBox) -> None:
    assert two_of_one_name(netbox) == [1, 2]
    folder = harness.folder / "data" / "ledger" / "resolutions" / "nms"
    folder.mkdir(parents=True)
    (folder / "20261129.jsonl").write_text(json.dumps(RECORDED) + "\n", encoding="utf-8")
    harness.ok("sync")
    assert rows(harness, "devices") == {"sw1": "update"}
    assert states(harness) == ["valid"]


def test_a_netbox_restored_from_a_backup_keeps_the_answer(
    harness: CliHarness, netbox: NetBox, lab: LabNetBox
) -> None:
    ids = two_of_one_name(netbox)
    saved = backup(lab)
    harness.ok("sync")
    pick(harness, ids[0])
    apply(harness)
    harness.ok("sync")
    assert rows(harness, "devices") == {}

    restore(lab, saved)
    harness.ok("sync")
    # Which device it is stays answered; that NetBox lost what was written there is drift, as for every restored NetBox.
    assert rows(harness, "devices") == {"sw1": "drifted"}
    assert states(harness) == ["valid"]


def test_an_answer_lapses_if_the_backup_has_other_candidates(
    harness: CliHarness, netbox: NetBox, lab: LabNetBox
) -> None:
    ids = two_of_one_name(netbox)
    saved = backup(lab)
    common = {
        "role": netbox.one("dcim/device-roles", slug="access")["id"],
        "device_type": netbox.one("dcim/device-types", slug="c2960")["id"],
        "site": netbox.one("dcim/sites", slug="paris")["id"],
        "tenant": netbox.create("tenancy/tenants", name="Nice", slug="nice")["id"],
    }
    third = netbox.create("dcim/devices", name="sw1", **common)["id"]
    harness.ok("sync")
    pick(harness, third)
    assert rows(harness, "devices") == {"sw1": "update"}

    restore(lab, saved)
    harness.ok("sync")

    assert rows(harness, "devices") == {"sw1": "conflict"}
    assert states(harness) == ["lapsed"]
    assert "the answer of ada on " in harness.ok("diff", "nms", "--resource", "devices")
    pick(harness, ids[0])
    assert rows(harness, "devices") == {"sw1": "update"}
