"""Which writes give another object a new ``last_updated``: the same in the lab NetBox as in a real one.

Where it stays, the object is found as a neighbour of what was written (``sources/netbox/neighbours.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from netbox_sync_lab.netbox import LabNetBox
from tests.sources.netbox.conftest import Snap, Taken
from tests.sources.netbox.seed import Seed
from tests.sources.netbox.test_incremental import _every_table_is_large, _same, seed

__all__ = ["_every_table_is_large", "seed"]

# The objects that are looked at after each write.
WATCHED = {
    "dcim/interfaces": ("port", "lag", "sub", "peer"),
    "dcim/devices": ("sw1", "sw2"),
    "dcim/racks": ("rack",),
    "virtualization/virtual-machines": ("vm",),
    "virtualization/interfaces": ("nic",),
}


@dataclass(frozen=True)
class Write:
    """One request: values that begin with @ are ids. ``moved``: the watched objects that get a new last_updated."""

    method: str
    path: str
    name: str
    moved: frozenset[str]
    body: dict[str, Any]

    def send(self, seed: Seed) -> None:
        """Send it; a new object gets its name."""
        body = _ids_in(self.body, seed)
        if self.method == "POST":
            seed.post(self.path, body, self.name)
        elif self.method == "PATCH":
            seed.patch(self.path, seed.ids[self.name], body)
        else:
            answer = seed.http.delete(f"/api/{self.path}/{seed.ids[self.name]}/")
            assert answer.status_code == 204, answer.text


def _ids_in(value: Any, seed: Seed) -> Any:
    if isinstance(value, dict):
        return {key: _ids_in(item, seed) for key, item in value.items()}
    if isinstance(value, list):
        return [_ids_in(item, seed) for item in value]
    return seed.ids[value[1:]] if isinstance(value, str) and value.startswith("@") else value


def _write(method: str) -> Callable[..., Write]:
    def make(path: str, name: str, /, moved: str = "", **body: Any) -> Write:
        return Write(method, path, name, frozenset(moved.split()), body)

    return make


_new, _patch, _delete = _write("POST"), _write("PATCH"), _write("DELETE")


def _end(name: str) -> list[dict[str, str]]:
    return [{"object_type": "dcim.interface", "object_id": f"@{name}"}]


WRITES = {
    "its own field": _patch("dcim/interfaces", "port", "port", description="edited"),
    "its tags": _patch("dcim/interfaces", "sub", "sub", tags=[{"slug": "seed-blue"}]),
    "its tagged VLANs": _patch("dcim/interfaces", "port", "port", tagged_vlans=["@vlan300"]),
    "a VLAN is renamed": _patch("ipam/vlans", "vlan101", name="renamed"),
    "a device is renamed": _patch("dcim/devices", "sw2", "sw2", name="renamed"),
    "a new port": _new("dcim/interfaces", "extra", device="@sw1", name="new", type="1000base-t"),
    "a MAC address is assigned": _new(
        "dcim/mac-addresses",
        "peer_mac",
        mac_address="02:00:5E:00:00:09",
        assigned_object_type="dcim.interface",
        assigned_object_id="@peer",
    ),
    "a MAC address becomes primary": _patch(
        "dcim/interfaces", "peer", "peer", primary_mac_address="@peer_mac"
    ),
    "an address is assigned": _new(
        "ipam/ip-addresses",
        "peer_ip",
        address="198.51.100.9/24",
        assigned_object_type="dcim.interface",
        assigned_object_id="@peer",
    ),
    "an address becomes primary": _patch("dcim/devices", "sw2", "sw2", primary_ip4="@peer_ip"),
    "a cable is deleted": _delete("dcim/cables", "cable"),
    "a new cable": _new(
        "dcim/cables", "cable2", "port peer", a_terminations=_end("port"), b_terminations=_end("peer")
    ),
    "the location of a rack": _patch("dcim/racks", "rack", "rack", location=None),
    "another site": _new("dcim/sites", "lyon", name="Seed Lyon", slug="seed-lyon"),
    "the site of a location": _patch("dcim/locations", "floor", site="@lyon"),
    "the scope of a cluster": _patch(
        "virtualization/clusters", "cluster", scope_type="dcim.site", scope_id="@lyon"
    ),
    "the size of a disk": _patch("virtualization/virtual-disks", "disk", size=5000),
    "a disk is deleted": _delete("virtualization/virtual-disks", "disk"),
    "the slug of a tag": _patch("extras/tags", "blue", slug="seed-navy"),
    "an untagged VLAN is deleted": _delete("ipam/vlans", "vlan101", "port"),
    "a tagged VLAN is deleted": _delete("ipam/vlans", "vlan300"),
    "a primary MAC address is deleted": _delete("dcim/mac-addresses", "mac"),
    "a primary address is deleted": _delete("ipam/ip-addresses", "ip4", "sw1"),
    "a LAG is deleted": _delete("dcim/interfaces", "lag", "port sub"),
    "a VRF is deleted": _delete("ipam/vrfs", "red", "sub nic"),
    "a platform is deleted": _delete("dcim/platforms", "os", "sw1 vm"),
    "a tag is deleted": _delete("extras/tags", "blue"),
}


def _dates(seed: Seed) -> dict[str, str]:
    """The last_updated of each watched object that is there, by its name."""
    found = {}
    for path, names in WATCHED.items():
        wanted = {seed.ids[name]: name for name in names}
        answer = seed.http.get(f"/api/{path}/", params={"id": list(wanted), "fields": "id,last_updated"})
        assert answer.status_code == 200, answer.text
        found |= {wanted[row["id"]]: row["last_updated"] for row in answer.json()["results"]}
    return found


def _check_every_write(url: str, token: str, seed: Seed, snap: Snap) -> None:
    assert snap(url, token).manifest.read == "full"
    before = _dates(seed)
    wrong = {}
    for words, write in WRITES.items():
        write.send(seed)
        after = _dates(seed)
        moved = {name for name in after if after[name] != before[name]}
        if moved != write.moved:
            wrong[words] = moved
        before = after
    assert wrong == {}
    taken: Taken = snap(url, token)
    # A real NetBox may have custom fields that refer to what is deleted.
    if "custom fields may refer to" not in (taken.manifest.read_reason or ""):
        assert (taken.manifest.read, taken.manifest.read_reason) == ("incremental", None)
    _same(taken, snap(url, token, "full", full_read_hours=0))


def test_a_write_moves_the_dates_of_these_objects_alone(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    _check_every_write(lab.url, lab.token, seed, snap)


@pytest.mark.live
def test_a_write_moves_the_dates_of_these_objects_alone_in_a_real_netbox(
    live: tuple[str, str, Seed], snap: Snap
) -> None:
    url, token, seed = live
    if seed.version < (4, 6):
        pytest.skip("older than 4.6: always read completely")
    _check_every_write(url, token, seed, snap)
