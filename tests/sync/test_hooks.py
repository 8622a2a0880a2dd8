"""What hooks want of an endpoint, and which objects and endpoints an edit in NetBox is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.sources.hooks import HookError, named
from netbox_sync_dagster.sources.netbox.hooks import Edited, read_hook
from netbox_sync_dagster.sources.registry import source_of
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.sync import SyncOptions
from netbox_sync_dagster.sync.concerned import concerned
from netbox_sync_dagster.sync.hook_queue import Wanted


def edited(model: str, data: dict[str, Any], before: dict[str, Any] | None = None) -> Edited:
    return read_hook({"object_type": model, "data": data, "snapshots": {"prechange": before}})


def test_hooks_of_one_endpoint_are_merged() -> None:
    wanted = Wanted()
    assert wanted.options(5) == SyncOptions(read=False, shows_rest=True, is_brief=True)
    wanted.add(Wanted({"sw1": None, "sw2": None}))
    wanted.add(Wanted({"sw1": None}))
    assert wanted.options(5) == SyncOptions(parts=("sw1", "sw2"), shows_rest=True, is_brief=True)
    # More than are read one by one: everything.
    assert wanted.options(1) == SyncOptions(shows_rest=True, is_brief=True)
    wanted.add(Wanted())
    assert wanted.options(2).parts == ("sw1", "sw2")
    wanted.add(Wanted(whole=True))
    assert wanted.options(5) == SyncOptions(shows_rest=True, is_brief=True)
    for number in range(200):
        wanted.add(Wanted({f"sw{number}": None}))
    assert wanted.objects == {}


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ({"device_id": 12, "hostname": "sw1"}, ["12"]),
        ({"device_id": "", "hostname": " sw1 "}, ["sw1"]),
        ({"device_id": None}, []),
        ({"device_id": ["12", 13, "12", ""]}, ["12", "13"]),
        ({"other": 1}, []),
    ],
)
def test_names_in_a_body(content: dict[str, Any], names: list[str]) -> None:
    assert named(content, "device_id", "hostname") == names


def test_a_notification_of_proxmox_names_no_guest() -> None:
    """Its job id is that of a backup job, or names a replication, which is read with the whole cluster."""
    notification = {"type": "replication", "hostname": "pve1", "job-id": "101-0"}
    source, endpoint = source_of("proxmox"), object()
    assert source.hook_objects(endpoint, notification) == []
    assert source.hook_objects(endpoint, {"vmid": 101}) == ["101"]
    assert source_of("docker").hook_objects(endpoint, {"container": "web"}) == ["web"]
    assert source_of("tables").hook_objects(endpoint, {"container": "web"}) == []


@pytest.mark.parametrize("value", [True, 1.5, {"id": 1}, [[1]], ["x" * 256]])
def test_values_that_are_no_names(value: Any) -> None:
    with pytest.raises(HookError, match=r"^device_id "):
        named({"device_id": value}, "device_id")


def test_the_devices_and_machines_of_an_edited_object() -> None:
    device = edited(
        "dcim.device", {"id": 5, "name": "SW1", "site": {"id": 1, "name": "Paris"}}, {"name": "old"}
    )
    assert device.owners == {("dcim.device", 5)}
    assert device.names == {"sw1", "old"}
    address = edited(
        "ipam.ipaddress",
        {"id": 9, "assigned_object": {"id": 7, "virtual_machine": {"id": 3, "name": "web1"}}},
    )
    assert (address.owners, address.names) == ({("virtualization.virtualmachine", 3)}, {"web1"})
    cable = edited(
        "dcim.cable",
        {
            "id": 2,
            "a_terminations": [{"object": {"id": 1, "device": {"id": 5, "name": "sw1"}}}],
            "b_terminations": [{"object": {"id": 2, "device": {"id": 6, "name": "sw2"}}}],
        },
    )
    assert cable.owners == {("dcim.device", 5), ("dcim.device", 6)}
    # It was on another device before.
    module = edited("dcim.module", {"id": 4, "device": {"id": 5, "name": "sw1"}}, {"device": 6})
    assert module.owners == {("dcim.device", 5), ("dcim.device", 6)}
    assert edited("ipam.vlan", {"id": 1, "name": "voice"}).owners == set()
    assert not edited("circuits.circuit", {"id": 1}).is_compared
    for content in ({}, {"object_type": "dcim.device"}, {"object_type": "dcim.device", "data": {"id": "5"}}):
        with pytest.raises(HookError, match="leave its body template empty"):
            read_hook(content)


def test_objects_without_an_owner_concern_every_endpoint(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    circuit, vlan = edited("circuits.circuit", {"id": 1}), edited("ipam.vlan", {"id": 1})
    assert concerned(warehouse, [circuit], ["paris", "lyon"]) == []
    assert concerned(warehouse, [circuit, vlan], ["paris", "lyon"]) == ["paris", "lyon"]
