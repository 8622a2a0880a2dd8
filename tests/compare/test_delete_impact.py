"""What would go along with a delete, or lose a value that no undo brings back, blocks it in the diff, by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.client import NetBox as Client
from contract.dependents import CASCADES

from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.config import NetBoxTarget
from netbox_sync_dagster.sources.netbox.check import check_netbox
from netbox_sync_dagster.sources.netbox.snapshot import snapshot_netbox
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.views import open_views
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox, registry
from netbox_sync_lab.netbox.schema import HEAD, TAIL, Model, char
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.apply.conftest import ApplyHarness, furnish, verdicts
from tests.apply.drafts import Draft
from tests.real_netbox import real_netbox
from tests.support import ODD_FOLDER, NetBox, Pipeline, row, rows

NICS = ("tunnel termination", "L2VPN termination", "FHRP group assignment", "journal entry")
PORTS = (*NICS, "inventory item", "virtual circuit termination", "bookmark", "subscription")


@pytest.fixture(params=["lab", pytest.param("live", marks=pytest.mark.live)])
def netbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[NetBox]:
    """The lab NetBox, or a real one."""
    if request.param == "live":
        with real_netbox() as real:
            yield real
        return
    with LabNetBox() as server:
        monkeypatch.setenv("NETBOX_TOKEN", server.token)
        yield NetBox(server.url, server.token)


@pytest.fixture
def client(netbox: NetBox) -> Iterator[Client]:
    """Creates dependents of objects, and removes them again."""
    made = Client(netbox.url, netbox.http.headers["Authorization"])
    yield made
    made.clean()
    made.http.close()


def hang(client: Client, word: str, kind: str, number: int) -> str:
    """Make one of these; returns what the diff calls it."""
    made = CASCADES[word][1](client, kind, number)
    return f"{word} {made['display']}"


@pytest.fixture
def ports(
    netbox: NetBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Pipeline, Callable[..., dict[str, Any]], str]]:
    """A switch of which LibreNMS shows one port; whatever else NetBox has of it may be deleted."""
    place = furnish(netbox)
    name, state = place.device["name"], LibreNMSState()
    state.add_port(state.add_device(name, hardware=place.device_type["model"]), "Gi0/1")
    policies = {
        "missing_interfaces": "delete",
        "stale_addresses": "delete",
        "delete_unowned": ["interfaces", "ip_addresses", "mac_addresses"],
    }

    def port(label: str, **more: Any) -> dict[str, Any]:
        content = {"device": place.device["id"], "name": label, "type": "virtual", **more}
        return netbox.create("dcim/interfaces", **content)

    port("Gi0/1", type="1000base-t")
    with LabLibreNMS(state, token="lnms-token") as server:
        monkeypatch.setenv("LIBRENMS_TOKEN", server.token)
        endpoint = {
            "name": "production",
            "kind": "librenms",
            "url": server.url,
            "import_devices": "all",
            "defaults": {
                "site": place.site["slug"],
                "role": place.role["slug"],
                "device_type": place.device_type["model"],
            },
            "policies": policies,
        }
        yield Pipeline(tmp_path / ODD_FOLDER, netbox, endpoint), port, name


def test_what_hangs_on_an_interface_blocks_its_delete_by_name(
    ports: tuple[Pipeline, Any, str], client: Client, netbox: NetBox, tmp_path: Path
) -> None:
    pipeline, port, device = ports
    made = {word: port(word) for word in PORTS}
    bare = port("bare")
    names = {word: hang(client, word, "dcim.interface", nic["id"]) for word, nic in made.items()}
    vdc = client.new(
        "dcim/virtual-device-contexts",
        {"name": client.name("vdc"), "device": bare["device"]["id"], "status": "active"},
    )
    lan = client.new("wireless/wireless-lans", {"ssid": client.name("ssid"), "status": "active"})
    made["vdc"] = port("vdc", vdcs=[vdc["id"]])
    names["vdc"] = f"virtual device context {vdc['display']}"
    made["wlan"] = port("wlan", type="ieee802.11ac", wireless_lans=[lan["id"]])
    names["wlan"] = f"wireless LAN {lan['display']}"

    plan = pipeline.sync()

    assert {r.key: (r.action, r.reason) for r in rows(plan, "interfaces") if r.parent == device} == {
        **{
            f"{device} {word}": ("blocked", f"not in LibreNMS, but {name} depends on it")
            for word, name in names.items()
        },
        f"{device} bare": ("delete", "not in LibreNMS"),
        f"{device} Gi0/1": ("update", None),
    }

    # The last guard: the same objects in a plan that an older NetBox snapshot let through.
    harness = ApplyHarness(tmp_path / "apply", netbox.url)
    draft = Draft()
    for word, nic in {**made, "bare": bare}.items():
        draft.delete("interfaces", word, netbox.one("dcim/interfaces", id=nic["id"]))
    result = harness.approve_and_apply(draft.publish(harness.warehouse))
    assert verdicts(result) == {**dict.fromkeys(made, "blocked"), "bare": "applied"}
    said = {v.key: v.message for v in result.verdicts if v.verdict == "blocked"}
    assert said == {
        word: f"{name} in NetBox would go with it or lose it, and no change says so"
        for word, name in names.items()
    }


def test_what_hangs_on_an_address_or_names_it_blocks_its_delete(
    ports: tuple[Pipeline, Any, str], client: Client, netbox: NetBox
) -> None:
    pipeline, port, device = ports
    [kept] = netbox.all("dcim/interfaces", device=device, name="Gi0/1")
    vrf = netbox.create("ipam/vrfs", name=f"blue {device}")

    def address(text: str, **more: Any) -> dict[str, Any]:
        held = {"assigned_object_type": "dcim.interface", "assigned_object_id": kept["id"]}
        return netbox.create("ipam/ip-addresses", address=text, vrf=vrf["id"], **held, **more)

    made = [address(f"10.9.0.{host}/24") for host in range(1, 7)]
    names = [hang(client, "contact assignment", "ipam.ipaddress", made[0]["id"])]
    names.append(hang(client, "journal entry", "ipam.ipaddress", made[1]["id"]))
    service = CASCADES["service"][1](client, "dcim.device", kept["device"]["id"])
    client.patch(f"ipam/services/{service['id']}/", {"ipaddresses": [made[2]["id"]]})
    names.append(f"service {service['display']}")
    tunnel = CASCADES["tunnel termination"][1](client, "dcim.interface", port("vpn0")["id"])
    client.patch(f"vpn/tunnel-terminations/{tunnel['id']}/", {"outside_ip": made[3]["id"]})
    names.append(f"tunnel termination {tunnel['display']}")
    client.new(
        "ipam/ip-addresses", {"address": "198.51.100.9/24", "vrf": vrf["id"], "nat_inside": made[4]["id"]}
    )
    names.append("NAT address 198.51.100.9/24")

    plan = pipeline.sync()

    found = {r.netbox_id: (r.action, r.reason) for r in rows(plan, "ip_addresses")}
    for ip, name in zip(made, names, strict=False):
        assert found[ip["id"]] == ("blocked", f"not on {device} Gi0/1 in LibreNMS, but {name} depends on it")
    assert found[made[5]["id"]] == ("delete", f"not on {device} Gi0/1 in LibreNMS")


def test_a_custom_field_that_names_an_interface_blocks_its_delete(
    ports: tuple[Pipeline, Any, str], client: Client, netbox: NetBox
) -> None:
    pipeline, port, device = ports
    single = client.custom_field("object", ["dcim.site"], related_object_type="dcim.interface")
    many = client.custom_field("multiobject", ["tenancy.tenant"], related_object_type="dcim.interface")
    site = client.site()
    client.patch(f"dcim/sites/{site['id']}/", {"custom_fields": {single: port("uplink")["id"]}})
    tenant = client.new("tenancy/tenants", {"name": client.name("tenant"), "slug": client.name("tenant")})
    wanted = [port("first")["id"], port("second")["id"]]
    client.patch(f"tenancy/tenants/{tenant['id']}/", {"custom_fields": {many: wanted}})

    plan = pipeline.sync()

    assert {r.key: r.reason for r in rows(plan, "interfaces", "blocked") if r.parent == device} == {
        f"{device} uplink": f"not in LibreNMS, but custom field {single} of {site['display']} depends on it",
        f"{device} first": f"not in LibreNMS, but custom field {many} of {tenant['display']} depends on it",
        f"{device} second": f"not in LibreNMS, but custom field {many} of {tenant['display']} depends on it",
    }


# -- guests ---------------------------------------------------------------------------------------


@pytest.fixture
def cluster() -> ProxmoxState:
    found = ProxmoxState(cluster=f"paris-{os.getpid()}-{os.urandom(3).hex()}")
    found.add_node("pve1", network=[])
    return found


@pytest.fixture
def guests(
    cluster: ProxmoxState, netbox: NetBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    """Twelve guests, all in NetBox; whatever of them is gone may be deleted."""
    place = furnish(netbox)
    for vmid in range(101, 113):
        nics = {
            f"net{n}": f"virtio=BC:24:11:{vmid:02X}:00:{n:02X},bridge=vmbr0"
            for n in range(3 if vmid == 101 else 1)
        }
        cluster.add_qemu(vmid, node="pve1", name=f"vm{vmid}", config={**nics, "scsi0": "local-lvm:x,size=1G"})
    netbox.create(
        "virtualization/cluster-types", name=f"Proxmox {place.suffix}", slug=f"proxmox-{place.suffix}"
    )
    with LabProxmox(cluster) as server:
        monkeypatch.setenv("PROXMOX_TOKEN", server.token_value)
        endpoint = {
            "name": "paris-pve",
            "kind": "proxmox",
            "url": server.url,
            "tls": {"ca": server.ca_path},
            "user": server.user,
            "token_name": server.token_name,
            "token_env": "PROXMOX_TOKEN",
            "agent_timeout": 1,
            "cluster_type": f"proxmox-{place.suffix}",
            "defaults": {
                "site": place.site["slug"],
                "role": place.role["slug"],
                "device_type": place.device_type["model"],
            },
            "policies": {
                "delete": [
                    "virtual_machines",
                    "vm_interfaces",
                    "virtual_disks",
                    "ip_addresses",
                    "mac_addresses",
                ]
            },
        }
        pipeline = Pipeline(tmp_path / ODD_FOLDER, netbox, endpoint)
        yield (
            pipeline
            if pipeline.apply_all().changes == []
            else pytest.fail("the guests are not all in NetBox")
        )


def machine(netbox: NetBox, cluster: ProxmoxState, name: str) -> dict[str, Any]:
    """The virtual machine of this name in the test's own cluster."""
    home = netbox.one("virtualization/clusters", name=cluster.cluster)
    return netbox.one("virtualization/virtual-machines", name=name, cluster_id=home["id"])


def test_what_hangs_on_an_interface_of_a_guest_keeps_it(
    guests: Pipeline, cluster: ProxmoxState, client: Client, netbox: NetBox
) -> None:
    vm = machine(netbox, cluster, "vm101")
    nics = netbox.all("virtualization/interfaces", virtual_machine_id=vm["id"])
    kind = "virtualization.vminterface"
    names = {
        nic["name"]: hang(client, word, kind, nic["id"])
        for nic, word in zip(
            nics, ("journal entry", "tunnel termination", "FHRP group assignment"), strict=True
        )
    }
    for number in range(3):
        del cluster.guests[101].config[f"net{number}"]

    # A guest that has lost all of its interfaces is no evidence until a person says that it is right.
    plan = guests.sync(accept_shrink=True)

    assert {r.key: (r.action, r.reason) for r in rows(plan, "vm_interfaces")} == {
        f"vm101 {name} (gone)": ("blocked", f"no netN of the guest in Proxmox, but {text} depends on it")
        for name, text in names.items()
    }


def test_what_hangs_on_any_part_of_a_guest_keeps_all_of_it(
    guests: Pipeline, cluster: ProxmoxState, client: Client, netbox: NetBox
) -> None:
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
    names[109] = f"{text} depends on it ({disk['name']})"
    for vmid in range(102, 111):
        cluster.remove(vmid)

    plan = guests.sync(accept_shrink=True)

    assert {r.key: (r.action, r.reason) for r in rows(plan, "virtual_machines")} == {
        **{
            f"vm{vmid} [vmid {vmid}]": ("blocked", f"vmid {vmid} is no longer in Proxmox, but {name}")
            for vmid, name in names.items()
        },
        "vm110 [vmid 110]": ("delete", "vmid 110 is no longer in Proxmox"),
    }
    # Nothing of those that stay is deleted either.
    assert {r.parent for r in plan.changes} == {"vm110"}
    assert {r.resource for r in plan.changes} == {
        *("virtual_machines", "vm_interfaces", "mac_addresses", "virtual_disks")
    }


# -- what the token may not view, plugins, and a policy that came after NetBox was read ------------


def test_a_policy_that_came_after_netbox_was_read_deletes_nothing(ports: tuple[Pipeline, Any, str]) -> None:
    pipeline, port, device = ports
    port("bare")
    allowed = pipeline.endpoint.policies.model_dump(exclude_unset=True)
    pipeline.configure(policies={"missing_interfaces": "delete"})
    pipeline.sync()
    pipeline.configure(policies=allowed)
    compare(pipeline.warehouse, pipeline.config, pipeline.endpoint)
    found = row(load_plan(pipeline.warehouse, pipeline.name), "interfaces", f"{device} bare")
    assert (found.action, found.reason) == (
        "blocked",
        "not in LibreNMS, but its dependents are not known: NetBox was read before policies.delete named them; sync again",
    )
    assert row(pipeline.sync(), "interfaces", f"{device} bare").action == "delete"


# -- what the token may not read, plugins, our own journal -------------------------------------------


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LabNetBox]:
    with LabNetBox() as lab:
        monkeypatch.setenv("NETBOX_TOKEN", lab.token)
        yield lab


@pytest.fixture
def one(
    server: LabNetBox, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Pipeline, dict[str, Any]]]:
    """A switch with an interface that LibreNMS does not show and NetBox may lose."""
    netbox = NetBox(server.url, server.token)
    place, state = furnish(netbox), LibreNMSState()
    state.add_port(state.add_device(place.device["name"], hardware=place.device_type["model"]), "Gi0/1")
    bare = netbox.create("dcim/interfaces", device=place.device["id"], name="bare", type="virtual")
    with LabLibreNMS(state, token="lnms-token") as librenms:
        monkeypatch.setenv("LIBRENMS_TOKEN", librenms.token)
        endpoint = {
            "name": "production",
            "kind": "librenms",
            "url": librenms.url,
            "import_devices": "all",
            "defaults": {
                "site": place.site["slug"],
                "role": place.role["slug"],
                "device_type": place.device_type["model"],
            },
            "policies": {"missing_interfaces": "delete", "delete_unowned": ["interfaces", "mac_addresses"]},
        }
        yield Pipeline(tmp_path / ODD_FOLDER, netbox, endpoint), bare


def found(pipeline: Pipeline) -> tuple[str, str | None]:
    """What the plan says of the interface."""
    name = pipeline.netbox.one("dcim/devices")["name"]
    result = row(pipeline.sync(), "interfaces", f"{name} bare")
    return result.action, result.reason


def test_what_the_token_may_not_read_blocks_deletes_and_check_names_it(
    one: tuple[Pipeline, dict[str, Any]], server: LabNetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, _ = one
    assert found(pipeline) == ("delete", "not in LibreNMS")
    everything = {"view", "add", "change", "delete"}
    rights = {label: everything for label in server.store.models if label != "vpn.tunneltermination"}
    header = server.add_token("sync", rights)
    monkeypatch.setenv("NETBOX_TOKEN", header.partition(" ")[2])
    assert found(pipeline) == (
        "blocked",
        "not in LibreNMS, but its dependents are not known: tunnel terminations could not be read: the token may not"
        " read /api/vpn/tunnel-terminations/; give its user the permission vpn.view_tunneltermination",
    )
    [check] = [
        check
        for check in check_netbox(pipeline.config.netbox, deletes=pipeline.config.deletes)
        if check.name == "rights: deletes"
    ]
    assert (check.ok, check.sentence) == (
        False,
        "missing vpn.view_tunneltermination: the dependents of interfaces, mac_addresses are not known, so their"
        " deletes are blocked; give the token's user these permissions",
    )


def test_a_plugin_that_has_objects_blocks_deletes_until_it_is_said_to_be_harmless(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    acme = Model(
        label="netbox_acme.sensor",
        path="plugins/acme/sensors",
        verbose="sensor",
        plural="sensors",
        fields=(*HEAD, char("name", 50, required=True), *TAIL),
        brief=("id", "url", "display", "name"),
        ordering=("name",),
    )
    monkeypatch.setitem(registry.PLUGIN_MODELS, "netbox_acme", (acme,))
    with LabNetBox(plugins={"netbox_acme": "1.0"}) as lab:
        monkeypatch.setenv("NETBOX_TOKEN", lab.token)
        netbox = NetBox(lab.url, lab.token)
        place = furnish(netbox)
        port = {"device": place.device["id"], "type": "virtual"}
        empty, held = (netbox.create("dcim/interfaces", name=name, **port) for name in ("empty", "held"))

        def verdict(port: dict[str, Any], **settings: Any) -> tuple[str, str]:
            harness = ApplyHarness(tmp_path / port["name"] / str(len(settings)), lab.url)
            harness.configure(**settings)
            draft = Draft()
            draft.delete("interfaces", port["name"], port)
            [result] = harness.approve_and_apply(draft.publish(harness.warehouse)).verdicts
            return result.verdict, result.message

        assert verdict(empty) == ("applied", "")
        netbox.create("plugins/acme/sensors", name="door")
        why = (
            "the plugin netbox_acme has 1 sensors, which NetBox may delete along; where none of them refers to such"
            " objects, name the plugin in netbox.plugins_without_references"
        )
        assert verdict(held) == (
            "blocked",
            f"its dependents are not known: {why}",
        )
        warehouse = Warehouse(tmp_path / "read")
        target = NetBoxTarget.model_validate({"url": lab.url})
        snapshot_netbox(target, warehouse, deletes=["interfaces"])
        with open_views(warehouse) as con:
            said = con.execute(
                "SELECT DISTINCT reason FROM netbox.scopes WHERE scope = 'dependents'"
            ).fetchall()
        assert said == [(why,)]
        assert verdict(held, plugins_without_references=["netbox_acme"]) == ("applied", "")


def test_our_own_journal_goes_with_its_object(one: tuple[Pipeline, dict[str, Any]]) -> None:
    pipeline, bare = one
    entry = {"assigned_object_type": "dcim.interface", "assigned_object_id": bare["id"]}
    ours = (
        "netbox-sync production apply 20260101T000000000Z-abcd: interfaces.create 1, mac_addresses.create 2"
    )
    pipeline.netbox.create("extras/journal-entries", comments=ours, **entry)
    assert found(pipeline) == ("delete", "not in LibreNMS")
    other = pipeline.netbox.create("extras/journal-entries", comments=f"{ours} (wrong port!)", **entry)
    assert found(pipeline) == (
        "blocked",
        f"not in LibreNMS, but journal entry {other['display']} depends on it",
    )
