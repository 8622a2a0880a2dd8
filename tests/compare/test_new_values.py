"""New objects on a NetBox with required custom fields: the defaults that go along, and those of the configuration."""

from __future__ import annotations

from tests.compare.guests import APPLY, SYNC, GuestCase, Steps, share_cluster, under
from tests.support import after, row, rows

VM = "virtualization.virtualmachine"
VMS = "virtualization/virtual-machines"


@share_cluster()
def test_a_required_custom_field_with_a_default(case: GuestCase) -> Steps:
    """The virtual machines have custom fields, so NetBox does not fill its default in; the addresses have none."""
    names = [f"erp{vmid}" for vmid in (101, 102, 103)]
    for vmid, name in enumerate(names, 101):
        case.cluster.add_qemu(vmid, node="pve1", name=name)
    case.netbox.create(
        "extras/custom-fields",
        name="owner_team",
        type="text",
        object_types=[VM, "dcim.macaddress", "virtualization.virtualdisk"],
        required=True,
        default="net",
    )
    yield APPLY
    plan = yield SYNC
    assert plan.changes == []
    machines = case.netbox.all(VMS, name=names)
    assert [vm["custom_fields"]["owner_team"] for vm in machines] == ["net", "net", "net"]


@share_cluster()
def test_a_custom_field_that_was_made_required_since(case: GuestCase) -> Steps:
    """NetBox refuses every change of an object that leaves a required custom field empty."""
    guest = case.cluster.add_qemu(201, node="pve1", name="shop", maxmem=2**30)
    yield APPLY
    case.netbox.create(
        "extras/custom-fields", name="cost_centre", type="text", object_types=[VM], required=True
    )
    guest.maxmem = 2**31
    plan = yield SYNC
    assert row(plan, "virtual_machines", "shop").action == "blocked"
    defaults = case.pipeline.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]["defaults"]
    filled = {**defaults, "custom_fields": {"virtual_machines": {"cost_centre": "net"}}}
    plan = yield under(apply=True, defaults=filled)
    assert after(row(plan, "virtual_machines", "shop")) == {"memory": 2048, "cf.cost_centre": "net"}
    plan = yield under(defaults=filled)
    assert plan.changes == []


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
