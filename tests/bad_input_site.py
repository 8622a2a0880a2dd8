"""A company whose NetBox is in step with its LibreNMS and its Proxmox VE, so that anything that goes missing would
look like something to delete: every policy that allows deletes is on."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from starlette.requests import Request
from starlette.responses import Response

from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.sources.librenms.config import LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_lab.certs import make_certificates
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState, agent_interface
from netbox_sync_lab.serving import LabServer
from tests.cli.conftest import Answer, CliHarness
from tests.kept import copy_tree
from tests.parquet import looking
from tests.support import NetBox

NETBOX_TOKEN = "netbox-secret-91c2"
LIBRENMS_TOKEN = "librenms-secret-5d07"
WRONG = "wrong-secret-e6b4"
# The configured endpoint, or the target, by system.
NAMES = {"librenms": "nms", "proxmox": "pve", "netbox": "netbox"}
DELETABLE = ["devices", "virtual_machines", "interfaces", "vm_interfaces", "virtual_disks", "ip_addresses"]
POLICIES = {
    "delete": DELETABLE,
    "delete_unowned": DELETABLE,
    "missing_guests": "delete",
    "missing_interfaces": "delete",
    "stale_addresses": "delete",
}


class Website(LabServer):
    """Another web server: it answers every path with a page."""

    async def handle(self, request: Request) -> Response:
        self._log(request, 200)
        return Response("<!DOCTYPE html><title>Welcome</title>", media_type="text/html")


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def librenms_state() -> LibreNMSState:
    """Four switches with a trunk each."""
    state = LibreNMSState()
    for number in (1, 2, 3, 4):
        ip = f"10.0.0.{number}"
        switch = state.add_device(f"sw{number}", os="ios", hardware="C2960", serial=f"FOC{number}", ip=ip)
        state.add_vlan(switch, 10, "USERS")
        state.add_vlan(switch, 20, "VOICE")
        port = state.add_port(switch, "Gi0/1", ifVlan="10", ifTrunk="dot1Q", ifAlias="uplink")
        state.add_membership(port, 10, untagged=1)
        state.add_membership(port, 20)
        state.add_port(switch, "Gi0/2", ifVlan="10", ifAlias="printer", ifPhysAddress=f"84bf2085000{number}")
        state.add_ipv4(port, ip, 24)
    return state


def branch_state() -> LibreNMSState:
    """Another LibreNMS, with one switch."""
    state = LibreNMSState()
    switch = state.add_device("branch1", os="ios", hardware="C2960", serial="FOC9", ip="10.9.0.1")
    state.add_port(switch, "Gi0/1", ifAlias="uplink")
    return state


def proxmox_state() -> ProxmoxState:
    """Two nodes, four virtual machines with agents on the first, a container on the second."""
    state = ProxmoxState(cluster="paris")
    state.add_node("pve1")
    state.add_node("pve2")
    for number in (1, 2, 4, 5):
        mac = f"BC:24:11:00:00:0{number}"
        config = {
            "agent": "1",
            "net0": f"virtio={mac},bridge=vmbr0,tag=10",
            "scsi0": f"local-lvm:vm-{100 + number}-disk-0,size=32G",
        }
        agent = [agent_interface("ens18", mac, f"10.0.10.{number}/24")]
        state.add_qemu(100 + number, node="pve1", name=f"vm{number}", config=config, agent_interfaces=agent)
    state.add_lxc(
        103,
        node="pve2",
        name="ct3",
        config={
            "net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:03,ip=10.0.10.3/24",
            "rootfs": "local-lvm:vm-103-disk-0,size=8G",
        },
    )
    return state


class Servers:
    """The company's servers, and a stranger; all of them also over TLS with a certificate of a private CA."""

    def __init__(self, folder: Path) -> None:
        files = make_certificates(folder, common_name="Company CA")
        tls = {"certfile": files.certfile, "keyfile": files.keyfile}
        self.netbox = LabNetBox(token=NETBOX_TOKEN)
        self.librenms = LabLibreNMS(librenms_state(), token=LIBRENMS_TOKEN)
        self.proxmox = LabProxmox(proxmox_state(), certificates=files)
        self.netbox_tls = LabNetBox(token=NETBOX_TOKEN, **tls)
        self.librenms_tls = LabLibreNMS(self.librenms.state, token=LIBRENMS_TOKEN, **tls)
        self.branch = LabLibreNMS(branch_state(), token=LIBRENMS_TOKEN)
        self.website = Website()
        self.website_tls = Website(**tls)
        self.all: tuple[LabServer, ...] = (
            *(self.netbox, self.librenms, self.proxmox),
            *(self.netbox_tls, self.librenms_tls, self.branch, self.website, self.website_tls),
        )

    def of(self, system: str) -> LabServer:
        """The server that is configured for this system."""
        return {"netbox": self.netbox, "librenms": self.librenms, "proxmox": self.proxmox}[system]


class Company:
    """A working folder over the servers, synced once and applied."""

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.servers = servers
        pve = servers.proxmox
        self.harness = CliHarness(
            folder,
            {
                "netbox": {"url": servers.netbox.url, "timeout": 5},
                "endpoints": [
                    {
                        "name": "nms",
                        "kind": "librenms",
                        "url": servers.librenms.url,
                        "timeout": 5,
                        "import_devices": "all",
                        "defaults": {
                            "site": "paris",
                            "role": "access",
                            "device_type": "C2960",
                            "vlan_group": "paris",
                        },
                        "policies": POLICIES,
                    },
                    {
                        "name": "pve",
                        "kind": "proxmox",
                        "url": pve.url,
                        "timeout": 5,
                        "agent_timeout": 0.3,
                        "tls": {"ca": pve.ca_path},
                        "user": pve.user,
                        "token_name": pve.token_name,
                        "token_env": "PROXMOX_TOKEN",
                        "defaults": {"site": "paris", "role": "access", "device_type": "C2960"},
                        "policies": POLICIES,
                    },
                    {
                        "name": "branch",
                        "kind": "librenms",
                        "url": servers.branch.url,
                        "token_env": "BRANCH_TOKEN",
                        "timeout": 5,
                    },
                ],
            },
            {
                "NETBOX_TOKEN": NETBOX_TOKEN,
                "LIBRENMS_TOKEN": LIBRENMS_TOKEN,
                "BRANCH_TOKEN": LIBRENMS_TOKEN,
                "PROXMOX_TOKEN": pve.token_value,
            },
        )
        self.harness.configure()
        self.warehouse = Warehouse(folder / "data")
        # Whether its diffs are others than in the beginning.
        self.changed = True

    @property
    def secrets(self) -> tuple[str, ...]:
        return (NETBOX_TOKEN, LIBRENMS_TOKEN, WRONG, self.servers.proxmox.token_value, "lab-snmp-community")

    def again(self) -> Company:
        """The same warehouse and configuration as in the beginning, in the same place: the first call keeps them."""
        home, kept = self.warehouse.home, self.harness.folder / "kept"
        if not kept.exists():
            home.rename(kept)
        shutil.rmtree(home, ignore_errors=True)
        copy_tree(kept, home, lasting=True, linked=True)
        self.changed = True
        return Company(self.harness.folder, self.servers)

    def as_it_is(self) -> Company:
        """The same configuration, and the warehouse as the last call of this left it; of ``again`` where that was later."""
        found = self.again() if self.changed else Company(self.harness.folder, self.servers)
        self.changed = False
        return found

    def heal(self) -> None:
        """Take away the faults of all servers."""
        for server in self.servers.all:
            server.clear_faults()

    def set(self, system: str, **content: Any) -> None:
        """Change the configuration of one system."""
        place = {
            "netbox": self.harness.content["netbox"],
            "librenms": self.harness.content["endpoints"][0],
            "proxmox": self.harness.content["endpoints"][1],
        }[system]
        place.update(content)
        self.harness.configure()

    def read_librenms(self) -> None:
        """Read LibreNMS, and compare nothing."""
        with patch.dict(os.environ, self.harness.environment):
            endpoint = load_config(self.harness.folder / "netbox_sync.yaml").endpoint("nms")
            assert isinstance(endpoint, LibreNMSEndpoint)
            snapshot_librenms(endpoint, self.warehouse)

    def current(self, system: str) -> str:
        """The id of the current snapshot."""
        return self.warehouse.current(self.warehouse.snapshots(system, NAMES[system])).name

    def manifest(self, system: str) -> dict[str, Any]:
        return self.warehouse.manifest(self.warehouse.snapshots(system, NAMES[system]))

    def count(self, system: str, table: str) -> int:
        """Rows of a table in the current snapshot."""
        folder = self.warehouse.current(self.warehouse.snapshots(system, NAMES[system]))
        with looking() as con:
            row = con.execute(
                "SELECT count(*) FROM read_parquet(?)", [str(folder / f"{table}.parquet")]
            ).fetchone()
        return int(row[0]) if row else 0

    def deletes(self) -> list[str]:
        """What the current diffs would delete, or take away from an object."""
        return [
            f"{row.action} {row.resource} {row.key}"
            for name in ("nms", "pve")
            for row in load_plan(self.warehouse, name).changes
            if row.action == "delete" or any(f.after in (None, [], "") and f.before for f in row.written)
        ]

    def no_secret_in(self, *answers: Answer) -> None:
        """Fail where a secret was printed, or is in a file of the warehouse."""
        for answer in answers:
            assert [secret for secret in self.secrets if secret in answer.out + answer.err] == []
        for file in self.warehouse.home.rglob("*"):
            if file.is_file() and file.suffix != ".parquet":
                content = file.read_bytes()
                assert [s for s in self.secrets if s.encode() in content] == [], file


@contextmanager
def running(folder: Path) -> Iterator[Company]:
    """The company in step: everything is in NetBox, made by this product."""
    servers = Servers(folder / "certificates")
    with ExitStack() as stack:
        for server in servers.all:
            stack.enter_context(server)
        person = NetBox(servers.netbox.url, NETBOX_TOKEN)
        site = person.create("dcim/sites", name="Paris", slug="paris")
        maker = person.create("dcim/manufacturers", name="Cisco", slug="cisco")
        person.create("dcim/device-types", manufacturer=maker["id"], model="C2960", slug="c2960")
        person.create("dcim/device-roles", name="Access", slug="access", color="00ff00")
        person.create("dcim/device-roles", name="Virtual Machine", slug="virtual-machine", color="00ff00")
        person.create("dcim/device-roles", name="Container", slug="container", color="00ff00")
        person.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
        person.create("dcim/platforms", name="Proxmox VE 9", slug="proxmox-ve-9")
        person.create(
            "ipam/vlan-groups", name="Paris", slug="paris", scope_type="dcim.site", scope_id=site["id"]
        )
        company = Company(folder, servers)
        for name in ("nms", "pve"):
            company.harness.ok("sync", name)
            company.harness.ok(
                "approve", name, "--all-creates-and-updates", "--override-limit", "first sync", "--yes"
            )
            company.harness.ok("apply", name, "--yes")
        company.harness.ok("sync", "nms", "pve")
        for name in ("nms", "pve"):
            (left,) = json.loads(company.harness.ok("diff", name, "--json"))["diffs"]
            assert left["counts"] == {}, company.harness.ok("diff", name, "--all")
        yield company
