"""Clusters, virtual machines, their interfaces and disks."""

from __future__ import annotations

from typing import Any

import pytest


def same(answer: Any, field: str, message: str) -> None:
    assert answer == {field: [message]}


@pytest.mark.differs("4.2")
def test_clusters(netbox: Any) -> None:
    site = netbox.site()
    cluster = netbox.cluster(scope_type="dcim.site", scope_id=site["id"])
    assert cluster["scope"]["slug"] == site["slug"]
    assert cluster["allocated_vcpus"] is None
    body = {"name": cluster["name"], "type": cluster["type"]["id"]}
    # The site behind the scope is checked by the database only.
    answer = netbox.send(
        "POST", "virtualization/clusters/", {**body, "scope_type": "dcim.site", "scope_id": site["id"]}
    )
    assert (answer.status_code, answer.json()["exception"]) == (500, "IntegrityError")
    netbox.new("virtualization/clusters", body)
    vm = netbox.vm(cluster, vcpus=2.5, memory=1024)
    assert vm["site"]["id"] == site["id"]
    shown = netbox.get(f"virtualization/clusters/{cluster['id']}/")
    assert (shown["allocated_vcpus"], shown["allocated_memory"], shown["virtualmachine_count"]) == (
        2.5,
        1024,
        1,
    )


@pytest.mark.differs("4.2", "4.7")
def test_vm_names_are_unique_per_cluster_and_tenant_without_case(netbox: Any) -> None:
    cluster = netbox.cluster()
    vm = netbox.vm(cluster)
    assert vm["start_on_boot"] == {"value": "off", "label": "Off"}
    body = {"name": vm["name"].upper(), "cluster": cluster["id"]}
    same(
        netbox.refused("POST", "virtualization/virtual-machines/", body),
        "__all__",
        "Virtual machine name must be unique per cluster.",
    )
    tenant = netbox.new("tenancy/tenants", {"name": netbox.name(), "slug": netbox.name()})
    netbox.new("virtualization/virtual-machines", {**body, "tenant": tenant["id"]})
    same(
        netbox.refused("POST", "virtualization/virtual-machines/", {**body, "tenant": tenant["id"]}),
        "__all__",
        "Virtual machine name must be unique per cluster and tenant.",
    )
    same(
        netbox.refused("POST", "virtualization/virtual-machines/", {"name": netbox.name()}),
        "__all__",
        "A virtual machine must be assigned to a site, cluster, or device.",
    )


@pytest.mark.differs("4.2")
def test_places_of_vms(netbox: Any) -> None:
    site, other = netbox.site(), netbox.site()
    cluster = netbox.cluster(scope_type="dcim.site", scope_id=site["id"])
    host, stranger = netbox.device(site, cluster=cluster["id"]), netbox.device(site)
    vm = netbox.vm(cluster, device=host["id"])
    path = f"virtualization/virtual-machines/{vm['id']}/"
    same(
        netbox.refused("PATCH", path, {"site": other["id"]}),
        "cluster",
        f"The selected cluster ({cluster['name']}) is not assigned to this site ({other['name']}).",
    )
    same(
        netbox.refused("PATCH", path, {"device": stranger["id"]}),
        "device",
        f"The selected device ({stranger['name']}) is not assigned to this cluster ({cluster['name']}).",
    )
    same(
        netbox.refused("PATCH", path, {"cluster": None}),
        "cluster",
        f"Must specify the assigned device's cluster ({cluster['name']}) when assigning host device {host['name']}.",
    )
    same(
        netbox.refused("PATCH", f"dcim/devices/{netbox.device(other)['id']}/", {"cluster": cluster["id"]}),
        "cluster",
        f"The assigned cluster belongs to a different site ({site['name']})",
    )
    same(
        netbox.refused("PATCH", f"virtualization/clusters/{cluster['id']}/", {"scope_id": other["id"]}),
        "scope",
        f"1 devices are assigned as hosts for this cluster but are not in site {other['name']}",
    )
    answer = netbox.send("DELETE", f"dcim/devices/{host['id']}/")
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": f"Unable to delete object. 1 dependent objects were found: {vm['name']} ({vm['id']})"},
    )


def test_disk_size_follows_the_virtual_disks(netbox: Any) -> None:
    vm = netbox.vm(disk=5)
    path = f"virtualization/virtual-machines/{vm['id']}/"
    disk = netbox.new(
        "virtualization/virtual-disks", {"virtual_machine": vm["id"], "name": "scsi0", "size": 100}
    )
    netbox.new("virtualization/virtual-disks", {"virtual_machine": vm["id"], "name": "scsi1", "size": 50})
    shown = netbox.get(path)
    assert (shown["disk"], shown["virtual_disk_count"], shown["last_updated"]) == (150, 2, vm["last_updated"])
    same(
        netbox.refused("PATCH", path, {"disk": 99}),
        "disk",
        "The specified disk size (99) must match the aggregate size of assigned virtual disks (150).",
    )
    assert netbox.patch(path, {"disk": None})["disk"] is None
    assert netbox.patch(path, {"comments": "x"})["disk"] == 150
    netbox.patch(f"virtualization/virtual-disks/{disk['id']}/", {"size": 200})
    assert netbox.get(path)["disk"] == 250
    netbox.delete(f"virtualization/virtual-disks/{disk['id']}/")
    assert netbox.get(path)["disk"] == 50
    same(
        netbox.refused(
            "POST", "virtualization/virtual-disks/", {"virtual_machine": vm["id"], "name": "scsi1", "size": 1}
        ),
        "__all__",
        "Virtual disk with this Virtual machine and Name already exists.",
    )


@pytest.mark.differs("4.2")
def test_sizes_of_vms(netbox: Any) -> None:
    vm = netbox.vm(vcpus="4", memory=2048)
    path = f"virtualization/virtual-machines/{vm['id']}/"
    assert (vm["vcpus"], vm["memory"]) == (4.0, 2048)
    assert netbox.patch(path, {"vcpus": 1.25})["vcpus"] == 1.25
    same(
        netbox.refused("PATCH", path, {"vcpus": 1.234}),
        "vcpus",
        "Ensure that there are no more than 2 decimal places.",
    )
    same(
        netbox.refused("PATCH", path, {"vcpus": 0}),
        "vcpus",
        "Ensure this value is greater than or equal to "
        "0.01000000000000000020816681711721685132943093776702880859375.",
    )
    same(
        netbox.refused("PATCH", path, {"vcpus": 12345.5}),
        "vcpus",
        "Ensure that there are no more than 4 digits before the decimal point.",
    )
    same(
        netbox.refused("PATCH", path, {"memory": -1}),
        "memory",
        "Ensure this value is greater than or equal to 0.",
    )
    same(
        netbox.refused("PATCH", path, {"memory": 2147483648}),
        "memory",
        "Ensure this value is less than or equal to 2147483647.",
    )
    assert netbox.patch(path, {"serial": "ABC"})["serial"] == "ABC"
    assert netbox.patch(path, {"start_on_boot": "on"})["start_on_boot"]["value"] == "on"


def test_vm_interfaces(netbox: Any) -> None:
    site = netbox.site()
    vm, other = netbox.vm(netbox.cluster(scope_type="dcim.site", scope_id=site["id"])), netbox.vm()
    nic = netbox.new("virtualization/interfaces", {"virtual_machine": vm["id"], "name": "net0"})
    far = netbox.new("virtualization/interfaces", {"virtual_machine": other["id"], "name": "net9"})
    path = f"virtualization/interfaces/{nic['id']}/"
    for field in ("parent", "bridge"):
        same(
            netbox.refused("PATCH", path, {field: far["id"]}),
            field,
            f"The selected {field} interface (net9) belongs to a different virtual machine ({other['name']}).",
        )
    same(
        netbox.refused("PATCH", path, {"parent": nic["id"]}),
        "parent",
        "An interface cannot be its own parent.",
    )
    same(
        netbox.refused("POST", "virtualization/interfaces/", {"virtual_machine": vm["id"], "name": "net0"}),
        "__all__",
        "Interface with this Virtual machine and Name already exists.",
    )
    here, elsewhere = netbox.vlan(10, site=site["id"]), netbox.vlan(11, site=netbox.site()["id"])
    same(
        netbox.refused("PATCH", path, {"mode": "tagged", "tagged_vlans": [elsewhere["id"]]}),
        "tagged_vlans",
        f"VLAN {elsewhere['display']} must belong to the same site as the interface's parent virtual machine, or it "
        "must be global.",
    )
    same(
        netbox.refused("PATCH", path, {"mode": "access", "untagged_vlan": elsewhere["id"]}),
        "untagged_vlan",
        f"The untagged VLAN ({elsewhere['display']}) must belong to the same site as the interface's parent virtual "
        "machine, or it must be global.",
    )
    # Unlike on devices, VLANs without a mode are not refused: an untagged one is dropped, tagged ones are kept.
    changed = netbox.patch(path, {"untagged_vlan": here["id"], "tagged_vlans": [here["id"]]})
    assert (changed["untagged_vlan"], [v["id"] for v in changed["tagged_vlans"]]) == (None, [here["id"]])
    mac = netbox.mac("02:00:5e:20:00:01", nic, "virtualization.vminterface")
    assert netbox.patch(path, {"primary_mac_address": mac["id"]})["mac_address"] == "02:00:5E:20:00:01"
    assert [m["id"] for m in netbox.results(f"dcim/mac-addresses/?virtual_machine_id={vm['id']}")] == [
        mac["id"]
    ]


def test_primary_addresses_of_vms(netbox: Any) -> None:
    vm = netbox.vm()
    nic = netbox.new("virtualization/interfaces", {"virtual_machine": vm["id"], "name": "net0"})
    ip = netbox.ip("10.6.0.1/24", nic, "virtualization.vminterface")
    loose = netbox.ip("10.6.0.2/24")
    path = f"virtualization/virtual-machines/{vm['id']}/"
    same(
        netbox.refused("PATCH", path, {"primary_ip4": loose["id"]}),
        "primary_ip4",
        "The specified IP address (10.6.0.2/24) is not assigned to this VM.",
    )
    same(
        netbox.refused("PATCH", path, {"primary_ip6": ip["id"]}),
        "primary_ip6",
        "Must be an IPv6 address. (10.6.0.1/24 is an IPv4 address.)",
    )
    assert netbox.patch(path, {"primary_ip4": ip["id"]})["primary_ip"]["id"] == ip["id"]
    same(
        netbox.refused(
            "PATCH",
            f"ipam/ip-addresses/{ip['id']}/",
            {"assigned_object_type": None, "assigned_object_id": None},
        ),
        "__all__",
        "Cannot reassign IP address while it is designated as the primary IP for the parent object",
    )
    netbox.delete(f"virtualization/interfaces/{nic['id']}/")
    assert netbox.get(path)["primary_ip4"] is None
    assert netbox.send("GET", f"ipam/ip-addresses/{ip['id']}/").status_code == 404


@pytest.mark.differs("4.2")
def test_vm_types_give_new_vms_their_sizes(netbox: Any) -> None:
    kind = netbox.new(
        "virtualization/virtual-machine-types",
        {
            "name": netbox.name("small"),
            "slug": netbox.name("small"),
            "default_vcpus": 2,
            "default_memory": 512,
        },
    )
    vm = netbox.vm(virtual_machine_type=kind["id"], memory=1024)
    assert (vm["vcpus"], vm["memory"], vm["virtual_machine_type"]["slug"]) == (2.0, 1024, kind["slug"])
    same(
        netbox.refused(
            "POST",
            "virtualization/virtual-machine-types/",
            {"name": kind["name"].upper(), "slug": netbox.name()},
        ),
        "__all__",
        "Virtual machine type name must be unique.",
    )
