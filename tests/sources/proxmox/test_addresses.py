"""Addresses of guests: from agents and containers, from static and cloud-init settings, and unknown ones."""

import time

import pytest

from netbox_sync_lab.proxmox import agent_interface, loopback_interface

MAC = "BC:24:11:AA:BB:CC"
ADDRESSES = "SELECT vmid, key, family, address, prefixlen, source, position FROM guest_addresses ORDER BY ALL"


def vm(state, vmid, interfaces, *, agent="1", status="running", **config):
    lines = {"net0": f"virtio={MAC},bridge=vmbr0", "agent": agent} | config
    return state.add_qemu(vmid, node="pve1", status=status, config=lines, agent_interfaces=interfaces)


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ("1", True),
        (1, True),
        ("1,fstrim_cloned_disks=1", True),
        ("enabled=1,freeze-fs-on-backup=0", True),
        ("freeze-fs-on-backup=0,enabled=1", True),
        ("0", False),
        ("0,fstrim_cloned_disks=1", False),
        ("type=virtio", False),
        (None, False),
    ],
)
def test_the_agent_is_asked_only_where_it_is_on(state, serve, line, on):
    config = {"net0": f"virtio={MAC}"} | ({} if line is None else {"agent": line})
    state.add_qemu(1, node="pve1", config=config)
    endpoint = serve(state)

    snapshot = endpoint.snapshot()

    assert snapshot.sql("SELECT agent_enabled FROM guests") == [(on,)]
    asked = any("/agent/" in request.path for request in endpoint.lab.requests)
    assert asked is on


def test_mac_case_does_not_matter_and_the_scope_is_complete(state, read):
    vm(state, 1, [agent_interface("ens18", MAC.lower(), "10.0.0.5/24", "2001:db8::5/64")])

    snapshot = read(state)

    assert snapshot.sql(ADDRESSES) == [
        (1, "net0", 4, "10.0.0.5", 24, "agent", 0),
        (1, "net0", 6, "2001:db8::5", 64, "agent", 1),
    ]
    assert snapshot.sql("SELECT key, name, mac, position FROM guest_agent_interfaces") == [
        ("net0", "ens18", MAC, 0)
    ]
    assert snapshot.scopes() == set()


def test_loopback_link_local_and_zones_are_dropped(state, read):
    ens18 = agent_interface("ens18", MAC, "10.0.0.5/24", "169.254.3.4/16", "fe80::1/64", "127.0.0.9/8")
    ens18["ip-addresses"].append({"ip-address": "fe80::1%eth0", "ip-address-type": "ipv6", "prefix": 64})
    vm(state, 1, [loopback_interface(), ens18])

    assert read(state).sql("SELECT address FROM guest_addresses") == [("10.0.0.5",)]


def test_the_policy_keeps_ipv4_link_local(state, read):
    vm(state, 1, [agent_interface("ens18", MAC, "169.254.3.4/16", "fe80::1/64")])

    snapshot = read(state, policies={"link_local_ipv4": True})

    assert snapshot.sql("SELECT address FROM guest_addresses") == [("169.254.3.4",)]


def test_interfaces_of_containers_inside_the_guest_are_ignored(state, read):
    interfaces = [
        agent_interface("ens18", MAC, "10.0.0.5/24"),
        agent_interface("docker0", "02:42:ac:11:00:01", "172.17.0.1/16"),
        agent_interface("veth12ab", "9a:00:00:00:00:01", "fe80::2/64"),
        agent_interface("cali1", "ee:ee:ee:ee:ee:ee", "10.244.0.1/32"),
        agent_interface("tun0", None, "10.8.0.1/24"),
    ]
    vm(state, 1, interfaces)

    snapshot = read(state)

    assert snapshot.sql("SELECT address FROM guest_addresses") == [("10.0.0.5",)]
    assert snapshot.sql("SELECT name FROM guest_agent_interfaces") == [("ens18",)]
    assert snapshot.scopes() == set()


def test_interfaces_with_one_mac_and_labels_are_one(state, read):
    interfaces = [
        agent_interface("ens20", MAC, "10.0.0.5/24"),
        agent_interface("ens20:1", None, "10.0.0.6/24"),
        agent_interface("ens20.40", MAC, "10.40.0.5/24", "10.0.0.5/24"),
    ]
    vm(state, 1, interfaces)

    snapshot = read(state)

    assert snapshot.sql("SELECT position, address FROM guest_addresses ORDER BY position") == [
        (0, "10.0.0.5"),
        (1, "10.0.0.6"),
        (2, "10.40.0.5"),
    ]
    assert snapshot.sql("SELECT position, name FROM guest_agent_interfaces ORDER BY position") == [
        (0, "ens20"),
        (1, "ens20.40"),
    ]


def test_sixty_guest_interfaces(state, read):
    macs = [f"BC:24:11:00:00:{n:02X}" for n in range(60)]
    config = {f"net{n}": f"virtio={mac}" for n, mac in enumerate(macs)} | {"agent": "1"}
    interfaces = [agent_interface(f"ens{n}", mac, f"10.0.{n}.5/24") for n, mac in enumerate(macs)]
    state.add_qemu(1, node="pve1", config=config, agent_interfaces=interfaces)

    rows = read(state).sql("SELECT key, address FROM guest_addresses ORDER BY CAST(substr(key, 4) AS INT)")

    assert rows == [(f"net{n}", f"10.0.{n}.5") for n in range(60)]


def test_a_silent_agent_makes_the_addresses_unknown_and_offers_nothing_else(state, read):
    vm(state, 1, "not running", ipconfig0="ip=10.0.0.9/24")
    vm(state, 2, [agent_interface("ens18", MAC, "10.0.0.5/24")])

    snapshot = read(state)

    assert snapshot.sql("SELECT vmid, address FROM guest_addresses") == [(2, "10.0.0.5")]
    assert snapshot.scopes() == {("guest_addresses", "1")}
    assert "QEMU guest agent is not running" in snapshot.reason("guest_addresses", "1")
    # One silent agent must not keep a cluster from ever having a complete snapshot.
    assert snapshot.manifest.complete


def test_a_hanging_agent_costs_its_own_timeout_only(state, read):
    for vmid in range(1, 5):
        vm(state, vmid, "hang")
    vm(state, 9, [agent_interface("ens18", MAC, "10.0.0.5/24")])
    started = time.monotonic()

    snapshot = read(state, agent_timeout=1)

    assert time.monotonic() - started < 6
    assert snapshot.scopes() == {("guest_addresses", str(vmid)) for vmid in range(1, 5)}
    assert snapshot.sql("SELECT vmid FROM guest_addresses") == [(9,)]
    assert "raise `agent_timeout` or look at the guest agent" in snapshot.reason("guest_addresses", "1")


def test_a_stopped_guest_with_an_agent_is_unknown(state, read):
    vm(state, 1, "not running", status="stopped", ipconfig0="ip=10.0.0.9/24")

    snapshot = read(state)

    assert snapshot.sql("SELECT * FROM guest_addresses") == []
    assert snapshot.reason("guest_addresses", "1") == "the guest is stopped, so its addresses cannot be seen"


def test_without_an_agent_cloud_init_addresses_are_offered_and_the_rest_is_unknown(state, read):
    vm(state, 1, "not running", agent="0", ipconfig0="ip=10.0.0.9/24,gw=10.0.0.1,ip6=2001:db8::9/64")
    vm(state, 2, "not running", agent="0", ipconfig0="ip=dhcp,ip6=auto", ipconfig1="ip=10.0.0.10/24")

    snapshot = read(state)

    assert snapshot.sql(ADDRESSES) == [
        (1, "net0", 4, "10.0.0.9", 24, "cloudinit", 0),
        (1, "net0", 6, "2001:db8::9", 64, "cloudinit", 1),
    ]
    assert snapshot.scopes() == {("guest_addresses", "1"), ("guest_addresses", "2")}


def test_what_the_agent_sees_counts_instead_of_cloud_init(state, read):
    vm(state, 1, [agent_interface("ens18", MAC, "10.0.0.5/24")], ipconfig0="ip=10.0.0.9/24")

    snapshot = read(state)

    assert snapshot.sql("SELECT address, source FROM guest_addresses") == [("10.0.0.5", "agent")]
    assert snapshot.scopes() == set()


@pytest.mark.parametrize("version", ["8.4.1", "9.1.4"])
def test_a_running_container_is_asked_itself(state, read, version):
    state.version = version
    state.add_lxc(
        1,
        node="pve1",
        config={"net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:05,ip=dhcp"},
        interfaces=[
            {"name": "lo", "hwaddr": "00:00:00:00:00:00", "inet": "127.0.0.1/8", "inet6": "::1/128"},
            {
                "name": "eth0",
                "hwaddr": "bc:24:11:00:00:05",
                "inet": "192.168.3.95/22",
                "inet6": "fe80::be24:11ff:fe89:6707/64",
            },
        ],
    )

    snapshot = read(state)

    assert snapshot.sql(ADDRESSES) == [(1, "net0", 4, "192.168.3.95", 22, "lxc", 0)]
    assert snapshot.scopes() == set()


def test_newer_containers_list_all_their_addresses_with_text_prefixes(state, read):
    state.add_lxc(
        1,
        node="pve1",
        config={"net0": "name=eth0,ip=10.0.0.7/24,ip6=manual"},
        interfaces=[
            {
                "name": "eth0",
                "inet": "10.0.0.7/24",
                "ip-addresses": [
                    {"ip-address": "10.0.0.7", "ip-address-type": "inet", "prefix": "24"},
                    {"ip-address": "10.0.0.8", "ip-address-type": "inet", "prefix": "24"},
                ],
            }
        ],
    )

    assert read(state).sql("SELECT address, prefixlen, source FROM guest_addresses ORDER BY position") == [
        ("10.0.0.7", 24, "lxc"),
        ("10.0.0.8", 24, "lxc"),
    ]


def test_a_stopped_container_has_its_static_addresses(state, read):
    state.add_lxc(
        1,
        node="pve1",
        status="stopped",
        config={
            "net0": "name=eth0,hwaddr=BC:24:11:00:00:05,ip=10.0.0.7/24,gw=10.0.0.1,ip6=2001:db8::7/64",
            "net1": "name=eth1,ip=manual,ip6=auto",
        },
    )

    snapshot = read(state)

    assert snapshot.sql("SELECT key, address, source FROM guest_addresses ORDER BY position") == [
        ("net0", "10.0.0.7", "static"),
        ("net0", "2001:db8::7", "static"),
    ]
    assert snapshot.scopes() == {("guest_addresses", "1")}
    assert snapshot.sql("SELECT * FROM rejected") == []


def test_canonical_form(state, read):
    vm(
        state,
        1,
        [agent_interface("ens18", MAC, "2001:0db8:0000:0000:0000:0000:0000:0001/64", "::ffff:1.2.3.4/128")],
    )

    rows = read(state).sql("SELECT address, canonical FROM guest_addresses ORDER BY position")

    assert rows == [
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        ("::ffff:1.2.3.4", "::ffff:102:304"),
    ]


def test_an_address_that_cannot_be_read_is_kept_as_rejected(state, read):
    bad = agent_interface("ens18", MAC, "10.0.0.5/24")
    bad["ip-addresses"].append({"ip-address": "10.90.6", "ip-address-type": "ipv4", "prefix": 24})
    vm(state, 1, [bad])

    snapshot = read(state)

    assert snapshot.sql("SELECT address FROM guest_addresses") == [("10.0.0.5",)]
    assert snapshot.sql("SELECT source_table, row_key FROM rejected") == [("guest_addresses", "1")]
    assert "10.90.6" in snapshot.reason("guest_addresses", "1")


def test_a_token_that_may_not_ask_agents(state, serve):
    vm(state, 1, [agent_interface("ens18", MAC, "10.0.0.5/24")])
    endpoint = serve(state)
    endpoint.lab.add_token(
        endpoint.lab.user,
        endpoint.lab.token_name,
        endpoint.lab.token_value,
        privileges=["Sys.Audit", "VM.Audit", "Datastore.Audit", "SDN.Audit"],
    )

    snapshot = endpoint.snapshot()

    assert ("guest_addresses", "1") in snapshot.scopes()
    assert "VM.GuestAgent.Audit is missing on /vms" in snapshot.reason("guest_addresses", "*")
    assert not snapshot.manifest.complete


def test_the_guests_host_name_is_asked_for_only_where_dns_names_are_owned(state, serve):
    guest = vm(state, 1, [agent_interface("ens18", MAC, "10.0.0.5/24")])
    guest.agent_hostname = "web01.example.com"
    endpoint = serve(state)

    assert endpoint.snapshot().sql("SELECT hostname FROM guests") == [(None,)]
    owning = endpoint.changed(policies={"owns": ["ip_addresses.dns_name"]})
    assert owning.snapshot().sql("SELECT hostname FROM guests") == [("web01.example.com",)]
