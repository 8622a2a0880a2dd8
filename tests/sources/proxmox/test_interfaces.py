"""Guest interfaces: names, MACs, VLANs, MTU, from QEMU's and LXC's configuration lines."""

from netbox_sync_lab.proxmox import agent_interface


def test_models_and_macs_of_virtual_machines(state, read):
    lines = {
        "net0": "virtio=26:15:5B:73:3F:7C,bridge=vmbr0,firewall=1",
        "net1": "e1000=12:34:56:78:90:12,bridge=somebr0",
        "net2": "bridge=vmbr1,vmxnet3=bc:24:11:00:00:02,mtu=900",
        "net3": "bridge=vmbr0,macaddr=BC-24-11-00-00-03,model=rtl8139,link_down=1",
        "net4": "ne2k_pci=BC:24:11:00:00:04,rate=12.5,tag=5,queues=4,future=1",
        "net5": "virtio,bridge=vmbr0,mtu=1",
    }
    state.add_qemu(1, node="pve1", config=lines)

    rows = read(state).sql(
        """SELECT key, model, mac, bridge, tag, mtu, link_down, firewall, rate, name
           FROM guest_interfaces ORDER BY position"""
    )

    assert rows == [
        ("net0", "virtio", "26:15:5B:73:3F:7C", "vmbr0", None, None, False, True, None, None),
        ("net1", "e1000", "12:34:56:78:90:12", "somebr0", None, None, False, False, None, None),
        ("net2", "vmxnet3", "BC:24:11:00:00:02", "vmbr1", None, 900, False, False, None, None),
        ("net3", "rtl8139", "BC:24:11:00:00:03", "vmbr0", None, None, True, False, None, None),
        ("net4", "ne2k_pci", "BC:24:11:00:00:04", None, 5, None, False, False, 12.5, None),
        ("net5", "virtio", None, "vmbr0", None, 1, False, False, None, None),
    ]


def test_sparse_numbers_in_numeric_order_and_nothing_else_that_begins_with_net(state, read):
    keys = ["net9", "net19", "net1", "net2", "netboot", "network"]
    state.add_qemu(
        1, node="pve1", config={k: f"virtio=BC:24:11:00:00:{n:02X}" for n, k in enumerate(keys, 1)}
    )

    rows = read(state).sql("SELECT key, position FROM guest_interfaces ORDER BY position")

    assert rows == [("net1", 1), ("net2", 2), ("net9", 9), ("net19", 19)]


def test_trunks_are_expanded(state, read):
    state.add_qemu(1, node="pve1", config={"net0": "virtio=BC:24:11:00:00:01,tag=99,trunks=30-33;10;20;10"})

    rows = read(state).sql("SELECT tag, trunks, trunk_ranges FROM guest_interfaces")

    assert rows == [(99, [10, 20, 30, 31, 32, 33], [30, 31, 32, 33])]


def test_interfaces_of_a_container_have_their_own_name(state, read):
    state.add_lxc(
        1,
        node="pve1",
        config={
            "net0": "name=eth0,bridge=vmbr0,hwaddr=bc:24:11:00:00:05,ip=dhcp,tag=7,type=veth",
            "net1": "name=mgmt,bridge=vmbr1,ip=manual,ip6=auto",
        },
    )

    rows = read(state).sql(
        "SELECT key, name, model, mac, bridge, tag FROM guest_interfaces ORDER BY position"
    )

    assert rows == [
        ("net0", "eth0", "veth", "BC:24:11:00:00:05", "vmbr0", 7),
        ("net1", "mgmt", "veth", None, "vmbr1", None),
    ]


def test_a_removed_vlan_and_a_removed_interface_are_gone_from_a_complete_snapshot(state, serve):
    guest = state.add_qemu(
        1,
        node="pve1",
        status="stopped",
        config={"net0": "virtio=BC:24:11:00:00:01,tag=5", "net1": "virtio=BC:24:11:00:00:02"},
    )
    endpoint = serve(state)
    before = endpoint.snapshot()
    guest.config["net0"] = "virtio=BC:24:11:00:00:01"
    del guest.config["net1"]

    after = endpoint.snapshot()

    query = "SELECT key, tag FROM guest_interfaces ORDER BY key"
    assert before.sql(query) == [("net0", 5), ("net1", None)]
    assert after.sql(query) == [("net0", None)]
    assert after.manifest.complete
    assert ("guest", "1") not in after.scopes()


def test_an_interface_that_cannot_be_read_costs_only_itself(state, read):
    state.add_qemu(
        1,
        node="pve1",
        config={
            "net0": "virtio=BC:24:11:00:00:01,tag=blue",
            "net1": "virtio=BC:24:11:00:00:02",
            "agent": "1",
        },
        agent_interfaces=[agent_interface("ens19", "BC:24:11:00:00:02", "10.0.0.2/24")],
    )

    snapshot = read(state)

    assert snapshot.sql("SELECT key FROM guest_interfaces") == [("net1",)]
    assert snapshot.sql("SELECT row_key, reason FROM rejected") == [("1 net0", "tag is not a number: 'blue'")]
    assert snapshot.reason("guest", "1") == "guest_interfaces 1 net0: tag is not a number: 'blue'"
    assert snapshot.sql("SELECT key, address FROM guest_addresses") == [("net1", "10.0.0.2")]
