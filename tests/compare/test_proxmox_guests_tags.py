"""Tags of guests: which of them are put on virtual machines, and which are taken off."""

from __future__ import annotations

from tests.compare.guests import APPLY, PLAIN, SYNC, GuestCase, Steps, share_cluster
from tests.support import after, before, row, rows

ESTATE = "guests of paris"
VMS = "virtualization/virtual-machines"


@share_cluster(**PLAIN)
def test_only_tags_from_proxmox_are_taken_off(case: GuestCase) -> Steps:
    """P31 and the ownership of tags."""
    guest = case.cluster.add_qemu(131, node="pve1", name="tagged", tags="web;prod")
    case.cluster.add_qemu(136, node="pve1", name="tagged-too", tags="web;prod")
    yield APPLY
    case.netbox.create("extras/tags", name="ops", slug="ops")
    for name in ("tagged", "tagged-too"):
        known = case.netbox.one(VMS, name=name)
        case.netbox.edit(VMS, known["id"], tags=[{"slug": "ops"}, {"slug": "prod"}, {"slug": "web"}])
    guest.tags = "web;new"
    plan = yield APPLY
    [found] = plan.changes
    assert (found.key, before(found), after(found)) == (
        "tagged",
        {"tags": ["ops", "prod", "web"]},
        {"tags": ["new", "ops", "web"]},
    )
    plan = yield SYNC
    assert plan.changes == []
    assert [tag["slug"] for tag in case.netbox.one(VMS, name="tagged")["tags"]] == ["new", "ops", "web"]


@share_cluster(**PLAIN)
def test_a_tag_that_was_there_before_is_never_taken_off(case: GuestCase) -> Steps:
    names = {132: "tagged-before", 137: "tagged-before-too"}
    guests = [case.cluster.add_qemu(vmid, node="pve1", name=name) for vmid, name in names.items()]
    yield APPLY
    case.netbox.create("extras/tags", name="early", slug="early")
    for name in names.values():
        known = case.netbox.one(VMS, name=name)
        case.netbox.edit(VMS, known["id"], tags=[{"slug": "early"}])
    guests[0].tags = "early;prod"
    guests[1].tags = "early"
    plan = yield APPLY
    assert [(r.key, after(r)) for r in plan.changes] == [("tagged-before", {"tags": ["early", "prod"]})]
    for guest in guests:
        guest.tags = ""
    yield APPLY
    for name in names.values():
        assert [tag["slug"] for tag in case.netbox.one(VMS, name=name)["tags"]] == ["early"]


@share_cluster(**PLAIN)
def test_a_tag_taken_off_in_netbox_is_not_put_on_again(case: GuestCase) -> Steps:
    case.cluster.add_qemu(133, node="pve1", name="untagged", tags="web;prod")
    yield APPLY
    known = case.netbox.one(VMS, name="untagged")
    case.netbox.edit(VMS, known["id"], tags=[{"slug": "web"}])
    plan = yield SYNC
    assert plan.changes == []
    found = row(plan, "virtual_machines", "untagged")
    assert (found.action, found.fields[0].reason) == (
        "drifted",
        "taken off in NetBox since netbox-sync put it on: prod",
    )


@share_cluster(**PLAIN)
def test_a_tag_that_someone_renamed_in_netbox_is_no_second_tag(case: GuestCase) -> Steps:
    case.cluster.add_qemu(231, node="pve1", name="tagged-1", tags="stage")
    yield APPLY
    tag = case.netbox.one("extras/tags", slug="stage")
    case.netbox.edit("extras/tags", tag["id"], name="Staging", slug="staging")
    case.cluster.add_qemu(232, node="pve1", name="tagged-2", tags="stage")
    plan = yield SYNC
    assert [r.key for r in rows(case.whole, "tags") if r.key.startswith("stag")] == []
    assert [(r.key, after(r)["tags"]) for r in rows(plan, "virtual_machines")] == [("tagged-2", ["staging"])]


@share_cluster(**PLAIN)
def test_a_tag_that_netbox_limits_to_devices_is_left_out(case: GuestCase) -> Steps:
    """NetBox would refuse the whole virtual machine."""
    case.netbox.create("extras/tags", name="rack", slug="rack", object_types=["dcim.device"])
    case.cluster.add_qemu(233, node="pve1", name="racked", tags="rack;desk")
    yield APPLY
    assert [tag["slug"] for tag in case.netbox.one(VMS, name="racked")["tags"]] == ["desk"]
    plan = yield SYNC
    assert plan.rows == ()


@share_cluster(**PLAIN)
def test_tags_take_the_colours_of_the_tag_style(case: GuestCase) -> Steps:
    case.cluster.options["tag-style"] = {"color-map": "red:ff0000:ffffff;green:00FF00"}
    case.cluster.add_qemu(146, node="pve1", name="coloured", tags="green;red;x.y")
    yield SYNC
    created = {r.key: (after(r)["name"], after(r).get("color")) for r in rows(case.whole, "tags")}
    assert {key: created[key] for key in ("red", "green", "x-y")} == {
        "red": ("red", "ff0000"),
        "green": ("green", "00ff00"),
        "x-y": ("x.y", "9a9c7f"),
    }
