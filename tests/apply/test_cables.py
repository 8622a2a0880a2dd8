"""Cables: both ends in one change, found again by what they connect."""

from __future__ import annotations

from netbox_sync_dagster.apply.client import NetBoxWriter
from netbox_sync_dagster.apply.natural_keys import differing, find_created
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of, ref
from tests.support import NetBox


def test_a_cable_between_new_interfaces(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    for name in ("Gi0/1", "Gi0/2"):
        fields = {"device": of(fixtures.device), "name": name, "type": "1000base-t"}
        draft.create("interfaces", name, fields)
    cable = draft.create(
        "cables",
        "Gi0/1 <-> Gi0/2",
        {
            "a_terminations": [ref("interfaces", "Gi0/1", type="dcim.interface")],
            "b_terminations": [ref("interfaces", "Gi0/2", type="dcim.interface")],
            "status": "connected",
        },
        object_type="dcim/cables",
    )
    result = harness.approve_and_apply(draft.publish(harness.warehouse))
    assert verdicts(result) == {"Gi0/1": "applied", "Gi0/2": "applied", "Gi0/1 <-> Gi0/2": "applied"}
    assert [v.message for v in result.verdicts] == ["", "", ""]
    made = netbox.one("dcim/cables", device_id=fixtures.device["id"])
    assert made["id"] == next(v.netbox_id for v in result.verdicts if v.change_id == cable)
    assert [made[side][0]["object"]["name"] for side in ("a_terminations", "b_terminations")] == [
        "Gi0/1",
        "Gi0/2",
    ]

    # After a lost answer it is found whichever end is called A, and no other cable is taken for it.
    ends = [
        [
            {
                "object_type": "dcim.interface",
                "object_id": netbox.one("dcim/interfaces", device_id=fixtures.device["id"], name=n)["id"],
            }
        ]
        for n in ("Gi0/1", "Gi0/2")
    ]
    sent = {"a_terminations": ends[1], "b_terminations": ends[0], "status": "connected"}
    third = netbox.create("dcim/interfaces", device=fixtures.device["id"], name="Gi0/3", type="1000base-t")
    other = {**sent, "b_terminations": [{"object_type": "dcim.interface", "object_id": third["id"]}]}
    with NetBoxWriter(harness.target) as writer:
        writer.connect()
        found = [
            [row["id"] for row in rows] for _, rows in find_created(writer, "dcim/cables", [sent, other])
        ]
    assert found == [[made["id"]], []]
    assert differing({**sent, "a_terminations": ends[0], "b_terminations": ends[1]}, made) == []

    again = Draft()
    again.delete("cables", "Gi0/1 <-> Gi0/2", made, object_type="dcim/cables")
    plan = again.publish(harness.warehouse)
    assert verdicts(harness.approve_and_apply(plan)) == {"Gi0/1 <-> Gi0/2": "applied"}
    assert netbox.all("dcim/cables", device_id=fixtures.device["id"]) == []
