"""VLANs on ports, VLANs themselves, and the group a VID belongs to."""

from __future__ import annotations

import pytest

from netbox_sync_lab.librenms import LabLibreNMS
from tests.support import after, before, row, rows


@pytest.fixture
def switch(state):
    return state.add_device("sw1", hardware="C9300-48P")


def vlan_fields(found):
    values = after(found)
    untagged = values.get("untagged_vlan")
    tagged = values.get("tagged_vlans")
    return (
        values.get("mode"),
        untagged["name"].split()[0] if untagged else None,
        [item["name"].split()[0] for item in tagged] if tagged is not None else None,
    )


def test_access_trunk_and_none(pipeline, state, switch):
    """L11 to L14."""
    for vid in (50, 60, 90, 649):
        state.add_vlan(switch, vid, f"V{vid}")
    state.add_port(switch, "access", ifVlan="50", ifTrunk=None)
    trunk = state.add_port(switch, "trunk", ifVlan="90", ifTrunk="dot1Q")
    state.add_membership(trunk, 90, untagged=1)
    state.add_membership(trunk, 60, untagged=0)
    state.add_membership(trunk, 50, untagged=0)
    state.add_port(switch, "empty", ifVlan="")
    state.add_port(switch, "zero", ifVlan="0")
    only = state.add_port(switch, "only", ifVlan="1")
    state.add_membership(only, 649, untagged=1)
    plan = pipeline.sync()
    assert {r.key: vlan_fields(r) for r in rows(plan, "interfaces")} == {
        "sw1 access": ("access", "50", None),
        "sw1 trunk": ("tagged", "90", ["50", "60"]),
        "sw1 empty": (None, None, None),
        "sw1 zero": (None, None, None),
        "sw1 only": ("access", "649", None),
    }


def test_old_servers_know_no_tagged_vlans_and_clear_none(
    pipeline, state, switch, netbox, basics, device, monkeypatch
):
    """On LibreNMS 23.11 a trunk's tagged VLANs are unknown: what NetBox has stays."""
    state.add_vlan(switch, 90, "V90")
    state.add_port(switch, "trunk", ifVlan="90", ifTrunk="dot1Q")
    known = device("sw1")
    vlans = {
        vid: netbox.create("ipam/vlans", vid=vid, name=f"V{vid}", group=basics["group"]["id"])
        for vid in (60, 90)
    }
    netbox.create(
        "dcim/interfaces",
        device=known["id"],
        name="trunk",
        type="1000base-t",
        mode="tagged",
        tagged_vlans=[vlans[60]["id"]],
    )
    with LabLibreNMS(state, token="lnms-token", version="23.11.0") as old:
        pipeline.configure(url=old.url)
        found = row(pipeline.sync(), "interfaces", "sw1 trunk")
    assert vlan_fields(found) == (None, "90", None)


def test_several_untagged_vlans_without_a_native_one_are_undecided(pipeline, state, switch):
    for vid in (10, 20):
        state.add_vlan(switch, vid, f"V{vid}")
    port = state.add_port(switch, "Gi0/1", ifVlan=None)
    state.add_membership(port, 10, untagged=1)
    state.add_membership(port, 20, untagged=1)
    found = row(pipeline.sync(), "interfaces", "sw1 Gi0/1")
    undecided = next(f for f in found.fields if f.name == "untagged_vlan")
    assert (undecided.decision, undecided.reason) == (
        "conflict",
        "LibreNMS shows 2 untagged VLANs (10, 20) and no native one",
    )
    assert found.action == "create"
    assert "untagged_vlan" not in after(found)


def test_vid_above_4094_is_blocked_and_the_others_go_on(pipeline, state, switch):
    """L15."""
    state.add_vlan(switch, 14095, "internal")
    state.add_vlan(switch, 50, "data")
    plan = pipeline.sync()
    assert [(r.key, r.action, r.reason) for r in rows(plan, "vlans")] == [
        ("50 in paris-vlans", "create", None),
        ("VLAN 14095 of sw1", "blocked", "VID 14095 is outside 1 to 4094"),
    ]


def test_one_name_differs_and_one_vlan_is_missing(pipeline, state, switch, netbox, basics, device):
    """50 keeps its name in NetBox, or is one update of the name; 60 is a create."""
    state.add_vlan(switch, 50, "ORG_DATA")
    state.add_vlan(switch, 60, "VOICE")
    device("sw1")
    netbox.create("ipam/vlans", vid=50, name="DATA_VLAN", group=basics["group"]["id"])
    (kept, _) = rows(pipeline.sync(), "vlans")
    assert (kept.action, kept.key) == ("drifted", "50 in paris-vlans")
    pipeline.configure(policies={"owns": ["vlans.name"]})
    plan = pipeline.again()
    first, second = rows(plan, "vlans")
    assert (first.action, before(first), after(first)) == (
        "update",
        {"name": "DATA_VLAN"},
        {"name": "ORG_DATA"},
    )
    assert (second.action, after(second)["vid"], after(second)["name"]) == ("create", 60, "VOICE")
    assert after(second)["group"]["name"] == "Paris VLANs"


def test_devices_that_disagree_make_one_vlan_and_a_conflict_on_its_name(pipeline, state, switch):
    other = state.add_device("sw2", hardware="C9300-48P")
    state.add_vlan(switch, 50, "DATA")
    state.add_vlan(other, 50, "USERS")
    (found,) = rows(pipeline.sync(), "vlans")
    assert (found.action, after(found)["name"]) == ("create", "VLAN0050")
    name = next(f for f in found.fields if f.decision == "conflict")
    assert (name.name, name.reason) == ("name", "sources disagree: DATA (sw1), USERS (sw2)")


def test_one_name_on_two_vids_of_a_group(pipeline, state, switch):
    """NetBox takes a name once per group: neither VLAN gets it, and both say why."""
    state.add_vlan(switch, 10, "default")
    state.add_vlan(switch, 20, "users")
    state.add_vlan(switch, 30, "users")
    state.add_vlan(switch, 40, "<private>")
    plan = pipeline.sync()
    assert [(r.key, after(r)["name"]) for r in rows(plan, "vlans")] == [
        ("10 in paris-vlans", "VLAN0010"),
        ("20 in paris-vlans", "VLAN0020"),
        ("30 in paris-vlans", "VLAN0030"),
        ("40 in paris-vlans", "VLAN0040"),
    ]
    assert [f.reason for f in row(plan, "vlans", "20 in paris-vlans").fields if f.decision == "conflict"] == [
        "2 VLANs of the group have the name users; NetBox takes a name once"
    ]


@pytest.fixture
def place(netbox):
    """Rack 7 in room2 < floor1 < bldgA of site 1; site group dc < corp; region ams < nl < eu."""
    region = None
    regions = {}
    for name in ("eu", "nl", "ams"):
        region = netbox.create(
            "dcim/regions", name=name, slug=name, **({"parent": region["id"]} if region else {})
        )
        regions[name] = region
    corp = netbox.create("dcim/site-groups", name="corp", slug="corp")
    dc = netbox.create("dcim/site-groups", name="dc", slug="dc", parent=corp["id"])
    site = netbox.create("dcim/sites", name="site 1", slug="site-1", region=region["id"], group=dc["id"])
    other = netbox.create("dcim/sites", name="site 99", slug="site-99")
    location = None
    locations = {}
    for name in ("bldgA", "floor1", "room2"):
        location = netbox.create(
            "dcim/locations",
            name=name,
            slug=name.lower(),
            site=site["id"],
            **({"parent": location["id"]} if location else {}),
        )
        locations[name] = location
    rack = netbox.create("dcim/racks", name="rack 7", site=site["id"], location=location["id"])
    return {
        "rack 7": ("dcim.rack", rack["id"]),
        **{name: ("dcim.location", item["id"]) for name, item in locations.items()},
        "site 1": ("dcim.site", site["id"]),
        "site 99": ("dcim.site", other["id"]),
        "corp": ("dcim.sitegroup", corp["id"]),
        "dc": ("dcim.sitegroup", dc["id"]),
        **{name: ("dcim.region", item["id"]) for name, item in regions.items()},
        "no scope": (None, None),
    }


@pytest.mark.parametrize(
    ("groups", "chosen"),
    [
        pytest.param(["rack 7", "room2", "site 1", "no scope"], "rack 7", id="L16"),
        pytest.param(["room2", "bldgA"], "room2", id="L17"),
        pytest.param(["site 1", "dc", "ams", "no scope"], "site 1", id="L18"),
        pytest.param(["corp", "ams"], "corp", id="L19"),
        pytest.param(["nl", "eu", "no scope"], "nl", id="L20"),
        pytest.param(["site 1", "site 1 again"], None, id="L21"),
        pytest.param(["site 99", "no scope"], "no scope", id="L22"),
    ],
)
def test_the_most_specific_group_that_holds_the_vid(
    pipeline, state, switch, netbox, device, place, groups, chosen
):
    device("sw1", site=place["site 1"][1], location=place["room2"][1], rack=place["rack 7"][1])
    pipeline.configure(policies={"owns": ["vlans.name"]})
    state.add_vlan(switch, 50, "NEW")
    vlans = {}
    for name in groups:
        scope_type, scope_id = place[name.removesuffix(" again")]
        scope = {"scope_type": scope_type, "scope_id": scope_id} if scope_type else {}
        slug = name.lower().replace(" ", "-")
        group = netbox.create("ipam/vlan-groups", name=name, slug=slug, **scope)
        vlans[name] = netbox.create("ipam/vlans", vid=50, name="OLD", group=group["id"])
    (found,) = rows(pipeline.sync(), "vlans")
    if chosen is None:
        assert found.action == "conflict"
        assert (
            found.reason == "ambiguous: VLAN 50 is in several places of the same rank (site-1, site-1-again)"
        )
    else:
        assert (found.action, found.netbox_id) == ("update", vlans[chosen]["id"])


def test_no_group_takes_the_vid(pipeline, state, switch, netbox, basics):
    netbox.edit("ipam/vlan-groups", basics["group"]["id"], vid_ranges=[[100, 200]])
    state.add_vlan(switch, 50, "data")
    found = rows(pipeline.sync(), "vlans")[0]
    assert (found.action, found.reason) == (
        "blocked",
        "no VLAN group takes VLAN 50: set defaults.vlan_group, or allow policies.ungrouped_vlans",
    )
    pipeline.configure(policies={"ungrouped_vlans": True})
    created = rows(pipeline.sync(), "vlans")[0]
    assert (created.action, after(created)["site"]["name"]) == ("create", "Paris")


def test_new_vlans_go_into_the_configured_group(pipeline, state, switch, netbox):
    """Although the site has a group; and only VIDs within its ranges."""
    netbox.create("ipam/vlan-groups", name="Campus", slug="campus", vid_ranges=[[1, 99]])
    state.add_vlan(switch, 50, "data")
    state.add_vlan(switch, 150, "voice")
    pipeline.configure(
        defaults={**pipeline.endpoint.defaults.model_dump(exclude_none=True), "vlan_group": "Campus"}
    )
    plan = pipeline.apply_all()
    assert netbox.one("ipam/vlans", vid=50)["group"]["slug"] == "campus"
    assert [(r.key, r.action, r.reason) for r in rows(plan, "vlans")] == [
        (
            "VLAN 150 of sw1",
            "blocked",
            "the VLAN group campus (defaults.vlan_group) does not take VLAN 150: widen its VID ranges",
        )
    ]


def test_the_group_of_the_devices_cluster(pipeline, state, switch, netbox, basics, device):
    """A cluster's group is behind those of places and before those without a scope."""
    netbox.delete("ipam/vlan-groups", basics["group"]["id"])
    kind = netbox.create("virtualization/cluster-types", name="K", slug="k")
    group = netbox.create("virtualization/cluster-groups", name="G", slug="g")
    cluster = netbox.create("virtualization/clusters", name="c1", type=kind["id"], group=group["id"])
    device("sw1", cluster=cluster["id"])
    state.add_vlan(switch, 50, "data")
    netbox.create("ipam/vlan-groups", name="everywhere", slug="everywhere")
    assert [r.key for r in rows(pipeline.sync(), "vlans")] == ["50 in everywhere"]
    netbox.create(
        "ipam/vlan-groups",
        name="of the group",
        slug="of-the-group",
        scope_type="virtualization.clustergroup",
        scope_id=group["id"],
    )
    assert [r.key for r in rows(pipeline.sync(), "vlans")] == ["50 in of-the-group"]
    netbox.create(
        "ipam/vlan-groups",
        name="of the cluster",
        slug="of-the-cluster",
        scope_type="virtualization.cluster",
        scope_id=cluster["id"],
    )
    assert [r.key for r in rows(pipeline.sync(), "vlans")] == ["50 in of-the-cluster"]


def test_a_new_device_takes_the_group_of_its_location(pipeline, state, netbox, basics):
    """As it will once it is there: the next diff has nothing to move."""
    room = netbox.create("dcim/locations", name="Room 2", slug="room-2", site=basics["site"]["id"])
    netbox.create(
        "ipam/vlan-groups", name="Room", slug="room", scope_type="dcim.location", scope_id=room["id"]
    )
    found = state.add_device("sw1", hardware="C9300-48P", location="Room 2")
    state.add_vlan(found, 50, "data")
    state.add_port(found, "Gi0/1", ifVlan="50")
    plan = pipeline.apply_all()
    assert [(r.resource, r.key) for r in plan.rows if r.is_change] == []
    assert netbox.one("ipam/vlans", vid=50)["group"]["slug"] == "room"


def test_ungrouped_vlans_are_told_apart_by_their_site(pipeline, state, switch, netbox, basics, device):
    """The site's own comes before those of no site; two of no site are ambiguous."""
    netbox.delete("ipam/vlan-groups", basics["group"]["id"])
    device("sw1")
    pipeline.configure(policies={"owns": ["vlans.name"]})
    state.add_vlan(switch, 50, "data")
    for name in ("a", "b"):
        netbox.create("ipam/vlans", vid=50, name=name)
    (found,) = rows(pipeline.sync(), "vlans")
    assert (found.action, found.reason) == (
        "conflict",
        "ambiguous: VLAN 50 is in several places of the same rank (no group, no group)",
    )
    own = netbox.create("ipam/vlans", vid=50, name="c", site=basics["site"]["id"])
    (found,) = rows(pipeline.sync(), "vlans")
    assert (found.action, found.netbox_id, after(found)) == ("update", own["id"], {"name": "data"})


def test_a_port_waits_for_the_create_of_its_vlan(pipeline, state, switch):
    state.add_vlan(switch, 50, "data")
    state.add_port(switch, "Gi0/1", ifVlan="50")
    plan = pipeline.sync()
    port = row(plan, "interfaces", "sw1 Gi0/1")
    assert after(port)["untagged_vlan"] == {"ref": "vlans", "key": "50 in paris-vlans", "name": "50"}
    assert row(plan, "vlans", "50 in paris-vlans").change_id in port.depends_on
