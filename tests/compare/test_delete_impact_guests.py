"""Dependents of a guest, or of a part of it, block its delete in the diff, by name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from contract.client import NetBox as Client

from netbox_sync_dagster.compare.plan import Plan
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.apply.conftest import furnish
from tests.compare.impact import PLACES, hang, netbox_and_client
from tests.support import ODD_FOLDER, NetBox, Pipeline, proxmox_endpoint, rows

RESOURCES = ["virtual_machines", "vm_interfaces", "virtual_disks", "ip_addresses", "mac_addresses"]
NIC_WORDS = ("journal entry", "tunnel termination", "FHRP group assignment")


class Found(NamedTuple):
    """The plan after all changes; {name of an interface of vm101: its dependent}; {vmid: what depends on the guest or
    on a part of it}."""

    plan: Plan
    nics: dict[str, str]
    guests: dict[int, str]


@pytest.fixture(scope="module", params=PLACES)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    """Twelve guests, all in NetBox; what is gone of them may be deleted. Vm101 has lost its interfaces, and vm102 to
    vm110 are gone."""
    cluster = ProxmoxState(cluster=f"paris-{os.getpid()}-{os.urandom(3).hex()}")
    cluster.add_node("pve1", network=[])
    for vmid in range(101, 113):
        nics = {
            f"net{n}": f"virtio=BC:24:11:{vmid:02X}:00:{n:02X},bridge=vmbr0"
            for n in range(3 if vmid == 101 else 1)
        }
        cluster.add_qemu(vmid, node="pve1", name=f"vm{vmid}", config={**nics, "scsi0": "local-lvm:x,size=1G"})
    with (
        netbox_and_client(request.param) as (netbox, client),
        pytest.MonkeyPatch.context() as environment,
        LabProxmox(cluster) as server,
    ):
        place = furnish(netbox)
        netbox.create(
            "virtualization/cluster-types", name=f"Proxmox {place.suffix}", slug=f"proxmox-{place.suffix}"
        )
        environment.setenv("PROXMOX_TOKEN", server.token_value)
        defaults = {
            "site": place.site["slug"],
            "role": place.role["slug"],
            "device_type": place.device_type["model"],
        }
        endpoint = proxmox_endpoint(
            server,
            cluster_type=f"proxmox-{place.suffix}",
            defaults=defaults,
            policies={"delete": RESOURCES},
        )
        pipeline = Pipeline(tmp_path_factory.mktemp("impact") / ODD_FOLDER, netbox, endpoint)
        pipeline.apply()
        nics, guests = hang_on_nics(cluster, client, netbox), hang_on_guests(cluster, client, netbox)
        for number in range(3):
            del cluster.guests[101].config[f"net{number}"]
        for vmid in range(102, 111):
            cluster.remove(vmid)
        # A guest that has lost all of its interfaces is no evidence until a person says that it is right.
        yield Found(pipeline.sync(accept_shrink=True), nics, guests)


def machine(netbox: NetBox, cluster: ProxmoxState, name: str) -> dict[str, Any]:
    """The virtual machine of this name in the test's own cluster."""
    home = netbox.one("virtualization/clusters", name=cluster.cluster)
    return netbox.one("virtualization/virtual-machines", name=name, cluster_id=home["id"])


def hang_on_nics(cluster: ProxmoxState, client: Client, netbox: NetBox) -> dict[str, str]:
    nics = netbox.all("virtualization/interfaces", virtual_machine_id=machine(netbox, cluster, "vm101")["id"])
    kind = "virtualization.vminterface"
    return {
        nic["name"]: hang(client, word, kind, nic["id"]) for nic, word in zip(nics, NIC_WORDS, strict=True)
    }


def hang_on_guests(cluster: ProxmoxState, client: Client, netbox: NetBox) -> dict[int, str]:
    names = {}
    for vmid, word in (
        (102, "service"),
        (103, "contact assignment"),
        (104, "image attachment"),
        (105, "bookmark"),
    ):
        vm = machine(netbox, cluster, f"vm{vmid}")
        names[vmid] = f"{hang(client, word, 'virtualization.virtualmachine', vm['id'])} depends on it"
    for vmid, word in (
        (106, "tunnel termination"),
        (107, "L2VPN termination"),
        (108, "FHRP group assignment"),
    ):
        vm = machine(netbox, cluster, f"vm{vmid}")
        [nic] = netbox.all("virtualization/interfaces", virtual_machine_id=vm["id"])
        text = hang(client, word, "virtualization.vminterface", nic["id"])
        names[vmid] = f"{text} depends on it ({nic['name']})"
    vm = machine(netbox, cluster, "vm109")
    [disk] = netbox.all("virtualization/virtual-disks", virtual_machine_id=vm["id"])
    text = hang(client, "journal entry", "virtualization.virtualdisk", disk["id"])
    return {**names, 109: f"{text} depends on it ({disk['name']})"}


def test_what_hangs_on_an_interface_of_a_guest_keeps_it(found: Found) -> None:
    lost = [r for r in rows(found.plan, "vm_interfaces") if r.parent == "vm101"]
    assert {r.key: (r.action, r.reason) for r in lost} == {
        f"vm101 {name} (gone)": ("blocked", f"no netN of the guest in Proxmox, but {text} depends on it")
        for name, text in found.nics.items()
    }


def test_what_hangs_on_any_part_of_a_guest_keeps_all_of_it(found: Found) -> None:
    assert {r.key: (r.action, r.reason) for r in rows(found.plan, "virtual_machines")} == {
        **{
            f"vm{vmid} [vmid {vmid}]": ("blocked", f"vmid {vmid} is no longer in Proxmox, but {name}")
            for vmid, name in found.guests.items()
        },
        "vm110 [vmid 110]": ("delete", "vmid 110 is no longer in Proxmox"),
    }
    # Nothing of those that stay is deleted either.
    assert {r.parent for r in found.plan.changes} == {"vm110"}
    assert {r.resource for r in found.plan.changes} == {
        *("virtual_machines", "vm_interfaces", "mac_addresses", "virtual_disks")
    }
