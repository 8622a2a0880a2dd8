"""Which writes give another object a new ``last_updated``: the same in the lab NetBox as in a real one.

Where it stays, the object is found as a neighbour of what was written (``sources/netbox/neighbours.py``).
"""

from __future__ import annotations

import pytest

from netbox_sync_lab.netbox import LabNetBox
from tests.sources.netbox.conftest import Snap
from tests.sources.netbox.seed import Seed, fill
from tests.sources.netbox.test_incremental import _every_table_is_large, assert_read_incrementally
from tests.sources.netbox.writes import Edit, delete, new, patch

__all__ = ["_every_table_is_large"]

# The objects that are looked at after each write.
WATCHED = {
    "dcim/interfaces": ("port", "lag", "sub", "peer"),
    "dcim/devices": ("sw1", "sw2"),
    "dcim/racks": ("rack",),
    "virtualization/virtual-machines": ("vm",),
    "virtualization/interfaces": ("nic",),
}


def _end(name: str) -> list[dict[str, str]]:
    return [{"object_type": "dcim.interface", "object_id": f"@{name}"}]


# What is sent, in order, and the watched objects that get a new last_updated.
WRITES: dict[str, tuple[Edit, str]] = {
    "its own field": (patch("dcim/interfaces", "port", description="edited"), "port"),
    "its tags": (patch("dcim/interfaces", "sub", tags=[{"slug": "seed-blue"}]), "sub"),
    "its tagged VLANs": (patch("dcim/interfaces", "port", tagged_vlans=["@vlan300"]), "port"),
    "a VLAN is renamed": (patch("ipam/vlans", "vlan101", name="renamed"), ""),
    "a device is renamed": (patch("dcim/devices", "sw2", name="renamed"), "sw2"),
    "a new port": (new("dcim/interfaces", "extra", device="@sw1", name="new", type="1000base-t"), ""),
    "a MAC address is assigned": (
        new(
            "dcim/mac-addresses",
            "peer_mac",
            mac_address="02:00:5E:00:00:09",
            assigned_object_type="dcim.interface",
            assigned_object_id="@peer",
        ),
        "",
    ),
    "a MAC address becomes primary": (
        patch("dcim/interfaces", "peer", primary_mac_address="@peer_mac"),
        "peer",
    ),
    "an address is assigned": (
        new(
            "ipam/ip-addresses",
            "peer_ip",
            address="198.51.100.9/24",
            assigned_object_type="dcim.interface",
            assigned_object_id="@peer",
        ),
        "",
    ),
    "an address becomes primary": (patch("dcim/devices", "sw2", primary_ip4="@peer_ip"), "sw2"),
    "a cable is deleted": (delete("dcim/cables", "cable"), ""),
    "a new cable": (
        new("dcim/cables", "cable2", a_terminations=_end("port"), b_terminations=_end("peer")),
        "port peer",
    ),
    "the location of a rack": (patch("dcim/racks", "rack", location=None), "rack"),
    "another site": (new("dcim/sites", "lyon", name="Seed Lyon", slug="seed-lyon"), ""),
    "the site of a location": (patch("dcim/locations", "floor", site="@lyon"), ""),
    "the scope of a cluster": (
        patch("virtualization/clusters", "cluster", scope_type="dcim.site", scope_id="@lyon"),
        "",
    ),
    "the size of a disk": (patch("virtualization/virtual-disks", "disk", size=5000), ""),
    "a disk is deleted": (delete("virtualization/virtual-disks", "disk"), ""),
    "the slug of a tag": (patch("extras/tags", "blue", slug="seed-navy"), ""),
    "an untagged VLAN is deleted": (delete("ipam/vlans", "vlan101"), "port"),
    "a tagged VLAN is deleted": (delete("ipam/vlans", "vlan300"), ""),
    "a primary MAC address is deleted": (delete("dcim/mac-addresses", "mac"), ""),
    "a primary address is deleted": (delete("ipam/ip-addresses", "ip4"), "sw1"),
    "a LAG is deleted": (delete("dcim/interfaces", "lag"), "port sub"),
    "a VRF is deleted": (delete("ipam/vrfs", "red"), "sub nic"),
    "a platform is deleted": (delete("dcim/platforms", "os"), "sw1 vm"),
    "a tag is deleted": (delete("extras/tags", "blue"), ""),
}
# What NetBox 4.7 does otherwise.
_FROM_4_7 = {"a cable is deleted": "port peer"}


def _dates(seed: Seed) -> dict[str, str]:
    """The last_updated of each watched object that is there, by its name."""
    found = {}
    for path, names in WATCHED.items():
        wanted = {seed.ids[name]: name for name in names}
        answer = seed.http.get(f"/api/{path}/", params={"id": list(wanted), "fields": "id,last_updated"})
        assert answer.status_code == 200, answer.text
        found |= {wanted[row["id"]]: row["last_updated"] for row in answer.json()["results"]}
    return found


def _moved(words: str, expected: str, version: tuple[int, ...]) -> set[str]:
    """The objects that get a new date in this NetBox."""
    return set((_FROM_4_7.get(words, expected) if version >= (4, 7) else expected).split())


def _check_every_write(url: str, token: str, seed: Seed, snap: Snap) -> None:
    assert snap(url, token).manifest.read == "full"
    before = _dates(seed)
    wrong = {}
    for words, (write, expected) in WRITES.items():
        write(seed)
        after = _dates(seed)
        moved = {name for name in after if after[name] != before[name]}
        if moved != _moved(words, expected, seed.version):
            wrong[words] = moved
        before = after
    assert wrong == {}
    assert_read_incrementally(url, token, snap, list(WRITES))


@pytest.mark.parametrize("version", ["4.6.8", "4.7.3"])
def test_a_write_moves_the_dates_of_these_objects_alone(version: str, snap: Snap) -> None:
    with LabNetBox(version=version) as lab:
        seed = Seed(lab.url, f"Token {lab.token}")
        fill(seed)
        _check_every_write(lab.url, lab.token, seed, snap)


@pytest.mark.live
def test_a_write_moves_the_dates_of_these_objects_alone_in_a_real_netbox(
    live: tuple[str, str, Seed], snap: Snap
) -> None:
    url, token, seed = live
    if seed.version < (4, 6):
        pytest.skip("older than 4.6: always read completely")
    _check_every_write(url, token, seed, snap)
