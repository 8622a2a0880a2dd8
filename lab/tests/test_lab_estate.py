"""The demo's NetBox: its seed is taken whole, by the lab NetBox always and by a real one (`live`)."""

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from netbox_sync_lab.estate import SeedError, netbox_seed, seed
from netbox_sync_lab.netbox import LabNetBox

COUNTS = {
    "extras/tags": 2,
    "dcim/regions": 3,
    "dcim/site-groups": 2,
    "dcim/sites": 4,
    "dcim/locations": 2,
    "dcim/manufacturers": 7,
    "dcim/device-types": 15,
    "dcim/device-roles": 8,
    "dcim/platforms": 12,
    "virtualization/cluster-types": 1,
    "ipam/vrfs": 1,
    "ipam/vlan-groups": 5,
    "ipam/vlans": 23,
    "dcim/devices": 16,
    "dcim/interfaces": 204,
    "ipam/ip-addresses": 23,
    "dcim/mac-addresses": 3,
    "dcim/cables": 3,
    "virtualization/clusters": 1,
    "virtualization/virtual-machines": 10,
    "virtualization/interfaces": 11,
    "virtualization/virtual-disks": 5,
}


class Seeded:
    """A NetBox that took the seed, and the ids it gave."""

    def __init__(self, url: str, token: str) -> None:
        self.ids = seed(url, token)
        scheme = "Bearer" if token.startswith("nbt_") else "Token"
        self.http = httpx.Client(
            base_url=f"{url}/api/", headers={"Authorization": f"{scheme} {token}"}, timeout=60
        )

    def one(self, endpoint: str, **wanted: Any) -> dict[str, Any]:
        found = self.http.get(f"{endpoint}/", params=wanted).json()["results"]
        assert len(found) == 1, f"{len(found)} {endpoint} with {wanted}"
        return dict(found[0])

    def clean(self) -> None:
        """Delete what was made, last first, and what has not gone with it already (4.7 refuses the others)."""
        for endpoint, ids in reversed(self.ids.items()):
            wanted = {"id": list(ids), "limit": 1000, "fields": "id"}
            there = self.http.get(f"{endpoint}/", params=wanted).json()["results"]
            answer = self.http.request("DELETE", f"{endpoint}/", json=[{"id": row["id"]} for row in there])
            assert answer.status_code == 204, answer.text


@pytest.fixture(scope="module", params=["lab", pytest.param("real", marks=pytest.mark.live)])
def netbox(request: pytest.FixtureRequest) -> Iterator[Seeded]:
    if request.param == "lab":
        with LabNetBox() as server:
            yield Seeded(server.url, server.token)
        return
    url, token = os.environ.get("NETBOX_URL"), os.environ.get("NETBOX_TOKEN")
    if not url or not token:
        pytest.skip("NETBOX_URL and NETBOX_TOKEN name no NetBox")
    seeded = Seeded(url.rstrip("/"), token)
    try:
        yield seeded
    finally:
        seeded.clean()


def test_every_object_is_taken(netbox: Seeded) -> None:
    assert {endpoint: len(ids) for endpoint, ids in netbox.ids.items()} == COUNTS


def test_references_arrive_where_they_point(netbox: Seeded) -> None:
    interface = netbox.one("dcim/interfaces", device="par-core1", name="Ethernet1/49")
    assert interface["lag"]["name"] == "port-channel1"
    address = netbox.one("ipam/ip-addresses", address="10.10.30.2")
    assert (address["address"], address["assigned_object"]["name"]) == ("10.10.30.2/25", "Vlan30")
    group = netbox.one("ipam/vlan-groups", slug="par-vlans")
    assert (group["scope_type"], group["scope"]["slug"]) == ("dcim.site", "paris-dc1")
    cabled = netbox.one("dcim/interfaces", device="fra-acc1", name="xe-0/1/0")
    assert cabled["link_peers"][0]["name"] == "xe-0/2/1"


def test_changes_to_existing_objects_are_made(netbox: Seeded) -> None:
    assert netbox.one("dcim/devices", name="par-fw1")["primary_ip4"]["address"] == "198.51.100.2/30"
    assert netbox.one("virtualization/virtual-machines", name="web01")["primary_ip4"]["address"] == (
        "10.10.20.101/24"
    )
    nic = netbox.one("dcim/interfaces", device="par-pve1", name="eno1")
    assert nic["primary_mac_address"]["mac_address"] == "D0:94:66:AA:00:01"


def test_it_is_partly_wrong(netbox: Seeded) -> None:
    assert netbox.one("ipam/vlans", vid=50, group="par-vlans")["name"] == "DATA_VLAN"
    assert netbox.http.get("ipam/vlans/", params={"vid": 60, "group": "par-vlans"}).json()["count"] == 0
    assert netbox.one("virtualization/virtual-machines", name="web03")["memory"] == 2048
    kept = netbox.one("dcim/devices", name="par-acc2")
    assert [t["slug"] for t in kept["tags"]] == ["handle-with-care"]
    assert kept["description"].startswith("Do not touch")


def test_the_seed_is_the_same_every_time() -> None:
    assert netbox_seed() == netbox_seed()


def test_a_refusal_names_the_endpoint_and_the_reason() -> None:
    with LabNetBox() as server:
        with pytest.raises(SeedError, match=r"POST /api/dcim/sites/ answered 400: .*slug"):
            seed(server.url, server.token, objects=[("dcim/sites", [{"name": "no slug"}])])
        dangling = {"vid": 1, "name": "x", "group": {"$ref": "ipam/vlan-groups", "slug": "none"}}
        with pytest.raises(SeedError, match="0 objects of ipam/vlan-groups"):
            seed(server.url, server.token, objects=[("ipam/vlans", [dangling])])
