"""What LibreNMS polls as devices and NetBox has in another form: management controllers and virtual machines."""

from __future__ import annotations


def test_a_controller_and_a_guest_are_written_once(pipeline, state, device, netbox):
    """The controller becomes an interface of its host, the guest stays a virtual machine; then nothing is left."""
    host = state.add_device("srv1", serial="ABC123", os="linux", hardware="C9300-48P", ip="10.0.0.1")
    state.add_ipv4(state.add_port(host, "eth0"), "10.0.0.1", 24)
    controller = state.add_device("srv1-idrac", serial="ABC123", os="drac", ip="10.0.9.1")
    state.add_ipv4(state.add_port(controller, "NIC", ifPhysAddress="d067e5000001"), "10.0.9.1", 24)
    guest = state.add_device("erp", os="linux", ip="10.0.1.5")
    state.add_ipv4(state.add_port(guest, "eth0", ifPhysAddress="bc2411000001"), "10.0.1.5", 24)
    known = device("srv1", serial="ABC123")
    kind = netbox.create("virtualization/cluster-types", name="PVE", slug="pve")
    cluster = netbox.create("virtualization/clusters", name="c1", type=kind["id"])
    machine = netbox.create("virtualization/virtual-machines", name="erp", cluster=cluster["id"])
    pipeline.configure(policies={"virtual_machines": "update"}, bmc_interface="iDRAC")
    assert [(r.resource, r.key, r.reason) for r in pipeline.apply_all().rows] == []
    assert [one["name"] for one in netbox.all("dcim/devices")] == ["srv1"]
    ports = {one["name"]: one["mgmt_only"] for one in netbox.all("dcim/interfaces", device_id=known["id"])}
    assert ports == {"eth0": False, "iDRAC": True}
    found = netbox.one("dcim/devices", id=known["id"])
    assert (found["primary_ip4"]["address"], found["oob_ip"]["address"]) == ("10.0.0.1/24", "10.0.9.1/24")
    found = netbox.one("virtualization/virtual-machines", id=machine["id"])
    assert found["primary_ip4"]["address"] == "10.0.1.5/24"
