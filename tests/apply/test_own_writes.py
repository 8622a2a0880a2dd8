"""What this product did itself is never somebody else's change: undos, clears by NetBox, other endpoints' applies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.apply import ApplyResult, apply_approved, plan_undo
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.config.rules import RulesConfig
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState, agent_interface
from tests.apply.test_fixed_point import decided, furnished
from tests.kept import LabTarget, begun, serving
from tests.real_netbox import real_netbox
from tests.support import ODD_FOLDER, NetBox, Pipeline, proxmox_endpoint, rows

GUEST_PARTS = ["virtual_machines", "vm_interfaces", "virtual_disks", "mac_addresses", "ip_addresses"]


@pytest.fixture
def netbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[NetBox]:
    """The lab NetBox; a real one in the live half of a test that is marked ``also_live``."""
    if getattr(request, "param", "lab") == "live":
        with real_netbox(empty=True) as real:
            furnished(real)
            yield real
        return
    with serving(request, "own netbox", lambda port: LabNetBox(port, token="lab-token")) as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        found = LabTarget(server)
        furnished(found)
        yield found


@pytest.fixture
def cluster() -> ProxmoxState:
    found = ProxmoxState(cluster="paris")
    found.add_node("pve1", network=[])
    found.add_node("pve2", network=[])
    return found


@pytest.fixture
def proxmox(
    request: pytest.FixtureRequest, cluster: ProxmoxState, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LabProxmox]:
    with serving(request, "own proxmox", lambda port: LabProxmox(cluster, port)) as server:
        monkeypatch.setenv("PROXMOX_TOKEN", server.token_value)
        yield server


def endpoint(proxmox: LabProxmox, name: str = "paris-pve", **policies: Any) -> dict[str, Any]:
    return proxmox_endpoint(proxmox, name, policies=policies)


@pytest.fixture
def pve(proxmox: LabProxmox, netbox: NetBox, tmp_path: Path) -> Pipeline:
    more = {"stale_addresses": "delete", "delete": GUEST_PARTS}
    return Pipeline(tmp_path / ODD_FOLDER, netbox, endpoint(proxmox, **more))


def guest(
    cluster: ProxmoxState, vmid: int, *, host: int, net: str = "net0", mac: int = 0, **more: Any
) -> None:
    """One guest with a card, a disk and an address; in place of the one that is there under this number."""
    cluster.guests.pop(vmid, None)
    address = f"BC:24:11:00:{mac:02X}:{vmid % 100:02X}"
    content = {"node": "pve1", "name": f"vm{vmid}", "tags": "prod", **more}
    cluster.add_qemu(
        vmid,
        config={
            "agent": "1",
            net: f"virtio={address},bridge=vmbr0,tag=20",
            "scsi0": f"local:vm-{vmid}-disk-0,size=1G",
        },
        agent_interfaces=[agent_interface("ens18", address, f"10.61.0.{host}/24")],
        **content,
    )


def approved(pipeline: Pipeline, plan: Plan) -> None:
    ids = list(plan.by_id())
    more = {
        "who": "alice",
        "through": "cli",
        "policies": pipeline.endpoint.policies,
        "override_limit": "test",
    }
    approve(pipeline.warehouse, plan, ids, **more)  # type: ignore[arg-type]


def write(pipeline: Pipeline, plan: Plan) -> ApplyResult:
    """Approve and apply the whole plan; every change has to go through."""
    approved(pipeline, plan)
    result = apply_approved(pipeline.warehouse, pipeline.config.netbox, plan.endpoint, plan, who="alice")
    assert [f"{v.verdict} {v.key}: {v.message}" for v in result.verdicts if v.verdict != "applied"] == []
    return result


def undo(pipeline: Pipeline, apply_id: str | None) -> None:
    plan = plan_undo(pipeline.warehouse, pipeline.config.netbox, apply_id or "")
    assert [(r.resource, r.key, r.reason) for r in plan.rows if not r.is_change] == []
    write(pipeline, load_plan(pipeline.warehouse, plan.name))


def second(pipeline: Pipeline, name: str, content: dict[str, Any]) -> Pipeline:
    """Another endpoint over the same warehouse and NetBox."""
    config = pipeline.config.model_dump(mode="json", exclude_unset=True)
    pipeline.config = Config.model_validate({**config, "endpoints": [*config["endpoints"], content]})
    other = Pipeline.__new__(Pipeline)
    other.__dict__.update(pipeline.__dict__)
    other.name = name
    return other


# The first plan of each beginning, and the apply that wrote it.
_first: dict[str, tuple[Plan, str | None]] = {}


def written(name: str, pipeline: Pipeline, cluster: ProxmoxState) -> tuple[Plan, str | None]:
    def make() -> None:
        plan = pipeline.sync()
        _first[name] = plan, write(pipeline, plan).apply_id

    begun(name, pipeline, [cluster], make)
    return _first[name]


@pytest.fixture
def one_written(pve: Pipeline, cluster: ProxmoxState) -> tuple[Plan, str | None]:
    """Guest 101 is written; the plan, and the id of its apply."""
    guest(cluster, 101, host=10, maxmem=2**30)
    return written("one_written", pve, cluster)


@pytest.fixture
def twelve_written(pve: Pipeline, cluster: ProxmoxState) -> tuple[Plan, str | None]:
    """Twelve guests are written; the plan, and the id of its apply."""
    for number in range(12):
        guest(cluster, 101 + number, host=10 + number)
    return written("twelve_written", pve, cluster)


# -- an undo is ours ------------------------------------------------------------------------------


@pytest.mark.also_live
def test_after_an_undo_the_first_plan_is_there_again_and_can_be_applied(
    pve: Pipeline, twelve_written: tuple[Plan, str | None]
) -> None:
    """Nobody has to accept that NetBox has twelve machines fewer: netbox-sync deleted them."""
    first, apply_id = twelve_written
    undo(pve, apply_id)

    again = pve.sync()
    assert again.manifest["gates"] == []
    assert decided(again) == decided(first)
    write(pve, again)
    assert [(r.action, r.resource, r.key) for r in pve.sync().rows] == []


@pytest.mark.also_live
@pytest.mark.usefixtures("twelve_written")
def test_a_plan_that_deletes_is_there_again_after_its_undo(pve: Pipeline, cluster: ProxmoxState) -> None:
    """What an undo made again counts as the old object: ours to delete, and with tags that others put on."""
    machine = pve.netbox.one("virtualization/virtual-machines", name="vm112")
    pve.netbox.create("extras/tags", name="mine", slug="mine")
    pve.netbox.edit(
        "virtualization/virtual-machines", machine["id"], tags=[{"slug": "prod"}, {"slug": "mine"}]
    )
    cluster.remove(112)
    guest(cluster, 101, host=99)
    first = pve.sync()
    assert Counter(r.action for r in first.changes) == {"create": 1, "update": 1, "delete": 6}
    undo(pve, write(pve, first).apply_id)
    assert decided(pve.sync()) == decided(first)

    # The guest is there again: what an undo wrote is ours, and the tag of somebody else stays.
    guest(cluster, 112, host=21)
    guest(cluster, 101, host=10)
    assert pve.sync().rows == ()
    tags = pve.netbox.one("virtualization/virtual-machines", name="vm112")["tags"]
    assert sorted(tag["slug"] for tag in tags) == ["mine", "prod"]


def test_a_removed_guest_takes_the_contact_of_a_rule_along_and_brings_it_back(
    pve: Pipeline, cluster: ProxmoxState, tmp_path: Path
) -> None:
    contact = pve.netbox.create("tenancy/contacts", name="Ada")
    pve.netbox.create("tenancy/contact-roles", name="Owner", slug="owner")
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "virtual_machines.sql").write_text(
        "SELECT key, 'contacts:owner' AS field, 'ada' AS value FROM desired.virtual_machines",
        encoding="utf-8",
    )
    pve.config = pve.config.model_copy(update={"rules": RulesConfig(folder=str(folder))})
    for vmid in range(101, 106):
        guest(cluster, vmid, host=vmid)
    write(pve, pve.sync())
    assert len(pve.netbox.all("tenancy/contact-assignments")) == 5
    cluster.remove(102)
    first = pve.sync()
    assert [(r.action, r.parent) for r in rows(first, "contact_assignments")] == [("delete", "vm102")]
    done = write(pve, first)
    left = [row["object"]["name"] for row in pve.netbox.all("tenancy/contact-assignments")]
    assert sorted(left) == ["vm101", "vm103", "vm104", "vm105"]
    undo(pve, done.apply_id)
    again = pve.netbox.one("virtualization/virtual-machines", name="vm102")["id"]
    assert pve.netbox.one("tenancy/contact-assignments", object_id=again)["contact"]["id"] == contact["id"]
    # Ours again: the same plan comes back.
    assert Counter(r.action for r in pve.sync().changes) == Counter(r.action for r in first.changes)


def test_an_undo_of_an_undo_brings_the_apply_back(
    pve: Pipeline, one_written: tuple[Plan, str | None]
) -> None:
    _, apply_id = one_written
    plan = plan_undo(pve.warehouse, pve.config.netbox, apply_id or "")
    undone = write(pve, load_plan(pve.warehouse, plan.name)).apply_id
    undo(pve, undone)
    assert pve.sync().rows == ()


@pytest.mark.usefixtures("one_written")
def test_what_somebody_changed_after_an_undo_is_his(pve: Pipeline, cluster: ProxmoxState) -> None:
    guest(cluster, 101, host=10, maxmem=2**31)
    undo(pve, write(pve, pve.sync()).apply_id)
    machine = pve.netbox.one("virtualization/virtual-machines", name="vm101")
    assert machine["memory"] == 1024
    pve.netbox.edit("virtualization/virtual-machines", machine["id"], memory=77)
    (row,) = rows(pve.sync(), "virtual_machines")
    assert (row.action, row.reason) == (
        "conflict",
        "memory: changed in NetBox and in the source since netbox-sync wrote it",
    )


def test_a_primary_address_that_an_apply_adopted_goes_back(pve: Pipeline, cluster: ProxmoxState) -> None:
    """NetBox lets no address leave its interface while it is the primary one: the undo takes that back first."""
    guest(cluster, 101, host=10)
    free = pve.netbox.create("ipam/ip-addresses", address="10.61.0.10/24")
    apply_id = write(pve, pve.sync()).apply_id
    assert pve.netbox.one("ipam/ip-addresses", id=free["id"])["assigned_object_id"] is not None
    undo(pve, apply_id)
    assert pve.netbox.one("ipam/ip-addresses", id=free["id"])["assigned_object_id"] is None
    assert pve.netbox.all("virtualization/virtual-machines") == []


# -- what NetBox does because of our changes -----------------------------------------------------


@pytest.mark.also_live
@pytest.mark.usefixtures("one_written")
def test_a_primary_address_follows_a_guest_to_its_new_address(pve: Pipeline, cluster: ProxmoxState) -> None:
    """Both values were written by this product. The old address goes after another is the primary one."""
    guest(cluster, 101, host=103, maxmem=2**30)
    plan = pve.sync()
    (primary,), (gone,) = rows(plan, "primary_ips"), rows(plan, "ip_addresses", "delete")
    assert primary.action == "update"
    assert primary.change_id in gone.depends_on
    write(pve, plan)
    assert pve.sync().rows == ()
    assert [a["address"] for a in pve.netbox.all("ipam/ip-addresses")] == ["10.61.0.103/24"]


@pytest.mark.usefixtures("one_written")
def test_a_primary_address_that_somebody_chose_stays(pve: Pipeline, cluster: ProxmoxState) -> None:
    machine = pve.netbox.one("virtualization/virtual-machines", name="vm101")
    card = pve.netbox.one("virtualization/interfaces", virtual_machine_id=machine["id"])
    mine = pve.netbox.create(
        "ipam/ip-addresses",
        address="10.61.0.200/24",
        assigned_object_type="virtualization.vminterface",
        assigned_object_id=card["id"],
    )
    pve.netbox.edit("virtualization/virtual-machines", machine["id"], primary_ip4=mine["id"])
    guest(cluster, 101, host=103, maxmem=2**30)
    (row,) = rows(pve.sync(), "primary_ips")
    assert (row.action, row.reason) == (
        "drifted",
        "NetBox has another primary address; primary_ip is set_if_empty",
    )


@pytest.mark.also_live
@pytest.mark.usefixtures("one_written")
def test_a_guest_that_is_made_again_under_its_vmid_converges(pve: Pipeline, cluster: ProxmoxState) -> None:
    """Other card, MAC and address. What NetBox cleared when the old address went is nobody's change."""
    guest(cluster, 101, host=50, net="net1", mac=9, maxmem=2**30)
    write(pve, pve.sync())
    left = pve.sync()
    for _ in range(2):
        if left.rows:
            write(pve, left)
            left = pve.sync()
    assert left.rows == ()
    machine = pve.netbox.one("virtualization/virtual-machines", name="vm101")
    assert machine["primary_ip4"]["address"] == "10.61.0.50/24"


# -- references to what the same plan creates -----------------------------------------------------


@pytest.mark.also_live
def test_a_lag_that_a_plan_creates_is_written_to_its_members_at_once(
    pve: Pipeline, cluster: ProxmoxState
) -> None:
    """NetBox has eno1 and eno2, and no bond yet."""
    cluster.add_node(
        "pve3",
        network=[
            {"iface": "eno1", "type": "eth", "active": 1},
            {"iface": "eno2", "type": "eth", "active": 1},
            {"iface": "bond0", "type": "bond", "slaves": "eno1 eno2", "bond_mode": "802.3ad", "active": 1},
            {"iface": "vmbr0", "type": "bridge", "bridge_ports": "bond0", "active": 1},
        ],
    )
    site, kind, role = (
        pve.netbox.one(path)["id"] for path in ("dcim/sites", "dcim/device-types", "dcim/device-roles")
    )
    node = pve.netbox.create("dcim/devices", name="pve3", site=site, device_type=kind, role=role)
    for name in ("eno1", "eno2"):
        pve.netbox.create("dcim/interfaces", device=node["id"], name=name, type="other")
    plan = pve.sync()
    assert {r.key for r in rows(plan, "interfaces", "update")} == {"pve3 eno1", "pve3 eno2"}
    write(pve, plan)
    assert pve.sync().changes == []


# -- fields that NetBox takes only together ----------------------------------------------------------


@pytest.mark.also_live
def test_a_guest_is_blocked_while_the_cluster_of_its_node_is_not_written(
    pve: Pipeline, cluster: ProxmoxState
) -> None:
    """NetBox refuses a virtual machine whose device is not in its cluster."""
    site, kind, role = (
        pve.netbox.one(path)["id"] for path in ("dcim/sites", "dcim/device-types", "dcim/device-roles")
    )
    pve.netbox.create("dcim/devices", name="pve1", site=site, device_type=kind, role=role)
    pve.configure(policies={"disowns": ["devices.cluster"]})
    guest(cluster, 101, host=10)
    guest(cluster, 102, host=11, node="pve2")
    plan = pve.sync()
    found = {r.key: (r.action, r.reason) for r in rows(plan, "virtual_machines")}
    assert found["vm101"][0] == "blocked"
    assert "NetBox takes only a device of its cluster paris, and pve1 is in no cluster" in str(
        found["vm101"][1]
    )
    assert "policies.disowns names it" in str(found["vm101"][1])
    assert found["vm102"][0] == "create"
    write(pve, plan)


# -- two endpoints that want the same ---------------------------------------------------------------


@pytest.mark.also_live
def test_what_another_endpoint_has_written_is_done(
    pve: Pipeline, proxmox: LabProxmox, cluster: ProxmoxState
) -> None:
    """Both plans are approved; the second apply finds creates, updates and deletes done, and is green."""
    other = second(
        pve,
        "paris-2",
        endpoint(proxmox, "paris-2", stale_addresses="delete", delete=GUEST_PARTS),
    )

    def both() -> list[ApplyResult]:
        plans = [(pipeline, pipeline.sync()) for pipeline in (pve, other)]
        for pipeline, plan in plans:
            approved(pipeline, plan)
        return [
            apply_approved(pipeline.warehouse, pipeline.config.netbox, pipeline.name, plan, who="alice")
            for pipeline, plan in plans
        ]

    def see(results: list[ApplyResult], actions: set[str]) -> None:
        first, late = results
        assert {v.action for v in first.verdicts} == {v.action for v in late.verdicts} == actions
        assert first.ok and late.ok, [v for r in results for v in r.verdicts if v.verdict != "applied"]
        assert len(first.verdicts) == len(late.verdicts) > 0
        assert {v.already for v in first.verdicts} == {False}
        assert {v.already for v in late.verdicts} == {True}
        assert late.verdicts[0].message == (
            f"already as approved: apply {first.apply_id} of endpoint 'paris-pve' wrote it"
        )
        assert [pipeline.sync().rows for pipeline in (pve, other)] == [(), ()]

    for number in range(6):
        guest(cluster, 101 + number, host=10 + number)
    see(both(), {"create", "update"})
    guest(cluster, 101, host=99, node="pve2", tags="prod;new")
    cluster.remove(106)
    see(both(), {"create", "update", "delete"})
    # Created once, and by the endpoint that did it.
    assert pve.sql("SELECT DISTINCT endpoint FROM ledger.created") == [("paris-pve",)]


def test_what_a_person_has_made_meanwhile_is_not_done_by_us(pve: Pipeline, cluster: ProxmoxState) -> None:
    guest(cluster, 101, host=10)
    plan = pve.sync()
    approved(pve, plan)
    pve.netbox.create("ipam/ip-addresses", address="10.61.0.10/24")
    result = apply_approved(pve.warehouse, pve.config.netbox, pve.name, plan, who="alice")
    (address,) = [v for v in result.verdicts if v.resource == "ip_addresses"]
    assert (address.verdict, address.already) == ("failed", False)


# -- several endpoints and their undos --------------------------------------------------------------------


@pytest.fixture
def polled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[LabLibreNMS]:
    """LibreNMS polls the node pve1 and a switch."""
    state = LibreNMSState()
    for number, name in enumerate(("pve1", "sw1")):
        device = state.add_device(name, hardware="C9300-48P", serial=f"FOC{number}")
        port = state.add_port(device, "eno1", ifAlias="uplink", ifType="ethernetCsmacd", ifMtu=9000)
        state.add_ipv4(port, f"10.7.0.{number + 1}", 24)
    with serving(request, "own librenms", lambda port: LabLibreNMS(state, port)) as server:
        monkeypatch.setenv("LIBRENMS_TOKEN", server.token)
        yield server


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["proxmox first", "librenms first"])
def test_endpoints_that_share_a_device_end_in_no_difference_and_their_undos_in_the_first_plans(
    pve: Pipeline, cluster: ProxmoxState, polled: LabLibreNMS, order: tuple[int, int]
) -> None:
    cluster.add_node(
        "pve1", network=[{"iface": "eno1", "type": "eth", "active": 1, "cidr": "10.7.0.1/24", "mtu": "1500"}]
    )
    guest(cluster, 101, host=10)
    content = {
        "name": "lnms",
        "kind": "librenms",
        "url": polled.url,
        "import_devices": "all",
        "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
    }
    worlds = [pve, second(pve, "lnms", content)]
    pve.config.precedence[:] = ["paris-pve", "lnms"]
    begun("two_alone", pve, [cluster, polled.state], lambda: [pipeline.sync() for pipeline in worlds])
    alone = [decided(load_plan(pve.warehouse, pipeline.name)) for pipeline in worlds]
    applies = []
    for number in order:
        # Nothing was written since the first one was compared.
        plan = worlds[number].sync() if applies else load_plan(pve.warehouse, worlds[number].name)
        applies.append((worlds[number], write(worlds[number], plan).apply_id))
        assert worlds[number].sync().changes == []
    for pipeline, apply_id in reversed(applies):
        undo(pipeline, apply_id)
    assert [decided(pipeline.sync()) for pipeline in worlds] == alone
