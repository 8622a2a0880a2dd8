"""For any wanted and any found state: an apply of the whole diff leaves none, and its undo brings back what was."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from netbox_sync_dagster.apply import apply_approved, plan_undo
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState, agent_interface
from tests.support import NetBox, Pipeline, proxmox_endpoint

# Every example is a whole sync, apply and undo over HTTP, of three states side by side: two at a time, the first of
# which is the simplest; more by hand.
EXAMPLES = int(os.environ.get("FIXED_POINT_EXAMPLES", "2"))

DEVICES = ("sw1", "sw2")
PORTS = ("Gi0/1", "Gi0/2", "Gi0/3")
WORDS = ("", "uplink", "desk 7")
PATHS = (
    *("extras/tags", "extras/custom-fields", "dcim/manufacturers", "dcim/device-types", "dcim/platforms"),
    *("dcim/devices", "dcim/interfaces", "dcim/mac-addresses", "ipam/vlans", "ipam/ip-addresses"),
    *("virtualization/clusters", "virtualization/virtual-machines", "virtualization/interfaces"),
    "virtualization/virtual-disks",
)
_NOT_COMPARED = ("id", "url", "display_url", "created", "last_updated")

port = st.fixed_dictionaries(
    {
        "alias": st.sampled_from(WORDS),
        "enabled": st.booleans(),
        "vlan": st.sampled_from((None, 10, 20)),
        "mac": st.booleans(),
        "host": st.sampled_from((None, *range(1, 9))),
    }
)
ports = st.dictionaries(st.sampled_from(PORTS), port, max_size=3)
estate = st.dictionaries(st.sampled_from(DEVICES), ports, max_size=2)
estates = st.tuples(estate, estate, estate)


card = st.fixed_dictionaries(
    {
        "tag": st.sampled_from((None, 10, 20)),
        "mac": st.sampled_from((0, 1)),
        "hosts": st.lists(st.integers(1, 3), unique=True, max_size=2),
    }
)
guest = st.fixed_dictionaries(
    {
        "name": st.sampled_from(("web", "db")),
        "node": st.sampled_from(("pve1", "pve2")),
        "status": st.sampled_from(("running", "stopped")),
        "container": st.booleans(),
        "memory": st.sampled_from((1, 2)),
        "tags": st.sampled_from(("", "web", "web;prod")),
        "cards": st.dictionaries(st.sampled_from((0, 1)), card, max_size=2),
        "disks": st.dictionaries(st.sampled_from((0, 1)), st.sampled_from((1, 2)), max_size=2),
    }
)
clusters = st.tuples(*[st.dictionaries(st.sampled_from((101, 102, 103)), guest, min_size=1, max_size=3)] * 3)


def show(state: ProxmoxState, clusters: tuple[dict[int, Any], ...]) -> None:
    """What Proxmox shows: guests 101 to 103, 111 to 113 and 121 to 123."""
    for place, guests in enumerate(clusters):
        _show(state, place, {vmid + 10 * place: content for vmid, content in guests.items()})


def _show(state: ProxmoxState, place: int, guests: dict[int, Any]) -> None:
    """The guests of one place. Cards of two of them may show one address."""
    for vmid, content in sorted(guests.items()):
        config: dict[str, Any] = {}
        seen = []
        for number, found in content["cards"].items():
            mac = f"BC:24:11:{found['mac']:02X}:{vmid % 100:02X}:{number:02X}"
            vlan = f",tag={found['tag']}" if found["tag"] else ""
            hosts = [f"10.{place}.{number}.{host * 10 + vmid % 2}/24" for host in found["hosts"]]
            if content["container"]:
                fixed = f",ip={hosts[0]}" if hosts else ""
                config[f"net{number}"] = f"name=eth{number},hwaddr={mac},bridge=vmbr0{vlan}{fixed}"
            else:
                config[f"net{number}"] = f"virtio={mac},bridge=vmbr0{vlan}"
                seen.append(agent_interface(f"eth{number}", mac, *hosts))
        common: dict[str, Any] = {
            "node": content["node"],
            "name": f"{content['name']}{place or ''}",
            "status": content["status"],
            "maxmem": content["memory"] * 2**30,
            "tags": content["tags"],
        }
        disks = {
            ("mp" if content["container"] else "scsi") + str(number): f"rbd:vm-{vmid}-{number},size={size}G"
            for number, size in content["disks"].items()
        }
        if content["container"]:
            state.add_lxc(vmid, config={"rootfs": "rbd:x,size=1G", **config, **disks}, **common)
        else:
            running = content["status"] == "running"
            state.add_qemu(
                vmid,
                config={"agent": "1", **config, **disks},
                agent_interfaces=seen if running else "not running",
                **common,
            )


def _describe(netbox: NetBox) -> None:
    for path in ("virtualization/virtual-machines", "virtualization/interfaces", "ipam/ip-addresses"):
        for row in netbox.all(path)[:1]:
            netbox.edit(path, row["id"], description="by hand")


def _tag(netbox: NetBox) -> None:
    netbox.create("extras/tags", name="mine", slug="mine")
    for row in netbox.all("virtualization/virtual-machines")[:2]:
        tags = [{"slug": tag["slug"]} for tag in row["tags"]] + [{"slug": "mine"}]
        netbox.edit("virtualization/virtual-machines", row["id"], tags=tags)


def _take_away(netbox: NetBox) -> None:
    for path in ("ipam/ip-addresses", "virtualization/virtual-disks", "virtualization/interfaces"):
        for row in netbox.all(path)[-1:]:
            netbox.delete(path, row["id"])


def _resize(netbox: NetBox) -> None:
    for row in netbox.all("virtualization/virtual-disks")[:1]:
        netbox.edit("virtualization/virtual-disks", row["id"], size=77)
    for row in netbox.all("virtualization/virtual-machines")[:1]:
        netbox.edit("virtualization/virtual-machines", row["id"], memory=77, status="failed")


def _make(netbox: NetBox) -> None:
    """A machine without a vmid, under a name that a guest may have, and an address that one may have."""
    for row in netbox.all("virtualization/clusters"):
        if not netbox.all("virtualization/virtual-machines", name="db"):
            made = netbox.create(
                "virtualization/virtual-machines", name="db", cluster=row["id"], status="planned"
            )
            netbox.create("virtualization/interfaces", virtual_machine=made["id"], name="eth0")
    netbox.create("ipam/ip-addresses", address="10.0.1.21/24")


DEEDS = {"describe": _describe, "tag": _tag, "take away": _take_away, "resize": _resize, "make": _make}


def numbered(estates: tuple[dict[str, Any], ...]) -> list[tuple[int, str, dict[str, Any]]]:
    """(number, name, ports) of each device; names and numbers of two places differ."""
    return [
        (10 * place + number, f"{name}-{place}", found)
        for place, estate in enumerate(estates)
        for number, (name, found) in enumerate(sorted(estate.items()))
    ]


def wanted(state: LibreNMSState, estates: tuple[dict[str, Any], ...]) -> None:
    """What LibreNMS shows."""
    for number, name, found in numbered(estates):
        device = state.add_device(name, hardware="C9300-48P", serial=f"FOC{number}")
        for index, (port_name, content) in enumerate(sorted(found.items())):
            row = state.add_port(
                device,
                port_name,
                ifAlias=content["alias"] or port_name,
                ifAdminStatus="up" if content["enabled"] else "down",
                ifType="ethernetCsmacd",
                ifVlan=str(content["vlan"] or ""),
                ifPhysAddress=f"02000000{number:02}{index:02}" if content["mac"] else None,
            )
            if content["host"]:
                state.add_ipv4(row, f"10.{number}.{index}.{content['host']}", 24)


def furnished(netbox: NetBox) -> tuple[Any, Any, Any]:
    """What every endpoint's defaults name: (site, device type, role)."""
    site = netbox.create("dcim/sites", name="Paris", slug="paris")
    maker = netbox.create("dcim/manufacturers", name="Cisco", slug="cisco")
    kind = netbox.create("dcim/device-types", manufacturer=maker["id"], model="C9300-48P", slug="c9300-48p")
    role = netbox.create("dcim/device-roles", name="Access", slug="access", color="00ff00")
    netbox.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
    netbox.create("ipam/vlan-groups", name="Paris", slug="paris", scope_type="dcim.site", scope_id=site["id"])
    return site, kind, role


def found(netbox: NetBox, estates: tuple[dict[str, Any], ...]) -> None:
    """What NetBox has, made by hand."""
    site, kind, role = furnished(netbox)
    group = netbox.one("ipam/vlan-groups", slug="paris")
    vlans = {10: netbox.create("ipam/vlans", vid=10, name="ten", group=group["id"])["id"]}
    for number, name, ports in numbered(estates):
        device = netbox.create(
            "dcim/devices", name=name, site=site["id"], device_type=kind["id"], role=role["id"]
        )
        for index, (port_name, content) in enumerate(sorted(ports.items())):
            vlan = vlans.get(content["vlan"] or 0)
            row = netbox.create(
                "dcim/interfaces",
                device=device["id"],
                name=port_name,
                type="1000base-t",
                enabled=content["enabled"],
                description=content["alias"],
                **({"mode": "access", "untagged_vlan": vlan} if vlan else {}),
            )
            if content["host"]:
                netbox.create(
                    "ipam/ip-addresses",
                    address=f"10.{number}.{index}.{content['host']}/25",
                    assigned_object_type="dcim.interface",
                    assigned_object_id=row["id"],
                )


def picture(netbox: NetBox) -> dict[str, list[str]]:
    """Every field of every object; ids of objects made again aside."""
    return {
        path: sorted(json.dumps(_plain(row), sort_keys=True) for row in netbox.all(path)) for path in PATHS
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {
            name: _plain(item)
            for name, item in value.items()
            if name not in _NOT_COMPARED and not name.endswith("_id")
        }
    return value


def write(pipeline: Pipeline, plan: Plan) -> str:
    """Approve every change of the plan and apply it; returns the apply's id."""
    policies = pipeline.endpoint.policies
    ids = list(plan.by_id())
    approve(
        pipeline.warehouse, plan, ids, who="alice", through="cli", policies=policies, override_limit="test"
    )
    result = apply_approved(pipeline.warehouse, pipeline.config.netbox, pipeline.name, plan, who="alice")
    # A message beside `applied` says that NetBox shows another value than it was sent.
    bad = [
        f"{v.verdict} {v.resource} {v.key}: {v.message}"
        for v in result.verdicts
        if v.verdict != "applied" or v.message
    ]
    assert bad == []
    return result.apply_id or ""


def there_and_back(pipeline: Pipeline) -> None:
    """Apply the whole diff, check that no difference is left, undo it, check that everything is restored, and repeat."""
    first = picture(pipeline.netbox)
    plan = pipeline.sync()
    if not plan.changes:
        return
    apply_id = write(pipeline, plan)
    # A delete that had to wait for another may follow, and what was said to be in its way; nothing else.
    waited = {r.key for r in plan.rows if not r.is_change}
    # A change may leave out fields of its object that are not ours to write; these are unchanged.
    in_part = {(r.resource, r.key) for r in plan.changes if any(f.decision != "update" for f in r.fields)}
    second = pipeline.sync()
    # What had to wait may bring what is built on it alone: a primary address comes after its address.
    late = {r.change_id for r in second.changes if r.key in waited}
    after = [
        r
        for r in second.rows
        if r.action != "delete"
        and not {r.key, r.parent} & waited
        and not (r.depends_on and set(r.depends_on) <= late)
        and not ((r.resource, r.key) in in_part and not r.is_change)
    ]
    assert [(r.action, r.resource, r.key, r.reason) for r in after] == []

    undo = plan_undo(pipeline.warehouse, pipeline.config.netbox, apply_id)
    assert [(r.action, r.resource, r.key, r.reason) for r in undo.rows if not r.is_change] == []
    write(pipeline, load_plan(pipeline.warehouse, undo.name))
    assert picture(pipeline.netbox) == first

    # What was undone is nobody else's change: the first plan again, without an --accept-shrink, and all of it applies.
    again = pipeline.sync()
    assert again.manifest["gates"] == []
    assert decided(again) == decided(plan)
    write(pipeline, again)


def decided(plan: Plan) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """Every row, with its fields and what is decided of them. An object that was made again has another id."""
    return {
        (row.action, row.resource, re.sub(r" \(id \d+\)$|, id \d+(?=\)$)", "", row.key)): sorted(
            (f.name, f.decision) for f in row.fields
        )
        for row in plan.rows
    }


searched = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FIXED_POINT_EXAMPLES" not in os.environ,
    database=None,
    # Smaller examples of a failure would take minutes to find.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.timeout(300 + 120 * EXAMPLES)
@searched
@given(wanted_estates=estates, found_estates=estates)
def test_an_apply_leaves_no_difference_and_its_undo_brings_back_what_was(
    wanted_estates: tuple[dict[str, Any], ...], found_estates: tuple[dict[str, Any], ...]
) -> None:
    state = LibreNMSState()
    wanted(state, wanted_estates)
    with (
        pytest.MonkeyPatch.context() as environment,
        tempfile.TemporaryDirectory() as home,
        LabNetBox() as lab,
        LabLibreNMS(state) as librenms,
    ):
        environment.setenv("NETBOX_TOKEN", lab.token)
        environment.setenv("LIBRENMS_TOKEN", librenms.token)
        netbox = NetBox(lab.url, lab.token)
        found(netbox, found_estates)
        endpoint = {
            "name": "production",
            "kind": "librenms",
            "url": librenms.url,
            "import_devices": "all",
            "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
            "policies": {
                "owns": ["interfaces.description"],
                "missing_interfaces": "delete",
                "delete_unowned": ["interfaces", "mac_addresses", "ip_addresses"],
                "stale_addresses": "delete",
            },
        }
        there_and_back(Pipeline(Path(home), netbox, endpoint))


@pytest.mark.timeout(300 + 120 * EXAMPLES)
@searched
@given(
    before=clusters, wanted_clusters=clusters, by_hand=st.lists(st.sampled_from(sorted(DEEDS)), unique=True)
)
def test_guests_of_one_state_become_those_of_another_and_come_back(
    before: tuple[dict[int, Any], ...], wanted_clusters: tuple[dict[int, Any], ...], by_hand: list[str]
) -> None:
    """NetBox has what an earlier sync wrote of the cluster, and what people did to it since."""
    state = ProxmoxState(cluster="paris")
    for node in ("pve1", "pve2"):
        state.add_node(node, network=[])
    with (
        pytest.MonkeyPatch.context() as environment,
        tempfile.TemporaryDirectory() as home,
        LabNetBox() as lab,
        LabProxmox(state) as proxmox,
    ):
        environment.setenv("NETBOX_TOKEN", lab.token)
        environment.setenv("PROXMOX_TOKEN", proxmox.token_value)
        netbox = NetBox(lab.url, lab.token)
        furnished(netbox)
        endpoint = proxmox_endpoint(
            proxmox,
            defaults={
                "site": "paris",
                "role": "access",
                "device_type": "C9300-48P",
                "vlan_group": "paris",
            },
            policies={
                "owns": ["virtual_machines.name", "virtual_machines.status"],
                "delete": [
                    *("virtual_machines", "vm_interfaces", "virtual_disks"),
                    *("mac_addresses", "ip_addresses"),
                ],
                "stale_addresses": "delete",
            },
        )
        pipeline = Pipeline(Path(home), netbox, endpoint)
        show(state, before)
        plan = pipeline.sync()
        if plan.changes:
            write(pipeline, plan)
        for deed in by_hand:
            DEEDS[deed](netbox)
        for vmid in list(state.guests):
            state.remove(vmid)
        show(state, wanted_clusters)
        there_and_back(pipeline)
