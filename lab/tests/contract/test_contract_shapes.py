"""Every model's objects have the same fields, in the same order and of the same form, on both servers."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from netbox_sync_lab.netbox import LabNetBox

from .client import NetBox
from .conftest import real_netbox

Json = dict[str, Any]


def shape(value: Any) -> Any:
    """The form of a value: the keys of objects, the forms inside lists, the types of the rest."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items() if k != "custom_fields"}
    if isinstance(value, list):
        return [shape(v) for v in value[:1]]
    return type(value).__name__


def build(n: NetBox) -> dict[str, Json]:
    """One object of every model, with as many references as they can have."""
    new: Callable[..., Json] = n.new
    named = lambda: {"name": n.name(), "slug": n.name()}  # noqa: E731
    made: dict[str, Json] = {}

    def add(path: str, **body: Any) -> int:
        made[path] = new(path, body)
        return int(made[path]["id"])

    tag = add("extras/tags", **named())
    group = add("tenancy/tenant-groups", **named())
    tenant = add("tenancy/tenants", **named(), group=group)
    region = add("dcim/regions", **named(), parent=new("dcim/regions", named())["id"])
    sites = add("dcim/site-groups", **named())
    site = add("dcim/sites", **named(), region=region, group=sites, tenant=tenant, tags=[tag], latitude=1.5)
    location = add("dcim/locations", **named(), site=site, tenant=tenant)
    rack = add("dcim/racks", name=n.name(), site=site, location=location, tenant=tenant)
    maker = add("dcim/manufacturers", **named())
    platform = add("dcim/platforms", **named(), manufacturer=maker)
    kind = add(
        "dcim/device-types", manufacturer=maker, model=n.name(), slug=n.name(), default_platform=platform
    )
    role = add("dcim/device-roles", **named(), parent=new("dcim/device-roles", named())["id"])
    cluster_type = add("virtualization/cluster-types", **named())
    cluster_group = add("virtualization/cluster-groups", **named())
    cluster = add(
        "virtualization/clusters",
        name=n.name(),
        type=cluster_type,
        group=cluster_group,
        scope_type="dcim.site",
        scope_id=site,
    )
    body = {
        "device_type": kind,
        "role": role,
        "site": site,
        "location": location,
        "rack": rack,
        "cluster": cluster,
    }
    device = add("dcim/devices", name=n.name(), tenant=tenant, tags=[tag], **body)
    add("dcim/virtual-chassis", name=n.name(), master=device)
    module_type = add("dcim/module-types", manufacturer=maker, model=n.name())
    bay = add("dcim/module-bays", device=device, name="b1")
    module = add("dcim/modules", device=device, module_bay=bay, module_type=module_type)
    made["dcim/module-bays"] = n.get(f"dcim/module-bays/{bay}/")
    vlan_group = add("ipam/vlan-groups", **named(), scope_type="dcim.site", scope_id=site)
    vlan_role = add("ipam/roles", **named())
    vlan = add("ipam/vlans", vid=5, name=n.name(), group=vlan_group, site=site, role=vlan_role, tenant=tenant)
    target = add("ipam/route-targets", name=n.mark)
    vrf = add("ipam/vrfs", name=n.name(), rd=n.mark, tenant=tenant, import_targets=[target])
    body = {"scope_type": "dcim.location", "scope_id": location, "role": vlan_role}
    add("ipam/prefixes", prefix="10.0.0.0/8", vrf=vrf, vlan=vlan, **body)
    lag = n.interface(made["dcim/devices"], "po1", "lag")["id"]
    far = n.interface(n.device(), "far")["id"]
    eth = add(
        "dcim/interfaces",
        device=device,
        name="e0",
        type="1000base-t",
        module=module,
        lag=lag,
        mode="tagged",
        untagged_vlan=vlan,
        tagged_vlans=[vlan],
        vrf=vrf,
        tags=[tag],
    )
    body = {"assigned_object_type": "dcim.interface", "assigned_object_id": eth}
    mac = add("dcim/mac-addresses", mac_address="02:00:00:00:00:05", **body)
    inside = n.ip("10.1.0.1/24", vrf=vrf)["id"]
    ip = add("ipam/ip-addresses", address="10.0.0.1/24", vrf=vrf, tenant=tenant, nat_inside=inside, **body)
    ends = {
        f"{end}_terminations": [{"object_type": "dcim.interface", "object_id": pk}]
        for end, pk in (("a", eth), ("b", far))
    }
    add("dcim/cables", **ends, tenant=tenant, length=1.5, length_unit="m")
    made["dcim/interfaces"] = n.patch(f"dcim/interfaces/{eth}/", {"primary_mac_address": mac})
    made["dcim/devices"] = n.patch(f"dcim/devices/{device}/", {"primary_ip4": ip, "oob_ip": ip})
    made["dcim/virtual-chassis"] = n.get(f"dcim/virtual-chassis/{made['dcim/virtual-chassis']['id']}/")
    vm_type = add("virtualization/virtual-machine-types", **named(), default_platform=platform)
    body = {
        "cluster": cluster,
        "device": device,
        "role": role,
        "tenant": tenant,
        "virtual_machine_type": vm_type,
    }
    vm = add("virtualization/virtual-machines", name=n.name(), vcpus=1, **body)
    nic = add(
        "virtualization/interfaces",
        virtual_machine=vm,
        name="net0",
        mode="tagged",
        untagged_vlan=vlan,
        tagged_vlans=[vlan],
        vrf=vrf,
    )
    nic_ip = n.ip("10.2.0.1/24", {"id": nic}, "virtualization.vminterface")["id"]
    made["virtualization/virtual-machines"] = n.patch(
        f"virtualization/virtual-machines/{vm}/", {"primary_ip4": nic_ip}
    )
    add("virtualization/virtual-disks", virtual_machine=vm, name="d0", size=5)
    add(
        "extras/journal-entries",
        assigned_object_type="dcim.device",
        assigned_object_id=device,
        comments="x",
        tags=[tag],
    )
    choice_set = add("extras/custom-field-choice-sets", name=n.name(), extra_choices=[["a", "A"]])
    add(
        "extras/custom-fields",
        name=n.name("cf").replace("-", "_"),
        type="select",
        choice_set=choice_set,
        object_types=["dcim.rack"],
    )
    change = f"core/object-changes/?changed_object_type=dcim.vlan&changed_object_type=ipam.vlan&changed_object_id={vlan}"
    made["core/object-changes"] = n.results(change.replace("changed_object_type=dcim.vlan&", ""))[0]
    made["core/object-types"] = n.results("core/object-types/?app_label=dcim&model=device")[0]
    for path, row in list(made.items()):
        if path != "core/object-types":
            made[f"{path} listed"] = n.results(f"{path}/?id={row['id']}")[0]
            made[f"{path} brief"] = n.results(f"{path}/?id={row['id']}&brief=1")[0]
    return made


@pytest.mark.live
def test_objects_have_the_same_shape_as_on_a_real_netbox(lab: LabNetBox) -> None:
    theirs = real_netbox(os.environ)
    if theirs.version != (4, 6):
        pytest.skip("the lab's objects have the shape of those of 4.6")
    ours = NetBox(lab.url, f"Token {lab.token}")
    try:
        mine, real = build(ours), build(theirs)
        for path, row in real.items():
            assert list(mine[path]) == list(row), path
            assert shape(mine[path]) == shape(row), path
    finally:
        for client in (ours, theirs):
            client.clean()
            client.http.close()
