"""A small Proxmox cluster for the lab's tests, and a client of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState, agent_interface, loopback_interface


def cluster() -> ProxmoxState:
    state = ProxmoxState(cluster="paris", version="9.1.4")
    state.add_node("pve1", ip="10.0.0.11", cpu_model="AMD EPYC 7313P 16-Core Processor")
    state.add_node("pve2", ip="10.0.0.12")
    state.add_pool("prod", "production")
    state.add_qemu(
        101,
        node="pve1",
        name="web01",
        tags="web;prod",
        pool="prod",
        config={
            "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20",
            "scsi0": "local-lvm:vm-101-disk-0,size=32G",
            "agent": "1",
        },
        agent_interfaces=[
            loopback_interface(),
            agent_interface("ens18", "BC:24:11:00:00:01", "10.20.0.5/24", "fe80::be24:11ff:fe00:1/64"),
        ],
        snapshots=["before", {"name": "after", "description": "upgraded", "snaptime": 1793500000}],
    )
    state.add_qemu(102, node="pve1", name="db01", status="stopped", config={"agent": "enabled=1"})
    state.add_qemu(103, node="pve2", name="quiet", config={"agent": "1"})
    state.add_qemu(104, node="pve2", name="no-agent")
    state.add_lxc(
        201,
        node="pve2",
        name="dns",
        maxmem=512 * 2**20,
        config={
            "net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:05,ip=10.20.0.9/24,ip6=2001:db8::9/64,type=veth",
            "rootfs": "local-lvm:vm-201-disk-0,size=8G",
        },
    )
    return state


@pytest.fixture
def server() -> Iterator[LabProxmox]:
    with LabProxmox(cluster()) as running:
        yield running


def api(server: LabProxmox, token: tuple[str, str] | None = None, timeout: float = 5) -> ProxmoxAPI:
    name, value = token or (server.token_name, server.token_value)
    return ProxmoxAPI(
        server.host,
        port=server.port,
        user=server.user,
        token_name=name,
        token_value=value,
        verify_ssl=server.ca_path,
        timeout=timeout,
    )


def refusal(call: Any) -> tuple[int, str]:
    with pytest.raises(ResourceException) as caught:
        call()
    return caught.value.status_code, caught.value.content
