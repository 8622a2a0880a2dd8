"""What NetBox refuses: the bad change is named, the good ones go on, and the run is not green."""

from __future__ import annotations

import pytest

from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures, verdicts
from tests.apply.drafts import Draft, of, ref
from tests.support import NetBox


def test_one_invalid_create_among_200_fails_with_netbox_message(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    for n in range(200):
        kind = "no-such-type" if n == 137 else "1000base-t"
        draft.create("interfaces", f"p{n}", {"device": of(fixtures.device), "name": f"p{n}", "type": kind})

    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert result.counts["applied"] == 199 and result.counts["failed"] == 1
    failed = next(v for v in result.verdicts if v.verdict == "failed")
    assert (failed.key, failed.message) == ("p137", "type: no-such-type is not a valid choice.")
    assert not result.ok
    assert len(netbox.all("dcim/interfaces", device_id=fixtures.device["id"])) == 199


def test_one_invalid_update_among_100_is_found(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    rows = netbox.http.post(
        "dcim/interfaces/",
        json=[{"device": fixtures.device["id"], "name": f"p{n}", "type": "other"} for n in range(100)],
    ).json()
    for n, row in enumerate(rows):
        draft.update("interfaces", row["name"], row, {"mtu": (None, -5 if n == 42 else 9000)})

    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    failed = [v for v in result.verdicts if v.verdict == "failed"]
    assert [v.key for v in failed] == ["p42"] and "mtu" in failed[0].message
    assert result.counts["applied"] == 99


def test_a_protected_object_is_not_deleted_and_the_others_are(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    free = netbox.create("extras/tags", name=f"free {fixtures.suffix}", slug=f"free-{fixtures.suffix}")
    draft = Draft()
    draft.delete("sites", "Paris", fixtures.site, object_type="dcim/sites")
    draft.delete("tags", "free", free)

    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert verdicts(result) == {"Paris": "blocked", "free": "applied"}
    assert result.verdicts[0].message == (
        f"device {fixtures.device['name']} in NetBox would go with it or lose it, and no change says so"
    )


def test_a_delete_that_netbox_protects_after_all_fails(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox
) -> None:
    free = lab_netbox.create("extras/tags", name="free", slug="free")
    draft = Draft()
    draft.delete("tags", "free", free)
    server.fail_next(status=409, method="DELETE")

    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))

    assert [(v.verdict, v.message) for v in result.verdicts] == [("failed", "NetBox answered 409")]


def test_a_missing_permission_is_named_and_other_types_are_written(
    server: LabNetBox,
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    view = {"view"}
    header = server.add_token(
        "limited",
        {
            "dcim.device": view,
            "dcim.interface": {"view", "add"},
            "ipam.vlan": view,
            "ipam.vlangroup": view,
        },
    )
    monkeypatch.setenv("NETBOX_TOKEN", header.partition(" ")[2])
    draft = Draft()
    for vid in range(10, 10 + 3 * 100):
        draft.create("vlans", str(vid), {"vid": vid, "name": str(vid), "group": of(lab_fixtures.group)})
    draft.create("interfaces", "p", {"device": of(lab_fixtures.device), "name": "p", "type": "other"})
    draft.create(
        "interfaces",
        "q",
        {
            "device": of(lab_fixtures.device),
            "name": "q",
            "type": "other",
            "untagged_vlan": ref("vlans", "10"),
        },
    )
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X")})
    lab_harness.configure(max_in_flight=1)

    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))

    assert result.counts == {"applied": 1, "stale": 0, "failed": 301, "blocked": 1, "uncertain": 0}
    messages = {v.message for v in result.verdicts if v.verdict == "failed"}
    assert messages == {
        "no permission ipam.add_vlan: You do not have permission to perform this action.; "
        "give the token's user that right",
        "no permission dcim.change_device: You do not have permission to perform this action.; "
        "give the token's user that right",
    }
    # The first refusal speaks for the whole type.
    assert server.count("POST", "/api/ipam/vlans/") == 1
    assert verdicts(result)["p"] == "applied" and verdicts(result)["q"] == "blocked"


def test_a_create_whose_key_is_taken_fails_with_netbox_message(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    draft.create("interfaces", "p", {"device": of(fixtures.device), "name": "p", "type": "other"})
    plan = draft.publish(harness.warehouse)
    harness.approve(plan)
    netbox.create("dcim/interfaces", device=fixtures.device["id"], name="p", type="1000base-t")

    result = harness.apply(plan)

    assert verdicts(result) == {"p": "failed"}
    assert "unique set" in result.verdicts[0].message or "already exists" in result.verdicts[0].message


def test_two_creates_of_one_name_do_not_spoil_their_batch(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    for key, name in (("a", "p"), ("b", "p"), ("c", "q")):
        draft.create("interfaces", key, {"device": of(fixtures.device), "name": name, "type": "other"})

    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert sorted(verdicts(result).values()) == ["applied", "applied", "failed"], result.verdicts
    assert len(netbox.all("dcim/interfaces", device_id=fixtures.device["id"])) == 2


@pytest.mark.parametrize("server", ["4.2.9"], indirect=True)
def test_without_messages_in_the_changelog_two_creates_of_one_content_share_no_object(
    lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    test_two_creates_of_one_name_do_not_spoil_their_batch(lab_harness, lab_netbox, lab_fixtures)


def test_a_tag_that_does_not_exist_fails_its_own_change_only(
    harness: ApplyHarness, netbox: NetBox, fixtures: NetBoxFixtures
) -> None:
    rows = [
        netbox.create("dcim/interfaces", device=fixtures.device["id"], name=n, type="other")
        for n in ("a", "b")
    ]
    draft = Draft()
    draft.update("interfaces", "a", rows[0], {"tags": ([], [f"nope-{fixtures.suffix}"])})
    draft.update("interfaces", "b", rows[1], {"description": ("", "x")})

    result = harness.approve_and_apply(draft.publish(harness.warehouse))

    assert verdicts(result) == {"a": "failed", "b": "applied"}
    failed = next(v for v in result.verdicts if v.key == "a")
    assert f"nope-{fixtures.suffix}" in failed.message


def test_a_diff_row_that_was_tampered_with_is_refused(
    lab_harness: ApplyHarness, lab_fixtures: NetBoxFixtures
) -> None:
    from dataclasses import replace

    draft = Draft()
    draft.update("devices", "sw1", lab_fixtures.device, {"serial": ("", "X1")})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    field = replace(plan.rows[0].fields[0], after="X2")
    forged = replace(plan, rows=(replace(plan.rows[0], fields=(field,)),))

    result = lab_harness.apply(forged)

    assert [(v.verdict, v.message) for v in result.verdicts] == [
        ("failed", "its content is not what its change id stands for; make a new diff")
    ]


def test_a_wrong_token_is_one_sentence_and_nothing_is_written(
    server: LabNetBox, lab_harness: ApplyHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netbox_sync_dagster.server_errors import ServerError

    draft = Draft()
    draft.create("tags", "t", {"name": "t", "slug": "t"})
    plan = draft.publish(lab_harness.warehouse)
    lab_harness.approve(plan)
    monkeypatch.setenv("NETBOX_TOKEN", "f" * 40)

    with pytest.raises(ServerError, match=r"netbox: .*403") as caught:
        lab_harness.apply(plan)

    assert "f" * 40 not in str(caught.value)
    assert server.count("POST") == 0
