"""For any wanted and any found state: an apply of the whole diff leaves none, and its undo brings back what was."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netbox_sync_dagster.apply import apply_approved, plan_undo
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_dagster.lab.netbox import LabNetBox
from tests.support import NetBox, World

# Every example is a whole sync, apply and undo over HTTP: a few at a time; more by hand.
EXAMPLES = int(os.environ.get("FIXED_POINT_EXAMPLES", "5"))

DEVICES = ("sw1", "sw2")
PORTS = ("Gi0/1", "Gi0/2", "Gi0/3")
WORDS = ("", "uplink", "desk 7")
PATHS = (
    *("extras/tags", "extras/custom-fields", "dcim/manufacturers", "dcim/device-types", "dcim/platforms"),
    *("dcim/devices", "dcim/interfaces", "dcim/mac-addresses", "ipam/vlans", "ipam/ip-addresses"),
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


def wanted(state: LibreNMSState, estate: dict[str, Any]) -> None:
    """What LibreNMS shows."""
    for number, (name, found) in enumerate(sorted(estate.items())):
        device = state.add_device(name, hardware="C9300-48P", serial=f"FOC{number}")
        for index, (port_name, content) in enumerate(sorted(found.items())):
            row = state.add_port(
                device,
                port_name,
                ifAlias=content["alias"] or port_name,
                ifAdminStatus="up" if content["enabled"] else "down",
                ifType="ethernetCsmacd",
                ifVlan=str(content["vlan"] or ""),
                ifPhysAddress=f"0200000000{number}{index}" if content["mac"] else None,
            )
            if content["host"]:
                state.add_ipv4(row, f"10.{number}.{index}.{content['host']}", 24)


def found(netbox: NetBox, estate: dict[str, Any]) -> None:
    """What NetBox has, made by hand."""
    site = netbox.create("dcim/sites", name="Paris", slug="paris")
    maker = netbox.create("dcim/manufacturers", name="Cisco", slug="cisco")
    kind = netbox.create("dcim/device-types", manufacturer=maker["id"], model="C9300-48P", slug="c9300-48p")
    role = netbox.create("dcim/device-roles", name="Access", slug="access", color="00ff00")
    group = netbox.create(
        "ipam/vlan-groups", name="Paris", slug="paris", scope_type="dcim.site", scope_id=site["id"]
    )
    vlans = {10: netbox.create("ipam/vlans", vid=10, name="ten", group=group["id"])["id"]}
    for number, (name, ports) in enumerate(sorted(estate.items())):
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


def write(world: World, plan: Plan) -> str:
    """Approve every change of the plan and apply it; returns the apply's id."""
    policies = world.endpoint.policies
    ids = list(plan.by_id())
    approve(world.warehouse, plan, ids, who="alice", through="cli", policies=policies, override_limit="test")
    result = apply_approved(world.warehouse, world.config.netbox, world.name, plan, who="alice")
    bad = [
        f"{v.verdict} {v.resource} {v.key}: {v.message}" for v in result.verdicts if v.verdict != "applied"
    ]
    assert bad == []
    return result.apply_id or ""


@pytest.mark.timeout(900)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FIXED_POINT_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(wanted_estate=estate, found_estate=estate)
def test_an_apply_leaves_no_difference_and_its_undo_brings_back_what_was(
    wanted_estate: dict[str, Any], found_estate: dict[str, Any]
) -> None:
    state = LibreNMSState()
    wanted(state, wanted_estate)
    with (
        pytest.MonkeyPatch.context() as environment,
        tempfile.TemporaryDirectory() as home,
        LabNetBox() as lab,
        LabLibreNMS(state) as librenms,
    ):
        environment.setenv("NETBOX_TOKEN", lab.token)
        environment.setenv("LIBRENMS_TOKEN", librenms.token)
        netbox = NetBox(lab.url, lab.token)
        found(netbox, found_estate)
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
        world = World(Path(home), netbox, endpoint)
        first = picture(netbox)
        plan = world.sync()
        if not plan.changes:
            return
        apply_id = write(world, plan)
        # A delete that had to wait for another may follow; a create or an update may not.
        after = world.sync()
        assert [(r.action, r.resource, r.key) for r in after.changes if r.action != "delete"] == []

        undo = plan_undo(world.warehouse, world.config.netbox, apply_id)
        assert [(r.action, r.resource, r.key, r.reason) for r in undo.rows if not r.is_change] == []
        write(world, load_plan(world.warehouse, undo.name))
        assert picture(netbox) == first
