"""What of a Proxmox cluster is not compared, not created or no evidence, in the sentences that people read."""

from __future__ import annotations

from tests.sql.source_rows import SourceRows


def _cluster(**settings: object) -> SourceRows:
    cluster = SourceRows("proxmox", **settings)
    cluster.put("proxmox.cluster", name="lab")
    return cluster


def _guest(cluster: SourceRows, vmid: int, name: str, **more: object) -> None:
    content = {
        "type": "qemu",
        "node": "pve1",
        "status": "running",
        "template": False,
        "config_read": True,
        **more,
    }
    cluster.put("proxmox.guests", vmid=vmid, name_given=name, **content)


def test_names_that_netbox_holds_once() -> None:
    cluster = _cluster()
    _guest(cluster, 100, "web")
    _guest(cluster, 101, "WEB (102)")
    _guest(cluster, 102, "web")
    _guest(cluster, 103, "x" * 65)
    cluster.desired("virtual_machines")
    assert cluster.rows(
        "SELECT source_id, action_of(problem), problem FROM desired.virtual_machines ORDER BY ALL"
    ) == [
        ("100", None, None),
        ("101", "conflict", "2 guests of this cluster would have the name WEB (102)"),
        ("102", "conflict", "2 guests of this cluster would have the name web (102)"),
        ("103", "blocked", "the name has 65 characters; NetBox takes 64"),
    ]


def test_a_guest_whose_configuration_was_not_read_is_not_created() -> None:
    cluster = _cluster()
    _guest(cluster, 100, "db", config_read=False)
    _guest(cluster, 101, "web", config_read=False)
    cluster.put(
        "proxmox.scopes", scope="guest", scope_id="101", complete=False, reason="guest 101: answered 500"
    )
    cluster.desired("virtual_machines")
    assert cluster.rows("SELECT not_imported FROM desired.virtual_machines ORDER BY source_id") == [
        ("not in NetBox, and Proxmox does not show enough to create it: its configuration was not read",),
        ("not in NetBox, and Proxmox does not show enough to create it: guest 101: answered 500",),
    ]


def test_interfaces_of_one_name() -> None:
    cluster = _cluster()
    _guest(cluster, 100, "ct", type="lxc")
    for key, name in (("net0", "eth0"), ("net1", "eth0"), ("net2", "n" * 65)):
        cluster.put("proxmox.guest_interfaces", vmid=100, key=key, name=name, position=int(key[-1]))
    cluster.put("proxmox.node_interfaces", node="pve1", iface="n" * 65, type="eth")
    cluster.desired("virtual_machines", "vm_interfaces", "interfaces")
    assert cluster.rows(
        "SELECT old_name, action_of(problem), problem FROM desired.vm_interfaces ORDER BY ALL"
    ) == [
        ("net0", "conflict", "2 interfaces of this guest have the name eth0"),
        ("net1", "conflict", "2 interfaces of this guest have the name eth0"),
        ("net2", "blocked", "the name has 65 characters; NetBox takes 64"),
    ]
    assert cluster.rows("SELECT action_of(problem), problem FROM desired.interfaces") == [
        ("blocked", "the name has 65 characters; NetBox takes 64")
    ]


def test_what_of_a_cluster_is_left_out() -> None:
    cluster = _cluster(guest_records="plugin")
    _guest(cluster, 100, "web")
    _guest(cluster, 101, "golden", template=True)
    _guest(cluster, 102, "far", status=None, config_read=False)
    cluster.put(
        "proxmox.disks",
        vmid=100,
        key="scsi0",
        storage="local",
        volume="a",
        counted=False,
        reason="size unknown",
    )
    cluster.put("proxmox.disks", vmid=100, key="scsi1", counted=False, reason="size unknown")
    cluster.put(
        "proxmox.disks", vmid=100, key="scsi2", storage="local", volume="b", size_mib=2147483648, counted=True
    )
    cluster.put(
        "proxmox.disks", vmid=100, key="ide2", volume="none", bus="ide", counted=False, reason="cdrom"
    )
    cluster.put("proxmox.sdn_vnets", vnet="v1", tag=5000)
    cluster.put("proxmox.guest_interfaces", vmid=100, key="net0", position=0, tag=4095)
    cluster.put("proxmox.guest_addresses", vmid=100, key="net0", family=4, canonical="127.0.0.1", prefixlen=8)
    cluster.put("proxmox.rejected", source_table="guests", row_key="7", reason="vmid: not a number")
    cluster.put(
        "netbox.scopes", scope="table", scope_id="proxbox_storages", complete=False, reason="answered 403"
    )
    cluster.desired(
        *(
            "clusters",
            "virtual_machines",
            "virtual_disks",
            "interfaces",
            "vm_interfaces",
            "ip_addresses",
            "vlans",
        ),
        *("skipped", "sightings"),
    )
    assert cluster.rows("SELECT resource, key, reason FROM desired.skipped ORDER BY ALL") == [
        (
            "backups",
            "lib",
            "guest_records is plugin, but NetBox does not have the models of the plugin netbox-proxbox",
        ),
        ("backups", "proxbox_storages", "answered 403"),
        ("guests", "7", "vmid: not a number"),
        ("ip_addresses", "web net0 127.0.0.1/8", "loopback address"),
        ("virtual_disks", "web scsi0", "size unknown: Proxmox gives no size for local:a"),
        ("virtual_disks", "web scsi1", "size unknown: Proxmox gives no size for "),
        ("virtual_machines", "far", "its node does not answer, so nothing about it is compared"),
        ("virtual_machines", "golden (101)", "it is a template; include_templates is off"),
        ("vlans", "lab 4095", "VID 4095 is outside 1 to 4094"),
        ("vlans", "lab 5000", "VID 5000 is outside 1 to 4094"),
    ]
    assert cluster.rows("SELECT key, problem FROM desired.virtual_disks WHERE size IS NOT NULL") == [
        ("web scsi2", "the size of 2147483648 MiB is more than NetBox takes")
    ]
    assert cluster.rows("SELECT word, what FROM desired.sightings WHERE word = 'ide2'") == [
        ("ide2", "ide2 of web, which is not counted as a disk: cdrom")
    ]


def test_a_network_card_that_is_passed_through_is_left_out() -> None:
    cluster = _cluster()
    _guest(cluster, 100, "fw")
    cluster.put(
        "proxmox.guest_agent_interfaces", vmid=100, position=0, name="enp6s16", mac="0C:C4:7A:00:00:01"
    )
    cluster.desired("virtual_machines", "vm_interfaces", "virtual_disks", "ip_addresses", "vlans", "skipped")
    assert cluster.rows("SELECT resource, key, reason FROM desired.skipped") == [
        (
            "vm_interfaces",
            "fw enp6s16",
            "enp6s16 (0C:C4:7A:00:00:01) is a network card of the node, passed through to the guest: Proxmox has no"
            " netN for it",
        )
    ]


def test_what_a_cluster_shows_proves_nothing_of_what_is_off() -> None:
    cluster = _cluster()
    _guest(cluster, 100, "vm")
    _guest(cluster, 101, "ct", type="lxc", status="stopped")
    for vmid in (100, 101):
        cluster.put("proxmox.guest_interfaces", vmid=vmid, key="net0", position=0, name="eth0")
    cluster.put("proxmox.node_interfaces", node="pve1", iface="eno1", type="eth", method="dhcp")
    cluster.put(
        "proxmox.node_interfaces", node="pve1", iface="eno2", type="eth", method="static", method6="auto"
    )
    cluster.put(
        "proxmox.scopes", scope="guest_addresses", scope_id="100", complete=False, reason="no guest agent"
    )
    cluster.desired(
        *("virtual_machines", "interfaces", "vm_interfaces", "evidence", "call_tables", "call_gaps"),
        *("incomplete_scopes", "unseen_interfaces", "gaps", "undecided"),
    )
    assert cluster.rows(
        "SELECT owner, reason FROM desired.incomplete_scopes WHERE resource = 'ip_addresses' ORDER BY ALL"
    ) == [
        ("ct", "the guest is not running"),
        ("ct net0", "the container did not show net0"),
        ("pve1 eno1", "the node gets addresses of eno1 by dhcp"),
        ("pve1 eno2", "the node gets addresses of eno2 by auto"),
        ("vm", "no guest agent"),
        ("vm net0", "the guest agent did not show net0"),
    ]


def test_rows_out_of_sight_leave_changes_undecided() -> None:
    cluster = _cluster()
    cluster.put(
        "proxmox.scopes", scope="sdn", scope_id="*", complete=False, reason="GET /cluster/sdn answered 403"
    )
    cluster.put("proxmox.scopes", scope="node", scope_id="pve1", complete=False, reason="node pve1 is down")
    cluster.put("desired.devices", key="pve1", source_id="pve1")
    cluster.desired("evidence", "call_tables", "call_gaps", "undecided")
    assert cluster.rows("SELECT resource, owner, reason FROM desired.undecided ORDER BY ALL") == [
        ("interfaces", "pve1", "node pve1 is down"),
    ]


def test_what_a_cluster_shows_and_is_not_compared() -> None:
    cluster = _cluster()
    _guest(cluster, 100, "vm")
    cluster.put("proxmox.guest_addresses", vmid=100, key="net0", family=4, canonical="10.0.0.5", prefixlen=24)
    cluster.put("proxmox.node_interfaces", node="pve1", iface="lo", type="loopback", cidr="10.0.0.6/32")
    cluster.desired("virtual_machines", "sightings")
    assert cluster.rows("SELECT word, what FROM desired.sightings ORDER BY ALL") == [
        ("10.0.0.5", "10.0.0.5 of vmid 100, on an interface that is left out"),
        ("10.0.0.6", "10.0.0.6 of node pve1, on an interface that is left out"),
    ]


def test_what_helps_where_a_node_means_no_object() -> None:
    cluster = _cluster()
    cluster.put("config.mappings", kind="device_types", source="R740", target="PowerEdge R740")
    cluster.put("proxmox.nodes", node="pve1", cpu_model="Xeon 5218")
    cluster.put("proxmox.nodes", node="pve2")
    cluster.desired("clusters", "references")
    assert cluster.rows(
        "SELECT owner_key, field, hint FROM desired.references WHERE hint IS NOT NULL ORDER BY ALL"
    ) == [
        (
            "pve1",
            "device_type",
            'map device_types: "Xeon 5218", set defaults.device_type, or add device_types to policies.also_create',
        ),
        ("pve1", "role", 'map roles: "node", or set defaults.role'),
        ("pve1", "site", 'map sites: "pve1", or set defaults.site'),
        ("pve2", "device_type", 'the node is not read; map device_types: "pve2", or wait until it answers'),
        ("pve2", "role", 'map roles: "node", or set defaults.role'),
        ("pve2", "site", 'map sites: "pve2", or set defaults.site'),
    ]


def test_an_address_of_a_guest_out_of_sight_is_remembered_with_the_reason() -> None:
    cluster = _cluster()
    cluster.con.execute(
        """CREATE TABLE config.last_ip_addresses AS SELECT '10.0.0.5' AS host, 'vm' AS owner, NULL::VARCHAR AS left_out;
           CREATE TABLE config.last_remembered_addresses AS SELECT '' AS host, '' AS owner WHERE false;
           CREATE TABLE config.last_virtual_machines AS SELECT 'vm' AS key, '100' AS source_id"""
    )
    cluster.put(
        "proxmox.scopes", scope="guest", scope_id="100", complete=False, reason="guest 100: answered 500"
    )
    cluster.desired("evidence", "call_tables", "call_gaps", "gaps", "remembered_addresses")
    assert cluster.rows("SELECT host, owner, reason FROM desired.remembered_addresses") == [
        ("10.0.0.5", "vm", "guest 100: answered 500")
    ]
