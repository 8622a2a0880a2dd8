"""The NetBox named by NETBOX_URL and NETBOX_TOKEN, restored after the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import NetBox

# What the product and the tests make, in an order in which NetBox lets go of it.
MADE = (
    *("dcim/cables", "ipam/ip-addresses", "dcim/mac-addresses", "virtualization/virtual-disks"),
    *("virtualization/interfaces", "virtualization/virtual-machines", "dcim/modules", "dcim/module-bays"),
    *("dcim/interfaces", "dcim/virtual-chassis", "dcim/devices", "virtualization/clusters"),
    *("virtualization/cluster-groups", "virtualization/cluster-types", "ipam/vlans", "ipam/vlan-groups"),
    *("ipam/vrfs", "ipam/prefixes", "ipam/ip-ranges"),
    *("dcim/module-types", "dcim/device-types", "dcim/platforms"),
    *("dcim/manufacturers", "dcim/device-roles", "dcim/locations", "dcim/sites", "tenancy/tenants"),
    *("extras/tags", "extras/custom-fields"),
)


@contextmanager
def real_netbox(*, empty: bool = False) -> Iterator[NetBox]:
    """Skips the test without the two variables; removes at the end what was made meanwhile, whoever made it.

    ``empty``: skips it too where there are devices or virtual machines, which the test would mix up with its own.
    """
    url, token = os.environ.get("NETBOX_URL"), os.environ.get("NETBOX_TOKEN")
    if not url or not token:
        pytest.skip("needs NETBOX_URL and NETBOX_TOKEN")
    netbox = NetBox(url.rstrip("/"), token)
    if empty and any(
        netbox.all(path, limit=1) for path in ("dcim/devices", "virtualization/virtual-machines")
    ):
        pytest.skip(f"needs a NetBox without devices and virtual machines; {netbox.url} has some")
    newest = {path: _newest(netbox, path) for path in MADE}
    try:
        yield netbox
    finally:
        _let_go(netbox, newest)
        for path, before in newest.items():
            made = [{"id": row["id"]} for row in netbox.all(path, brief=1) if row["id"] > before]
            if made:
                answer = netbox.http.request("DELETE", f"{path}/", json=made)
                assert answer.status_code == 204, (path, answer.text)


def _newest(netbox: NetBox, path: str) -> int:
    return max((row["id"] for row in netbox.all(path, brief=1)), default=0)


def _let_go(netbox: NetBox, newest: dict[str, int]) -> None:
    """The masters of stacks and the parents of interfaces, which NetBox would not delete."""
    for path in ("dcim/interfaces", "virtualization/interfaces"):
        for row in netbox.all(path):
            if row["id"] > newest[path] and row["parent"]:
                netbox.edit(path, row["id"], parent=None)
    for row in netbox.all("dcim/virtual-chassis"):
        if row["id"] > newest["dcim/virtual-chassis"] and row["master"]:
            netbox.edit("dcim/virtual-chassis", row["id"], master=None)
