"""One failed call makes every resource that depends on it incomplete: a test per line of the evidence tables, which are
those of docs/evidence.md. Those of Proxmox are in ``test_evidence_proxmox.py``."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_lab.docker import DockerState, LabDocker
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.compare.evidence_lines import evidence, incomplete, incomplete_without, reader_of, unread
from tests.lies import lying
from tests.support import NetBox, Pipeline

PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"
KINDS = ("librenms", "proxmox", "docker", "tables")


# (kind, table that shrank) -> resources that become incomplete.
SHRUNK = {
    ("librenms", "devices"): {"devices", "interfaces", "ip_addresses", "cables", "modules"},
    ("librenms", "ports"): {"interfaces", "ip_addresses", "mac_addresses", "cables"},
    ("librenms", "system"): {"devices", "interfaces", "ip_addresses", "cables", "modules", "sites"},
    ("proxmox", "guests"): {"virtual_machines", "vm_interfaces", "virtual_disks", "ip_addresses", "backups"},
    ("proxmox", "nodes"): {"virtual_machines", "interfaces", "storages", "backups"},
    ("proxmox", "guest_config"): {"virtual_machines", "vm_interfaces", "virtual_disks", "snapshots"},
    ("proxmox", "guest_interfaces"): {"vm_interfaces", "mac_addresses"},
    ("proxmox", "snapshots"): {"snapshots"},
    ("proxmox", "backups"): {"backups"},
    ("proxmox", "replications"): {"replications"},
    ("proxmox", "sdn_zones"): {"vlans"},
    ("proxmox", "sdn_vnets"): {"vlans"},
    ("docker", "containers"): {"virtual_machines", "vm_interfaces", "ip_addresses"},
    ("docker", "container_interfaces"): {"vm_interfaces", "mac_addresses"},
    ("tables", "devices"): {"devices", "interfaces", "ip_addresses", "vlans", "cables"},
    ("tables", "vm_interfaces"): {"vm_interfaces", "ip_addresses", "primary_ips", "mac_addresses"},
}


@pytest.mark.parametrize(("kind", "table"), SHRUNK)
def test_a_table_that_shrank_proves_nothing_of_what_comes_from_its_call(kind: str, table: str) -> None:
    found = incomplete_without(
        kind,
        f"SELECT 'table' AS scope, '{table}' AS scope_id, false AS complete, true AS unseen, 'few rows' AS reason",
    )
    assert {name for name, owners in found.items() if "*" in owners} >= SHRUNK[kind, table]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_shows_the_tables(kind: str) -> None:
    """docs/evidence.md; after a change: python -m tests.compare.test_evidence."""
    assert tables()[kind] == table(kind)


def table(kind: str) -> str:
    """A kind's evidence as a Markdown table."""
    lines = ["| call | scope | incomplete without it | undecided without it | of |", "|---|---|---|---|---|"]
    for call, scope, wide, proves, decides in evidence(kind):
        calls = ", ".join(
            f"`{one}`" for one in call.split(", ") if one.startswith("/") or one.endswith(".sql")
        )
        rest = ", ".join(one for one in call.split(", ") if f"`{one}`" not in calls)
        of = "everything" if wide else "the device, node, guest or container"
        cells = (
            calls + (f" ({rest})" if rest else ""),
            f"`{scope}`",
            ", ".join(proves) or "nothing",
            ", ".join(decides) or "nothing",
            of,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def tables() -> dict[str, str]:
    """The tables of the page, by kind."""
    marked = re.compile(r"<!-- evidence: (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)
    return dict(marked.findall(PAGE.read_text(encoding="utf-8")))


@pytest.fixture
def estate(state: LibreNMSState) -> LibreNMSState:
    """A stack with VLANs, a LAG, a neighbour, a VRF and a transceiver."""
    one = state.add_device("sw1", hardware="C9300-48P", serial="FOC1", location="Paris")
    two = state.add_device("sw2", hardware="C9300-48P", serial="FDO2")
    state.add_location("Paris", 48.8, 2.3)
    state.add_inventory(one, entPhysicalClass="stack", entPhysicalIndex=1)
    for number in (1, 2):
        state.add_inventory(
            one,
            entPhysicalClass="chassis",
            entPhysicalIndex=1000 * number,
            entPhysicalContainedIn=1,
            entPhysicalParentRelPos=number,
            entPhysicalSerialNum=f"FOC{number}",
            entPhysicalModelName="C9300-48P",
        )
    lag = state.add_port(one, "Po1", ifType="ieee8023adLag")
    ports = [state.add_port(one, f"Gi{member}/0/1", ifType="ethernetCsmacd") for member in (1, 2)]
    far = state.add_port(two, "Gi1/0/1", ifType="ethernetCsmacd")
    state.add_stack(lag, ports[0])
    state.add_ipv4(ports[0], "10.0.0.1", 24)
    state.add_vlan(one, 10, "users")
    state.add_membership(ports[1], 10, 1)
    state.connect(ports[0], far)
    state.add_vrf(one, "blue", "65000:1")
    state.add_transceiver(ports[1], model="SFP-10G", serial="T1")
    state.add_device_group("core", [one, two])
    return state


def refuse(*paths: str, status: int = 400) -> Callable[[LabLibreNMS], None]:
    def fail(server: LabLibreNMS) -> None:
        for path in paths:
            server.fail_always(status=status, path_prefix=path)

    return fail


def _without_ports(state: LibreNMSState) -> None:
    for port in [port for port in state.ports if port["device_id"] == 1]:
        state.delete_port(port)


# scope -> how the call fails, and what of it a server offers.
FAULTS: dict[str, tuple[Callable[[LabLibreNMS], None], dict[str, Any]]] = {
    "installation": (lambda _: None, {"restricted_to": [1]}),
    "devices": (lambda server: server.state.devices[1].update(device_id="x"), {}),
    "device_groups": (refuse("/devicegroups"), {}),
    "ports": (refuse("/devices/1/ports"), {"php_memory_mb": 1}),
    "no_ports": (lambda server: _without_ports(server.state), {}),
    "port_vlans": (refuse("/devices/1/ports"), {}),
    "tagged_vlans": (lambda _: None, {"version": "23.11.0"}),
    "port_stack": (refuse("/devices/1/port_stack"), {}),
    "ip_addresses": (refuse("/resources/ip/addresses"), {}),
    "vlans": (refuse("/resources/vlans"), {}),
    "links": (refuse("/resources/links"), {}),
    "locations": (refuse("/resources/locations"), {}),
    "vrfs": (refuse("/routing/vrf"), {}),
    "inventory": (refuse("/inventory/1/all"), {}),
    "transceivers": (refuse("/devices/1/transceivers"), {}),
    "transceiver_ports": (lambda _: None, {"version": "23.11.0"}),
}


@pytest.mark.parametrize("line", evidence("librenms"), ids=lambda line: f"{line[1]}")
def test_a_failed_call_of_librenms(
    estate: LibreNMSState,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: tuple[str, str, bool, list[str], list[str]],
) -> None:
    _, scope, wide, proves, _ = line
    fail, options = FAULTS[scope]
    monkeypatch.setenv("LIBRENMS_TOKEN", "lnms-token")
    with LabLibreNMS(estate, token="lnms-token", **options) as server:
        reader = reader_of(
            tmp_path,
            "librenms",
            server,
            virtual_chassis=True,
            inventory=True,
            import_devices={"group": ["core"]},
        )
        fail(server)
        reader.snapshot()
    found = unread(reader)
    for resource in proves:
        owners = found.get(resource, set())
        assert "*" in owners or (not wide and "sw1" in owners), (resource, found)


CONTAINER_FAULTS: dict[str, Callable[[LabDocker], None]] = {
    "host": lambda lab: lab.fail_always(status=500, path_prefix="/v1.51/info"),
    "container": lambda lab: lab.fail_always(
        status=500, path_prefix=f"/v1.51/containers/{lab.state.containers['web'].id}"
    ),
    "networks": lambda lab: lab.fail_always(status=500, path_prefix="/v1.51/networks"),
}


@pytest.fixture
def host() -> DockerState:
    """Host whale with one container in four networks."""
    state = DockerState("whale")
    names = ("front", "back", "side", "deep")
    for number, name in enumerate(names):
        state.add_network(name, f"172.3{number}.0.0/24")
    state.add("web", *names)
    return state


@pytest.mark.parametrize("scope", CONTAINER_FAULTS)
def test_a_failed_call_of_docker(host: DockerState, tmp_path: Path, scope: str) -> None:
    (line,) = [line for line in evidence("docker") if line[1] == scope]
    with LabDocker(host) as server:
        reader = reader_of(tmp_path, "docker", server, bridge_addresses=False)
        reader.snapshot()
        CONTAINER_FAULTS[scope](server)
        reader.snapshot()
    found = unread(reader)
    for resource in line[3]:
        assert found.get(resource, set()) & {"*", "web", "container web"}, (resource, found)


def test_a_list_of_containers_that_is_shorter_than_the_daemon_says(
    host: DockerState, netbox: NetBox, basics: Any, tmp_path: Path
) -> None:
    host.add("db", "back")
    netbox.create("virtualization/cluster-types", name="Docker", slug="docker")

    def told(path: str, content: Any) -> Any:
        return content[:1] if path.endswith("/containers/json") else None

    with lying(LabDocker, host, lie=told) as server:
        endpoint = {"name": "docker1", "kind": "docker", "url": server.url, "defaults": {"site": "paris"}}
        pipeline = Pipeline(tmp_path / "docker", netbox, endpoint)
        plan = pipeline.sync()
    assert "*" in incomplete(pipeline)["virtual_machines"]
    assert {r.action for r in plan.rows if r.resource == "virtual_machines"} == {"blocked"}
    (reason,) = {r.reason for r in plan.rows if r.resource == "virtual_machines"}
    assert "the daemon says that it has 2 containers, and lists 1" in reason


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    for name in KINDS:
        text = re.sub(
            rf"(<!-- evidence: {name} -->\n).*?(<!-- end -->)",
            lambda found, name=name: found[1] + table(name) + found[2],  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
    PAGE.write_text(text, encoding="utf-8")
