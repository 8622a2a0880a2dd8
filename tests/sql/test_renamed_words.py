"""Tags, roles and the like that this product created and someone renamed in NetBox: no second one is created."""

from __future__ import annotations

from tests.sql.estate import Estate
from tests.sql.kinds import guest, mac, machine, paris

MAY_CREATE = ["tags", "device_roles", "cluster_types", "platforms", "virtual_machines"]


def wrote(estate: Estate, object_type: str, netbox_id: int, name: str) -> None:
    """This product created the object under this name."""
    estate.ours(object_type, netbox_id)
    estate.add(
        "ledger.last_written",
        endpoint="lib",
        object_type=object_type,
        netbox_id=netbox_id,
        field="name",
        value=f'"{name}"',
    )


def renamed_estate() -> Estate:
    estate = paris(
        policies={"create": MAY_CREATE, "owns": ["virtual_machines.role"]},
        mappings={"platforms": {"debian": "Debian 12"}},
    )
    estate.change("netbox.clusters", 1, type_id=4)
    guest(estate, 101, "web", mac(1), tags=["prod", "lab"], ostype="debian")
    machine(estate, 1, "web", 101, role_id=3, tags=["laboratory", "prod"])
    # The slug stays, or changes too.
    estate.add("netbox.tags", id=5, name="Production", slug="prod")
    estate.add("netbox.tags", id=6, name="Laboratory", slug="laboratory")
    wrote(estate, "extras/tags", 5, "prod")
    wrote(estate, "extras/tags", 6, "lab")
    estate.add("netbox.device_roles", id=3, name="VM", slug="vm", vm_role=True)
    wrote(estate, "dcim/device-roles", 3, "Virtual Machine")
    estate.add("netbox.cluster_types", id=4, name="Proxmox", slug="proxmox")
    wrote(estate, "virtualization/cluster-types", 4, "Proxmox VE")
    estate.add("netbox.platforms", id=7, name="Debian 13", slug="debian-13")
    wrote(estate, "dcim/platforms", 7, "Debian 12")
    return estate


def test_what_this_product_created_keeps_its_meaning_under_another_name() -> None:
    found = renamed_estate().rows()
    assert [r.key for r in found if r.resource in ("tags", "device_roles", "cluster_types")] == []
    assert [
        set(r.fields) & {"tags", "role", "type"}
        for r in found
        if r.resource in ("virtual_machines", "clusters")
    ] == [set(), set()]


def test_a_platform_of_another_name_may_be_another_version() -> None:
    found = renamed_estate().rows()
    assert [(r.action, r.key) for r in found if r.resource == "platforms"] == [("create", "debian-12")]


def test_a_name_that_another_object_has_now_means_that_one() -> None:
    estate = renamed_estate()
    estate.add("netbox.device_roles", id=8, name="Virtual machine", slug="virtual-machine", vm_role=True)
    estate.add("netbox.tags", id=9, name="Lab", slug="lab")
    (found,) = [r.fields for r in estate.rows() if r.resource == "virtual_machines"]
    assert found["role"] == {"id": 8, "name": "Virtual machine"}
    assert found["tags"] == ["lab", "laboratory", "prod"]
