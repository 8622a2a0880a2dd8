"""One failed call makes every resource that depends on it incomplete: a test per line of the evidence tables, which are
those of docs/evidence.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage import connections
from netbox_sync_lab.docker import DockerState, LabDocker
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.lies import lying
from tests.sql.rules import Rules
from tests.support import ODD_FOLDER, NetBox, Pipeline

PAGE = Path(__file__).parents[2] / "docs" / "evidence.md"
KINDS = ("librenms", "proxmox", "docker", "tables")


def evidence(kind: str) -> list[tuple[str, str, bool, list[str], list[str]]]:
    """(call, scope, wide, proves, decides) of every line of a kind's table."""
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA config; CREATE TABLE config.endpoint AS SELECT false AS bridge_addresses")
        return con.execute(read_sql(f"desired/{kind}/evidence.sql")).fetchall()


def incomplete(pipeline: Pipeline) -> dict[str, set[str]]:
    """Resource -> owners for which it is incomplete, in the last comparison."""
    folder = pipeline.warehouse.current(pipeline.warehouse.diffs(pipeline.name)) / "desired"
    with duckdb.connect() as con:
        return by_resource(
            con.execute(
                "SELECT resource, owner FROM read_parquet(?)",
                [connections.pattern(folder / "incomplete_scopes.parquet")],
            ).fetchall()
        )


def by_resource(found: list[tuple[str, str]]) -> dict[str, set[str]]:
    return {name: {owner for resource, owner in found if resource == name} for name, _ in found}


# The owners whose calls fail: (table, source's id, key).
OWNERS = {
    "librenms": [("devices", "1", "sw1")],
    "proxmox": [("virtual_machines", "101", "web"), ("devices", "pve1", "pve1")],
    "docker": [("virtual_machines", "web", "web")],
    "tables": [],
}


@cache
def gap_rules(kind: str) -> Rules:
    """The stages that say what the gaps of a snapshot leave incomplete, one database per kind."""
    rules = Rules(kind)
    for line in evidence(kind):
        rules.con.execute("INSERT INTO desired.evidence VALUES (?, ?, ?, ?, ?)", line)
    if kind == "proxmox":
        rules.con.execute(
            f"INSERT INTO desired.call_tables BY NAME {read_sql('desired/proxmox/call_tables.sql')}"
        )
    for table, source_id, key in OWNERS[kind]:
        rules.put(f"desired.{table}", source_id=source_id, key=key)
    return rules


def incomplete_without(kind: str, scopes: str) -> dict[str, set[str]]:
    """Resource -> owners for which it is incomplete, with these scopes (a query) of a snapshot."""
    rules = gap_rules(kind)
    rules.con.execute(f"CREATE OR REPLACE TABLE config.scopes AS {scopes}")
    rules.con.execute(f"CREATE OR REPLACE TABLE config.gaps AS {read_sql('desired/call_gaps.sql')}")
    return by_resource(
        rules.con.execute(f"SELECT resource, owner FROM ({read_sql('desired/gaps.sql')})").fetchall()
    )


def unread(pipeline: Pipeline) -> dict[str, set[str]]:
    """Resource -> owners for which it is incomplete, after the pipeline's last snapshot."""
    kind = pipeline.endpoint.kind
    file = pipeline.warehouse.current(pipeline.warehouse.snapshots(kind, pipeline.name)) / "scopes.parquet"
    return incomplete_without(kind, f"FROM read_parquet('{connections.quoted(connections.pattern(file))}')")


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


def reader_of(folder: Path, kind: str, server: Any, **options: Any) -> Pipeline:
    """A pipeline that only reads its source."""
    endpoint = {"name": "source", "kind": kind, "url": server.url, "defaults": {"site": "paris"}, **options}
    return Pipeline(folder / ODD_FOLDER, NetBox("http://127.0.0.1:1", "lab-token"), endpoint)


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


NIC = "virtio=BC:24:11:00:00:0{},bridge=vmbr0"
AGENT = [
    {
        "name": f"ens{n}",
        "hardware-address": f"bc:24:11:00:00:0{n}",
        "ip-addresses": [
            {"ip-address": f"10.0.{n}.{host}", "prefix": 24, "ip-address-type": "ipv4"} for host in (1, 2)
        ],
    }
    for n in (1, 2, 3, 4)
]


@pytest.fixture
def guest(cluster: ProxmoxState) -> ProxmoxState:
    """Guest 101 `web` on pve1 with four NICs, four disks and a snapshot; a storage with backups, a job, a vnet."""
    cluster.nodes["pve1"].network.extend(
        {"iface": name, "type": "eth", "active": 1} for name in ("eno1", "eno2", "eno3", "eno4")
    )
    cluster.add_qemu(
        101,
        node="pve1",
        name="web",
        config={"agent": "1"}
        | {f"net{n - 1}": NIC.format(n) for n in (1, 2, 3, 4)}
        | {f"scsi{n}": f"local-lvm:vm-101-disk-{n},size=8G" for n in range(4)},
        agent_interfaces=AGENT,
        snapshots=["before"],
    )
    cluster.add_storage("backup", content="backup", nodes=["pve1"])
    return cluster


def short(guest: Any, prefix: str, keep: int = 1) -> None:
    for n in range(keep, 4):
        del guest.config[f"{prefix}{n}"]


# scope -> how the call fails or its answer is short.
PVE_FAULTS: dict[str, Callable[[LabProxmox], None]] = {
    "rights": lambda lab: lab.fail_always(status=500, path_prefix="/access/permissions"),
    "node": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/status"),
    "node_interfaces": lambda lab: lab.state.nodes["pve1"].network.__delitem__(slice(1, None)),
    "guest": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/qemu/101/config"),
    "guest_interfaces": lambda lab: short(lab.state.guests[101], "net"),
    "disks": lambda lab: short(lab.state.guests[101], "scsi"),
    "guest_addresses": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/qemu/101/agent"),
    "short_guest_addresses": lambda lab: None,
    "guest_snapshots": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/qemu/101/snapshot"),
    "storages": lambda lab: lab.fail_always(status=500, path_prefix="/storage"),
    "storage": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/storage/backup/content"),
    "replication": lambda lab: lab.fail_always(status=500, path_prefix="/cluster/replication"),
    "sdn": lambda lab: lab.fail_always(status=500, path_prefix="/cluster/sdn"),
    "backup_jobs": lambda lab: lab.fail_always(status=500, path_prefix="/cluster/backup"),
    "pools": lambda lab: lab.fail_always(status=500, path_prefix="/pools"),
    "options": lambda lab: lab.fail_always(status=500, path_prefix="/cluster/options"),
    "tasks": lambda lab: lab.fail_always(status=500, path_prefix="/nodes/pve1/tasks"),
}
PVE_LINES = [line for line in evidence("proxmox") if line[1] != "cluster"]


@pytest.mark.parametrize("line", PVE_LINES, ids=lambda line: f"{line[1]} {line[2]}")
def test_a_failed_call_of_proxmox(
    guest: ProxmoxState,
    proxmox: LabProxmox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: tuple[str, str, bool, list[str], list[str]],
) -> None:
    _, scope, wide, proves, _ = line
    monkeypatch.setenv("PROXMOX_TOKEN", proxmox.token_value)
    # Also the calls whose answers cannot have changed.
    reader = reader_of(
        tmp_path,
        "proxmox",
        proxmox,
        tls={"ca": proxmox.ca_path},
        user=proxmox.user,
        token_name=proxmox.token_name,
        token_env="PROXMOX_TOKEN",
        agent_timeout=1,
        full_read_hours=0,
    )
    reader.snapshot()
    PVE_FAULTS[scope](proxmox)
    reader.snapshot()
    found = unread(reader)
    for resource in proves:
        owners = found.get(resource, set())
        assert "*" in owners or (not wide and owners & {"web", "pve1", "vmid 101"}), (resource, found)


def hide(lie: Callable[[list[dict[str, Any]]], Any]) -> Callable[[str, Any], Any]:
    """A lie about the list at a path."""

    def told(path: str, content: Any) -> Any:
        return {**content, "data": lie(content["data"])}

    return told


PVE_LIES: dict[str, tuple[str, Callable[[list[dict[str, Any]]], Any]]] = {
    "a node is missing from the status": (
        "/cluster/status",
        lambda rows: [row for row in rows if row.get("name") != "pve2"],
    ),
    "a guest is missing from the cluster's list": (
        "/cluster/resources",
        lambda rows: [row for row in rows if row.get("vmid") != 102],
    ),
    "a node is missing from both lists": (
        "/cluster/",
        lambda rows: [row for row in rows if row.get("type") != "node" or "pve1" not in str(row)],
    ),
}


@pytest.mark.parametrize("lie", PVE_LIES)
def test_a_short_list_of_proxmox_proves_nothing(
    guest: ProxmoxState,
    netbox: NetBox,
    basics: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lie: str,
) -> None:
    """From the first sync on: nothing is known from before."""
    guest.add_qemu(102, node="pve1", name="db")
    path, change = PVE_LIES[lie]

    def told(asked: str, content: Any) -> Any:
        return hide(change)(asked, content) if path in asked and isinstance(content["data"], list) else None

    with lying(LabProxmox, guest, lie=told) as server:
        monkeypatch.setenv("PROXMOX_TOKEN", server.token_value)
        netbox.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
        pipeline = Pipeline(
            tmp_path / "pve",
            netbox,
            {
                "name": "paris-pve",
                "kind": "proxmox",
                "url": server.url,
                "tls": {"ca": server.ca_path},
                "user": server.user,
                "token_name": server.token_name,
                "token_env": "PROXMOX_TOKEN",
                "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
            },
        )
        plan = pipeline.sync()
    assert "*" in incomplete(pipeline)["virtual_machines"]
    blocked = {r.action for r in plan.rows if r.resource in ("virtual_machines", "ip_addresses")}
    assert blocked <= {"blocked", "conflict"}


def test_a_cluster_without_guests_is_complete(cluster: ProxmoxState, pve: Pipeline) -> None:
    """The token holds VM.Audit, so an empty list says that there is none."""
    assert pve.snapshot().complete


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
