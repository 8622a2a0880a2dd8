"""The example ansible-facts. ``facts/`` has what Ansible recorded on five real machines (Debian 10 and 12, CentOS 7, Arch
Linux; names and addresses changed), a hypervisor with a bond and containers, and a host that did not answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.sources.tables.config import TablesEndpoint
from tests.sources.tables.examples import DATA, Example, named
from tests.support import NetBox, rows

DEFAULTS = {"site": "Paris", "role": "Server", "device_type": "Server", "manufacturer": "Generic"}


@pytest.fixture
def machines(tmp_path: Path, netbox: NetBox) -> Example:
    folder = shutil.copytree(DATA / "facts", tmp_path / "facts")
    return Example(
        tmp_path / "data",
        netbox,
        "ansible-facts",
        **{"parameters": {"facts": str(folder)}, "cluster": "Lab", "defaults": DEFAULTS},
    )


@pytest.fixture
def guests(machines: Example) -> Example:
    """The same with two virtual machines alone."""
    for file in facts_of(machines).iterdir():
        if file.name not in ("web1.example.com", "app1"):
            file.unlink()
    return machines


def facts_of(machines: Example) -> Path:
    """The folder of the facts."""
    endpoint = machines.endpoint
    assert isinstance(endpoint, TablesEndpoint)
    return Path(str(endpoint.parameters["facts"]))


def test_facts_become_devices_and_virtual_machines(machines: Example, netbox: NetBox) -> None:
    assert machines.apply_and_compare() == []
    assert named(netbox.all("dcim/devices"), "name", "serial", "device_type", "platform", "primary_ip4") == [
        ("alarm", "", "Server", "Archlinux", "192.168.2.249/24"),
        ("kvm1", "5XK1234", "PowerEdge R640", "Rocky 9.4", "10.20.0.11/24"),
    ]
    assert named(
        netbox.all("virtualization/virtual-machines"),
        *("name", "cluster", "status", "vcpus", "memory", "platform", "primary_ip4"),
    ) == [
        ("backup", "kvm1", "offline", None, None, None, None),
        ("build1", "Lab", "active", 2.0, 24105, "Debian 12.11", "192.0.2.2/24"),
        ("debian", "Lab", "active", 1.0, 987, "Debian 10", "192.168.0.34/24"),
        ("host-192-168-135-234", "Lab", "active", 4.0, 7802, "CentOS 7.6", "192.168.135.234/24"),
        ("proxy", "kvm1", "active", None, None, None, None),
    ]
    interfaces = netbox.all("dcim/interfaces", device="kvm1")
    assert named(interfaces, "name", "type", "mtu", "speed", "lag", "parent", "bridge") == [
        ("bond0", "lag", 9000, 20000000, None, None, "br0"),
        ("bond0.20", "virtual", 9000, 20000000, None, "bond0", None),
        ("br0", "bridge", 9000, None, None, None, None),
        ("eno1", "10gbase-x-sfpp", 9000, 10000000, "bond0", None, None),
        ("eno2", "10gbase-x-sfpp", 9000, 10000000, "bond0", None, None),
    ]
    assert {one["name"]: one["mac_address"] for one in interfaces}["eno2"] == "3C:EC:EF:00:00:12"
    assert named(netbox.all("virtualization/virtual-disks"), "virtual_machine", "name", "size") == [
        ("build1", "vda", 262144),
        ("debian", "sda", 8192),
    ]
    assert [
        vm["primary_ip6"]["address"] for vm in netbox.all("virtualization/virtual-machines", name="debian")
    ] == ["2001:db8:39:9d7d:a00:27ff:fe00:34/64"]


def test_a_machine_that_changes_is_one_update(guests: Example, netbox: NetBox) -> None:
    guests.apply()
    file = facts_of(guests) / "web1.example.com"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["ansible_facts"] |= {"ansible_hostname": "web1", "ansible_memtotal_mb": 2000}
    file.write_text(json.dumps(content), encoding="utf-8")
    (change,) = guests.sync().rows
    assert (change.resource, change.action, change.key) == ("virtual_machines", "update", "web1")
    assert [(field.name, field.before, field.after) for field in change.written] == [
        ("name", "debian", "web1"),
        ("memory", 987, 2000),
    ]


def test_a_host_that_does_not_answer_is_not_removed(guests: Example) -> None:
    guests.configure(
        policies={**guests.endpoint.policies.model_dump(mode="json"), "missing_guests": "delete"}
    )
    guests.configure(
        policies={**guests.endpoint.policies.model_dump(mode="json"), "delete": ["virtual_machines"]}
    )
    guests.apply()
    folder = facts_of(guests)
    (folder / "web1.example.com").write_text(
        '{"msg": "Failed to connect", "unreachable": true}', encoding="utf-8"
    )
    plan = guests.sync()
    assert rows(plan, "virtual_machines", "delete") == []
    (folder / "web1.example.com").unlink()
    plan = guests.sync(accept_shrink=True)
    assert [row.key for row in rows(plan, "virtual_machines", "delete")] == ["debian [id web1.example.com]"]


def test_a_folder_without_facts_is_an_error(machines: Example, tmp_path: Path) -> None:
    machines.configure(parameters={"facts": "nowhere"})
    with pytest.raises(UserError) as caught:
        machines.snapshot()
    assert str(caught.value) == "endpoint 'mine': _facts.sql: Invalid Input Error: no files in nowhere"
