"""VLANs on ports, VLANs themselves, and the group a VID belongs to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compare.together import Case, Steps, together
from tests.support import after, before, row, rows

OPTIONS = {"policies": {"owns": ["vlans.name"]}}
# An old LibreNMS, VLAN names that are NetBox's, and VLANs without a group; in one, since none matters to the tests of
# the others.
OTHERWISE: dict[str, Any] = {
    "server": {"version": "23.11.0"},
    "policies": {"ungrouped_vlans": True},
}


def vlan_fields(found):
    values = after(found)
    untagged = values.get("untagged_vlan")
    tagged = values.get("tagged_vlans")
    return (
        values.get("mode"),
        untagged["name"].split()[0] if untagged else None,
        [item["name"].split()[0] for item in tagged] if tagged is not None else None,
    )


@together(**OPTIONS)
def test_access_trunk_and_none(case: Case) -> Steps:
    """L11 to L14."""
    switch = case.in_own_site("sw1")
    for vid in (50, 60, 90, 649):
        case.state.add_vlan(switch, vid, f"V{vid}")
    case.state.add_port(switch, "access", ifVlan="50", ifTrunk=None)
    trunk = case.state.add_port(switch, "trunk", ifVlan="90", ifTrunk="dot1Q")
    case.state.add_membership(trunk, 90, untagged=1)
    case.state.add_membership(trunk, 60, untagged=0)
    case.state.add_membership(trunk, 50, untagged=0)
    case.state.add_port(switch, "empty", ifVlan="")
    case.state.add_port(switch, "zero", ifVlan="0")
    only = case.state.add_port(switch, "only", ifVlan="1")
    case.state.add_membership(only, 649, untagged=1)
    known = case.device("sw1")
    for name in ("access", "trunk"):
        case.netbox.create("dcim/interfaces", device=known["id"], name=name, type="1000base-t")
    plan = yield
    assert {r.key: vlan_fields(r) for r in rows(plan, "interfaces")} == {
        "sw1 access": ("access", "50", None),
        "sw1 trunk": ("tagged", "90", ["50", "60"]),
        "sw1 empty": (None, None, None),
        "sw1 zero": (None, None, None),
        "sw1 only": ("access", "649", None),
    }
    # NetBox takes no VLANs of a port without a mode, and a mode is for its VLANs.
    assert {r.key: r.field_needs for r in rows(plan, "interfaces") if r.field_needs} == {
        "sw1 access": '{"mode":["untagged_vlan"],"untagged_vlan":["mode"]}',
        "sw1 trunk": '{"mode":["tagged_vlans"],"tagged_vlans":["mode"],"untagged_vlan":["mode"]}',
    }


@together(**OPTIONS)
def test_old_servers_know_no_tagged_vlans_and_clear_none(case: Case) -> Steps:
    """On LibreNMS 23.11 a trunk's tagged VLANs are unknown: what NetBox has stays."""
    switch = case.in_own_site("sw1")
    case.state.add_vlan(switch, 90, "V90")
    case.state.add_port(switch, "trunk", ifVlan="90", ifTrunk="dot1Q")
    known = case.device("sw1")
    vlans = {
        vid: case.netbox.create("ipam/vlans", vid=vid, name=f"V{vid}", group=case.basics["group"]["id"])
        for vid in (60, 90)
    }
    case.netbox.create(
        "dcim/interfaces",
        device=known["id"],
        name="trunk",
        type="1000base-t",
        mode="tagged",
        tagged_vlans=[vlans[60]["id"]],
    )
    plan = yield OTHERWISE
    found = row(plan, "interfaces", "sw1 trunk")
    assert vlan_fields(found) == (None, "90", None)


@together(**OPTIONS)
def test_several_untagged_vlans_without_a_native_one_are_undecided(case: Case) -> Steps:
    switch = case.in_own_site("sw1")
    for vid in (10, 20):
        case.state.add_vlan(switch, vid, f"V{vid}")
    port = case.state.add_port(switch, "Gi0/1", ifVlan=None)
    case.state.add_membership(port, 10, untagged=1)
    case.state.add_membership(port, 20, untagged=1)
    plan = yield
    found = row(plan, "interfaces", "sw1 Gi0/1")
    undecided = next(f for f in found.fields if f.name == "untagged_vlan")
    assert (undecided.decision, undecided.reason) == (
        "conflict",
        "LibreNMS shows 2 untagged VLANs (10, 20) and no native one",
    )
    assert found.action == "create"
    assert "untagged_vlan" not in after(found)


@together(**OPTIONS)
def test_vid_above_4094_is_blocked_and_the_others_go_on(case: Case) -> Steps:
    """L15."""
    switch = case.in_own_site("sw1")
    case.state.add_vlan(switch, 14095, "internal")
    case.state.add_vlan(switch, 50, "data")
    plan = yield
    assert [(r.key, r.action, r.reason) for r in rows(plan, "vlans")] == [
        ("50 in paris-vlans", "create", None),
        ("VLAN 14095 of sw1", "blocked", "VID 14095 is outside 1 to 4094"),
    ]


@together(**OPTIONS)
def test_one_name_differs_and_one_vlan_is_missing(case: Case) -> Steps:
    """50 keeps its name in NetBox, or is one update of the name; 60 is a create."""
    switch = case.in_own_site("sw1")
    case.state.add_vlan(switch, 50, "ORG_DATA")
    case.state.add_vlan(switch, 60, "VOICE")
    case.device("sw1")
    case.netbox.create("ipam/vlans", vid=50, name="DATA_VLAN", group=case.basics["group"]["id"])
    plan = yield OTHERWISE
    (kept, _) = rows(plan, "vlans")
    assert (kept.action, kept.key) == ("drifted", "50 in paris-vlans")
    plan = yield
    first, second = rows(plan, "vlans")
    assert (first.action, before(first), after(first)) == (
        "update",
        {"name": "DATA_VLAN"},
        {"name": "ORG_DATA"},
    )
    assert (second.action, after(second)["vid"], after(second)["name"]) == ("create", 60, "VOICE")
    assert after(second)["group"]["name"] == "Paris VLANs"


@together(**OPTIONS)
def test_devices_that_disagree_make_one_vlan_and_a_conflict_on_its_name(case: Case) -> Steps:
    switch = case.in_own_site("sw1")
    other = case.in_own_site("sw2")
    case.state.add_vlan(switch, 50, "DATA")
    case.state.add_vlan(other, 50, "USERS")
    plan = yield
    (found,) = rows(plan, "vlans")
    assert (found.action, after(found)["name"]) == ("create", "VLAN0050")
    name = next(f for f in found.fields if f.decision == "conflict")
    assert (name.name, name.reason) == ("name", "sources disagree: DATA (sw1), USERS (sw2)")


@together(**OPTIONS)
def test_one_name_on_two_vids_of_a_group(case: Case) -> Steps:
    """NetBox takes a name once per group: neither VLAN gets it, and both say why."""
    switch = case.in_own_site("sw1")
    case.state.add_vlan(switch, 10, "default")
    case.state.add_vlan(switch, 20, "users")
    case.state.add_vlan(switch, 30, "users")
    case.state.add_vlan(switch, 40, "<private>")
    plan = yield
    assert [(r.key, after(r)["name"]) for r in rows(plan, "vlans")] == [
        ("10 in paris-vlans", "VLAN0010"),
        ("20 in paris-vlans", "VLAN0020"),
        ("30 in paris-vlans", "VLAN0030"),
        ("40 in paris-vlans", "VLAN0040"),
    ]
    assert [f.reason for f in row(plan, "vlans", "20 in paris-vlans").fields if f.decision == "conflict"] == [
        "2 VLANs of the group have the name users; NetBox takes a name once"
    ]


def places(case: Case) -> dict[str, tuple[str | None, int | None]]:
    """Rack 7 in room2 < floor1 < bldgA of site 1; site group dc < corp; region ams < nl < eu."""

    def create(path: str, name: str, **content: Any) -> dict[str, Any]:
        slug = {} if path == "dcim/racks" else {"slug": case.named(name.lower().replace(" ", "-"))}
        return case.netbox.create(path, name=case.named(name), **slug, **content)

    region = None
    regions = {}
    for name in ("eu", "nl", "ams"):
        region = create("dcim/regions", name, **({"parent": region["id"]} if region else {}))
        regions[name] = region
    corp = create("dcim/site-groups", "corp")
    dc = create("dcim/site-groups", "dc", parent=corp["id"])
    site = create("dcim/sites", "site 1", region=region["id"], group=dc["id"])
    other = create("dcim/sites", "site 99")
    location = None
    locations = {}
    for name in ("bldgA", "floor1", "room2"):
        location = create(
            "dcim/locations",
            name,
            site=site["id"],
            **({"parent": location["id"]} if location else {}),
        )
        locations[name] = location
    rack = create("dcim/racks", "rack 7", site=site["id"], location=location["id"])
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
@together(**OPTIONS)
def test_the_most_specific_group_that_holds_the_vid(
    case: Case, groups: list[str], chosen: str | None
) -> Steps:
    switch = case.state.add_device("sw1", hardware="C9300-48P")
    place = places(case)
    # A group without a scope is there for all tests.
    vid = 1000 + case.number
    case.device("sw1", site=place["site 1"][1], location=place["room2"][1], rack=place["rack 7"][1])
    case.state.add_vlan(switch, vid, "NEW")
    vlans = {}
    for name in groups:
        scope_type, scope_id = place[name.removesuffix(" again")]
        scope = {"scope_type": scope_type, "scope_id": scope_id} if scope_type else {}
        group = case.netbox.create(
            "ipam/vlan-groups",
            name=case.named(name),
            slug=case.named(name.lower().replace(" ", "-")),
            vid_ranges=[[vid, vid]],
            **scope,
        )
        vlans[name] = case.netbox.create("ipam/vlans", vid=vid, name="OLD", group=group["id"])
    plan = yield
    (found,) = rows(plan, "vlans")
    if chosen is None:
        assert found.action == "conflict"
        assert found.reason == (
            f"ambiguous: VLAN {vid} is in several places of the same rank (site-1, site-1-again)"
        )
    else:
        assert (found.action, found.netbox_id) == ("update", vlans[chosen]["id"])


@together(**OPTIONS)
def test_no_group_takes_the_vid(case: Case) -> Steps:
    switch = case.in_own_site("sw1")
    case.netbox.edit("ipam/vlan-groups", case.basics["group"]["id"], vid_ranges=[[100, 200]])
    case.state.add_vlan(switch, 50, "data")
    plan = yield OTHERWISE
    created = rows(plan, "vlans")[0]
    assert (created.action, after(created)["site"]["name"]) == ("create", "Paris")
    plan = yield
    found = rows(plan, "vlans")[0]
    assert (found.action, found.reason) == (
        "blocked",
        "no VLAN group takes VLAN 50: set defaults.vlan_group, or allow policies.ungrouped_vlans",
    )


def test_new_vlans_go_into_the_configured_group(pipeline, state, netbox):
    """Although the site has a group; and only VIDs within its ranges."""
    switch = state.add_device("sw1", hardware="C9300-48P")
    netbox.create("ipam/vlan-groups", name="Campus", slug="campus", vid_ranges=[[1, 99]])
    state.add_vlan(switch, 50, "data")
    state.add_vlan(switch, 150, "voice")
    pipeline.configure(
        defaults={**pipeline.endpoint.defaults.model_dump(exclude_none=True), "vlan_group": "Campus"}
    )
    plan = pipeline.apply()
    assert netbox.one("ipam/vlans", vid=50)["group"]["slug"] == "campus"
    assert [(r.key, r.action, r.reason) for r in rows(plan, "vlans")] == [
        ("50 in campus", "create", None),
        (
            "VLAN 150 of sw1",
            "blocked",
            "the VLAN group campus (defaults.vlan_group) does not take VLAN 150: widen its VID ranges",
        ),
    ]


@pytest.mark.parametrize("groups", [1, 2, 3])
@together(**OPTIONS)
def test_the_group_of_the_devices_cluster(case: Case, groups: int) -> Steps:
    """A cluster's group is behind those of places and before those without a scope; before that of a cluster group."""
    switch = case.in_own_site("sw1")
    case.netbox.delete("ipam/vlan-groups", case.basics["group"]["id"])

    def create(path: str, name: str, **content: Any) -> dict[str, Any]:
        slug = {} if path == "virtualization/clusters" else {"slug": case.named(name.replace(" ", "-"))}
        return case.netbox.create(path, name=case.named(name), **slug, **content)

    kind = create("virtualization/cluster-types", "kind")
    group = create("virtualization/cluster-groups", "clusters")
    cluster = create("virtualization/clusters", "c1", type=kind["id"], group=group["id"])
    case.device("sw1", cluster=cluster["id"])
    # A group without a scope is there for all tests.
    vid = 3000 + groups
    case.state.add_vlan(switch, vid, "data")
    scopes = {
        "everywhere": {"vid_ranges": [[vid, vid]]},
        "of the group": {"scope_type": "virtualization.clustergroup", "scope_id": group["id"]},
        "of the cluster": {"scope_type": "virtualization.cluster", "scope_id": cluster["id"]},
    }
    for name in list(scopes)[:groups]:
        create("ipam/vlan-groups", name, **scopes[name])
    plan = yield
    chosen = ("everywhere", "of-the-group", "of-the-cluster")[groups - 1]
    assert [r.key for r in rows(plan, "vlans")] == [f"{vid} in {chosen}"]


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


@together(**OPTIONS)
def test_ungrouped_vlans_are_told_apart_by_their_site(case: Case) -> Steps:
    """The site's own comes before those of no site; two of no site are ambiguous."""
    switch = case.in_own_site("sw1")
    case.netbox.delete("ipam/vlan-groups", case.basics["group"]["id"])
    case.device("sw1")
    case.state.add_vlan(switch, 2050, "data")
    a, b = (case.netbox.create("ipam/vlans", vid=2050, name=name)["id"] for name in ("a", "b"))
    plan = yield
    (found,) = rows(plan, "vlans")
    assert (found.action, found.reason) == (
        "conflict",
        f"ambiguous: VLAN 2050 is in several places of the same rank (no group: a (id {a}), no group: b (id {b}))",
    )
    own = case.netbox.create("ipam/vlans", vid=2050, name="c", site=case.basics["site"]["id"])
    plan = yield
    (found,) = rows(plan, "vlans")
    assert (found.action, found.netbox_id, after(found)) == ("update", own["id"], {"name": "data"})


@together(**OPTIONS)
def test_a_port_waits_for_the_create_of_its_vlan(case: Case) -> Steps:
    switch = case.in_own_site("sw1")
    case.state.add_vlan(switch, 50, "data")
    case.state.add_port(switch, "Gi0/1", ifVlan="50")
    plan = yield
    port = row(plan, "interfaces", "sw1 Gi0/1")
    assert after(port)["untagged_vlan"] == {"ref": "vlans", "key": "50 in paris-vlans", "name": "50"}
    assert row(plan, "vlans", "50 in paris-vlans").change_id in port.depends_on
