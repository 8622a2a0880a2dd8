"""The addresses of the servers' own pages."""

from __future__ import annotations

from netbox_sync_dagster.sources.registry import source_of


def test_pages_of_librenms() -> None:
    page = source_of("librenms").page
    assert page(None, "devices", {"source_id": "5"}) == "/device/5"
    port = {"source_id": "77", "device_source_id": "5"}
    assert page(None, "interfaces", port) == "/device/5/port=77"
    assert page(None, "interfaces", {"source_id": None, "device_source_id": "5"}) is None


def test_pages_of_proxmox() -> None:
    page = source_of("proxmox").page
    assert page(None, "virtual_machines", {"source_id": "101", "type": "qemu"}) == "/#v1:0:=qemu%2F101"
    assert page(None, "virtual_machines", {"source_id": "102", "type": "lxc"}) == "/#v1:0:=lxc%2F102"
    assert page(None, "devices", {"source_id": "pve1"}) == "/#v1:0:=node%2Fpve1"


def test_docker_has_none() -> None:
    assert source_of("docker").page(None, "virtual_machines", {"source_id": "web"}) is None
