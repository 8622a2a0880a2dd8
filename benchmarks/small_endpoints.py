"""What the comparison of a small endpoint costs when nothing has changed: CPU seconds per endpoint.

    python benchmarks/small_endpoints.py [endpoints]        half of them LibreNMS, half Proxmox VE; default 20

Every LibreNMS has three switches with 24 ports, VLANs and addresses; every Proxmox cluster two nodes and six
guests. All are applied to one lab NetBox first. Then, one after the other in one process as a run over many
endpoints does it, the CPU (user and system) and wall seconds per endpoint, median of three rounds, of these; the last fails
above LIMIT, the others above IDLE:

1. same snapshots: both sides are what the last diff saw
2. read again: both sides were read once more and say the same
3. a new tag: somebody made a tag in NetBox that nobody knows
4. a device elsewhere: somebody added an interface in NetBox to a device that no endpoint shows
5. a VLAN elsewhere: somebody added a VLAN with a VID that no endpoint has
6. a prefix: somebody added a prefix, which no comparison reads without a policy for it
7. an apply elsewhere: a description of the first endpoint was applied; the others
8. a site: somebody edited a site in NetBox, which may matter to all endpoints: everything is compared

What all endpoints have in common (what was edited in NetBox) is looked up once, for the first of them: with few
endpoints it is a larger share. Hundreds of endpoints every few minutes leave about a second of CPU for each.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.compare.run import Comparer, compare
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.sources.librenms.config import LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms
from netbox_sync_dagster.sources.netbox.client import credentials
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.sources.proxmox.snapshot import snapshot_proxmox
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState, agent_interface

IDLE, LIMIT = 0.05, 0.3
SWITCHES, PORTS, GUESTS = 3, 24, 6
ROUNDS = 3
POLICIES = {
    "create": ["tags", "custom_fields", "device_roles", "device_types", "manufacturers", "platforms", "sites",
               "cluster_types", "clusters", "devices", "virtual_machines", "vlans", "interfaces", "vm_interfaces",
               "mac_addresses", "primary_macs", "ip_addresses", "primary_ips", "virtual_disks", "cables"],
    "ungrouped_vlans": True,
}  # fmt: skip


def campus(number: int) -> LibreNMSState:
    """Switches in a row, each linked to the next."""
    state = LibreNMSState()
    ports = []
    for switch in range(SWITCHES):
        name = f"c{number}-sw{switch}"
        device = state.add_device(
            name, location=f"campus-{number}", os="ios", hardware="C9300-24P", serial=f"S{number}{switch}"
        )
        for vid in (10, 20):
            state.add_vlan(device, vid, f"VLAN{vid}")
        rows = [
            state.add_port(
                device, f"Gi1/0/{port}", ifAlias=f"room {port}", ifVlan="10",
                ifPhysAddress=f"0250{number:04x}{switch:02x}{port:02x}",
            )
            for port in range(1, PORTS + 1)
        ]  # fmt: skip
        state.add_ipv4(rows[0], f"10.{number}.{switch}.1", 24)
        ports.append(rows)
    for switch in range(SWITCHES - 1):
        neighbour = f"c{number}-sw{switch + 1}"
        state.add_link(ports[switch][1], neighbour, "Gi1/0/3", remote_port_id=ports[switch + 1][2]["port_id"])
    return state


def cluster(number: int) -> ProxmoxState:
    """Two nodes with guests that have a disk, an interface and an agent."""
    state = ProxmoxState(cluster=f"pve-{number}")
    for node in (1, 2):
        state.add_node(f"pve{number}-{node}")
    for guest in range(GUESTS):
        mac = f"BC:24:{number:02X}:00:00:{guest:02X}"
        state.add_qemu(
            100 + guest,
            node=f"pve{number}-{guest % 2 + 1}",
            name=f"vm{number}-{guest}",
            config={
                "agent": "1",
                "net0": f"virtio={mac},bridge=vmbr0,tag=30",
                "scsi0": f"lvm:vm-{guest},size=32G",
            },
            agent_interfaces=[agent_interface("ens18", mac, f"10.{100 + number}.0.{guest + 10}/24")],
        )
    return state


@contextmanager
def servers(endpoints: int) -> Iterator[tuple[LabNetBox, Config, LibreNMSState]]:
    """The lab servers, the configuration that reads them, and what the first endpoint shows."""
    with ExitStack() as running:
        netbox = running.enter_context(LabNetBox())
        os.environ["NETBOX_TOKEN"] = netbox.token
        content: list[dict[str, Any]] = []
        states = [campus(number) for number in range(endpoints // 2)]
        for number, state in enumerate(states):
            librenms = running.enter_context(LabLibreNMS(state, token="bench"))
            os.environ["LIBRENMS_TOKEN"] = librenms.token
            content.append(
                {
                    "name": f"campus-{number}",
                    "kind": "librenms",
                    "url": librenms.url,
                    "import_devices": "all",
                    "defaults": {"site": f"campus-{number}", "role": "access", "manufacturer": "Cisco"},
                    "policies": POLICIES,
                }
            )
            proxmox = running.enter_context(LabProxmox(cluster(number)))
            os.environ["PROXMOX_TOKEN"] = proxmox.token_value
            content.append(
                {
                    "name": f"pve-{number}",
                    "kind": "proxmox",
                    "url": proxmox.url,
                    "tls": {"ca": proxmox.ca_path},
                    "user": proxmox.user,
                    "token_name": proxmox.token_name,
                    "token_env": "PROXMOX_TOKEN",
                    "defaults": {"site": f"campus-{number}", "role": "access", "device_type": "C9300-24P"},
                    "policies": POLICIES,
                }
            )
        yield netbox, Config.model_validate({"netbox": {"url": netbox.url}, "endpoints": content}), states[0]


class Bench:
    """The endpoints, their NetBox and one warehouse."""

    def __init__(self, home: Path, netbox: LabNetBox, config: Config, first: LibreNMSState) -> None:
        self.warehouse = Warehouse(home)
        self.config = config
        self.first = first
        self.stranger = 0
        self.vid = 3000
        self.http = httpx.Client(base_url=netbox.url, headers=credentials(netbox.token))

    def read(self) -> None:
        for endpoint in self.config.endpoints:
            read = snapshot_librenms if isinstance(endpoint, LibreNMSEndpoint) else snapshot_proxmox
            read(endpoint, self.warehouse)  # type: ignore[operator]
        snapshot_netbox(self.config.netbox, self.warehouse, deletes=self.config.deletes)

    def settle(self) -> None:
        """Apply all that the endpoints have to say. What two of them would create, the first one creates."""
        for _ in range(4):
            if not sum(self._apply(name) for name in self._names()):
                return
        raise SystemExit("changes are left after four rounds")

    def _names(self) -> list[str]:
        return [endpoint.name for endpoint in self.config.endpoints]

    def _apply(self, name: str) -> int:
        endpoint = self.config.endpoint(name)
        snapshot_netbox(self.config.netbox, self.warehouse, deletes=self.config.deletes)
        compare(self.warehouse, self.config, endpoint)
        plan = load_plan(self.warehouse, name)
        if plan.changes:
            approve(
                self.warehouse, plan, list(plan.by_id()), who="bench", through="cli",
                policies=endpoint.policies, override_limit="benchmark",
            )  # fmt: skip
            apply_approved(self.warehouse, self.config.netbox, name, plan, who="bench")
        return len(plan.changes)

    def new_tag(self) -> None:
        """A tag that nobody knows."""
        name = f"edit-{time.time_ns()}"
        self._post("extras/tags", {"name": name, "slug": name, "color": "00ff00"})

    def edit_elsewhere(self) -> None:
        """An interface of a device that no endpoint shows."""
        if not self.stranger:
            device = self.http.get("/api/dcim/devices/", params={"limit": 1}).json()["results"][0]
            same = {name: device[name]["id"] for name in ("device_type", "role", "site")}
            self.stranger = self._post("dcim/devices", {"name": "stranger", "status": "active", **same})
        name = f"port {time.time_ns()}"
        self._post("dcim/interfaces", {"device": self.stranger, "name": name, "type": "other"})

    def new_vlan(self) -> None:
        """A VLAN of a VID that no endpoint has."""
        self.vid += 1
        self._post("ipam/vlans", {"vid": self.vid, "name": f"edit-{time.time_ns()}"})

    def new_prefix(self) -> None:
        """A prefix with the addresses of the first endpoint."""
        self.vid += 1
        self._post("ipam/prefixes", {"prefix": f"10.0.0.0/{self.vid % 16 + 8}"})

    def apply_elsewhere(self) -> None:
        """A description that the first endpoint shows, applied."""
        self.first.ports[5]["ifAlias"] = f"room {time.time_ns()}"
        self.read()
        if self._apply(self._names()[0]) != 1:
            raise SystemExit("the new description is not the only change")
        snapshot_netbox(self.config.netbox, self.warehouse, deletes=self.config.deletes)

    def edit_site(self) -> None:
        """A site, which any endpoint may name."""
        name = f"site-{time.time_ns()}"
        self._post("dcim/sites", {"name": name, "slug": name, "status": "active"})

    def _post(self, path: str, body: dict[str, Any]) -> int:
        answer = self.http.post(f"/api/{path}/", json=body)
        answer.raise_for_status()
        snapshot_netbox(self.config.netbox, self.warehouse, deletes=self.config.deletes)
        return int(answer.json()["id"])

    def compare_all(self, *, but_first: bool = False) -> dict[str, tuple[float, float]]:
        """{kind: (CPU seconds, wall seconds) per endpoint}; ``but_first``: without the first."""
        spent: dict[str, list[tuple[float, float]]] = {}
        if but_first:
            compare(self.warehouse, self.config, self.config.endpoints[0])
        with Comparer(self.warehouse, self.config) as comparer:
            for endpoint in self.config.endpoints[but_first:]:
                cpu, wall = _cpu(), time.perf_counter()
                manifest = comparer.compare(endpoint)
                spent.setdefault(endpoint.kind, []).append((_cpu() - cpu, time.perf_counter() - wall))
                if any(
                    {"create", "update", "delete"} & set(actions) for actions in manifest["counts"].values()
                ):
                    raise SystemExit(
                        f"{endpoint.name} has changes where there must be none: {manifest['counts']}"
                    )
        return {
            kind: (_mean(c for c, _ in times), _mean(w for _, w in times)) for kind, times in spent.items()
        }


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _mean(numbers: Iterator[float]) -> float:
    found = list(numbers)
    return sum(found) / len(found)


def main() -> int:
    endpoints = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder, servers(endpoints) as (netbox, config, first):
        bench = Bench(Path(folder), netbox, config, first)
        bench.read()
        bench.settle()
        failed = 0
        steps = {
            "same snapshots": lambda: None,
            "read again": bench.read,
            "a new tag": bench.new_tag,
            "a device elsewhere": bench.edit_elsewhere,
            "a VLAN elsewhere": bench.new_vlan,
            "a prefix": bench.new_prefix,
            "an apply elsewhere": bench.apply_elsewhere,
            "a site": bench.edit_site,
        }
        for title, before in steps.items():
            rounds = []
            for _ in range(ROUNDS):
                before()
                rounds.append(bench.compare_all(but_first=before == bench.apply_elsewhere))
            for kind in rounds[0]:
                cpu, wall = sorted(one[kind] for one in rounds)[ROUNDS // 2]
                limit = LIMIT if title == "a site" else IDLE
                failed += cpu > limit
                print(f"{title:20} {kind:9} {cpu:.3f} s CPU (limit {limit}), {wall:.3f} s wall per endpoint")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
