"""New objects on a NetBox with required custom fields: the defaults that go along, and those of the configuration."""

from __future__ import annotations

from tests.support import after, row, rows

VM = "virtualization.virtualmachine"
VMS = "virtualization/virtual-machines"


def test_a_required_custom_field_with_a_default(pve, cluster, netbox):
    """The virtual machines have custom fields, so NetBox does not fill its default in; the addresses have none."""
    for vmid in (101, 102, 103):
        cluster.add_qemu(vmid, node="pve1", name=f"erp{vmid}")
    netbox.create(
        "extras/custom-fields",
        name="owner_team",
        type="text",
        object_types=[VM, "dcim.macaddress", "virtualization.virtualdisk"],
        required=True,
        default="net",
    )
    assert pve.apply_all().changes == []
    assert [vm["custom_fields"]["owner_team"] for vm in netbox.all(VMS)] == ["net", "net", "net"]


def test_a_required_custom_field_without_a_default(pve, cluster, netbox):
    for vmid in (101, 102):
        cluster.add_qemu(vmid, node="pve1", name=f"erp{vmid}")
    choices = netbox.create(
        "extras/custom-field-choice-sets",
        name="Teams",
        extra_choices=[["net", "Network"], ["srv", "Servers"]],
    )
    netbox.create(
        "extras/custom-fields",
        name="owner_team",
        type="select",
        object_types=[VM, "dcim.device"],
        required=True,
        choice_set=choices["id"],
    )
    plan = pve.sync()
    sentence = "NetBox requires cf.owner_team: set the value in defaults.custom_fields."
    assert {r.reason for r in rows(plan, "virtual_machines")} == {f"{sentence}virtual_machines"}
    assert {r.reason for r in rows(plan, "devices")} == {f"{sentence}devices"}

    defaults = pve.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]["defaults"]
    pve.configure(defaults={**defaults, "custom_fields": {"*": {"owner_team": "ops"}}})
    assert {r.reason for r in rows(pve.again(), "virtual_machines")} == {
        "the custom field owner_team cannot be ops: it needs one of its choices (net, srv)"
        " (from defaults.custom_fields)"
    }

    pve.configure(
        defaults={
            **defaults,
            "custom_fields": {"*": {"owner_team": "net"}, "virtual_machines": {"owner_team": "srv"}},
            "tags": {"virtual_machines": ["managed"], "devices": ["managed"]},
        }
    )
    plan = pve.apply()
    assert after(row(plan, "virtual_machines", "erp101"))["cf.owner_team"] == "srv"
    assert pve.sync().changes == []
    assert [vm["custom_fields"]["owner_team"] for vm in netbox.all(VMS)] == ["srv", "srv"]
    assert {tag["slug"] for vm in netbox.all(VMS) for tag in vm["tags"]} == {"managed"}


def test_a_custom_field_that_was_made_required_since(pve, cluster, netbox):
    """NetBox refuses every change of an object that leaves a required custom field empty."""
    cluster.add_qemu(101, node="pve1", name="erp", maxmem=2**30)
    pve.apply()
    netbox.create("extras/custom-fields", name="owner_team", type="text", object_types=[VM], required=True)
    cluster.guests[101].maxmem = 2**31
    defaults = pve.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]["defaults"]
    assert row(pve.sync(), "virtual_machines", "erp").action == "blocked"
    pve.configure(defaults={**defaults, "custom_fields": {"virtual_machines": {"owner_team": "net"}}})
    assert after(row(pve.apply(), "virtual_machines", "erp")) == {"memory": 2048, "cf.owner_team": "net"}
    assert pve.sync().changes == []
