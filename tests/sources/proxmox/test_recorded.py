"""Answers as real servers gave them: numbers as text, fields left out, placeholders, odd shapes."""

PVE8_RESOURCES = [
    {"type": "pool", "pool": "pool-1", "id": "/pool/pool-1"},
    {
        "vmid": 100,
        "maxmem": 2147483648,
        "status": "running",
        "template": 0,
        "maxdisk": 34359738368,
        "maxcpu": 2,
        "id": "qemu/100",
        "uptime": 12,
        "node": "pve1",
        "type": "qemu",
        "name": "VM 100",
    },
    {
        "name": "test-container",
        "type": "lxc",
        "node": "pve1",
        "pool": "pool-1",
        "tags": "sarah-wiit;test;testtag",
        "id": "lxc/101",
        "maxcpu": "1",
        "template": "",
        "status": "stopped",
        "maxmem": "536870912",
        "maxdisk": 8589934592.0,
        "vmid": "101",
    },
    {
        "type": "node",
        "node": "pve1",
        "status": "online",
        "maxcpu": 72,
        "maxmem": 540883783680,
        "id": "node/pve1",
    },
    {
        "type": "storage",
        "node": "pve1",
        "plugintype": "dir",
        "content": "vztmpl,snippets,iso,images,backup,rootdir",
        "status": "available",
        "shared": 0,
        "storage": "local",
    },
    {"sdn": "localnetwork", "status": "ok", "type": "sdn", "node": "pve1", "id": "sdn/pve1/localnetwork"},
]
CONTAINER_CONFIG = {
    "arch": "amd64",
    "cores": 2,
    "digest": "5911baea29f4c0073fb063fd9ab29e75892832bf",
    "features": "fuse=1,mknod=1,nesting=1",
    "hostname": "test-container",
    "lxc": [["lxc.cgroup2.devices.allow", "c 226:0 rwm"]],
    "mp0": "/mnt/foo/bar,mp=/storage",
    "net0": "name=eth0,bridge=vmbr0,firewall=1,hwaddr=5D:CF:BD:B2:C5:39,ip=dhcp,type=veth",
    "onboot": 1,
    "rootfs": "vmstore:subvol-101-disk-0,size=30G",
    "tags": "tag1;tag2",
    "unused100": "local-lvm:subvol-101-unused-100",
}
VM_CONFIG = {
    "agent": "1",
    "boot": "order=scsi0;ide2;net0",
    "ide2": "local:iso/debian-12.iso,media=cdrom",
    "memory": "2048",
    "net0": "virtio=92-0B-BD-C1-F8-39,bridge=vmbr122,ip=192.0.2.25,ip=2001:db8::666:77:8888",
    "net31": "virtio=00:00:00:00:00:31,bridge=vmbr31",
    "net15": "virtio=00:00:00:00:00:00,bridge=vmbr15",
    "numa0": "cpus=0-1,memory=2048",
    "scsi0": "local-lvm:vm-100-disk-0,size=32G",
    "scsi30": "local-lvm:vm-100-disk-30,size=32G",
    "vmid": 100,
}
AGENT = {
    "result": [
        {
            "hardware-address": "00:00:00:00:00:00",
            "ip-addresses": [{"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8}],
            "name": "lo",
        },
        {
            "hardware-address": "92:0b:bd:c1:f8:39",
            "ip-addresses": [
                {"ip-address": "192.0.2.1", "ip-address-type": "ipv4", "prefix": 32},
                {"ip-address": "192.0.2.4", "ip-address-type": "ipv4", "prefix": 32},
                {"ip-address": "fe80::be24%eth0", "ip-address-type": "ipv6", "prefix": 64},
            ],
            "name": "eth0",
        },
        {"hardware-address": "ba:97:85:bd:9a:a5", "name": "eth1"},
    ]
}


def answers(**more):
    return {
        "/cluster/resources": PVE8_RESOURCES,
        "/nodes/pve1/qemu/100/config": VM_CONFIG,
        "/nodes/pve1/qemu/100/agent/network-get-interfaces": AGENT,
        "/nodes/pve1/lxc/101/config": CONTAINER_CONFIG,
    } | more


def test_a_recorded_host(recorded):
    snapshot = recorded(answers())

    assert snapshot.sql(
        "SELECT vmid, name_given, status, maxmem, maxcpu, maxdisk, tags, pool FROM guests ORDER BY vmid"
    ) == [
        (100, "", "running", 2147483648, 2.0, 34359738368, [], None),
        (101, "test-container", "stopped", 536870912, 1.0, 8589934592, ["tag1", "tag2"], "pool-1"),
    ]
    assert snapshot.sql("SELECT vmid, key, mac FROM guest_interfaces ORDER BY vmid, position") == [
        (100, "net0", "92:0B:BD:C1:F8:39"),
        (100, "net15", None),
        (100, "net31", "00:00:00:00:00:31"),
        (101, "net0", "5D:CF:BD:B2:C5:39"),
    ]
    assert snapshot.sql("SELECT key, size_mib FROM disks WHERE counted ORDER BY vmid, position") == [
        ("scsi0", 32768),
        ("scsi30", 32768),
        ("rootfs", 30720),
    ]
    assert snapshot.sql("SELECT key, address FROM guest_addresses") == [
        ("net0", "192.0.2.1"),
        ("net0", "192.0.2.4"),
    ]
    assert snapshot.sql("SELECT poolid FROM pools") == [("pool-1",)]
    assert snapshot.sql("SELECT * FROM rejected") == []
    assert snapshot.manifest.complete


def test_a_paused_guest_in_the_lists_of_a_real_server(recorded):
    # /cluster/resources says "running" for a paused guest; only the node's full list knows.
    paused = [{"vmid": "100", "status": "running", "qmpstatus": "paused"}]

    snapshot = recorded(answers(**{"/nodes/pve1/qemu": paused}))

    assert snapshot.sql("SELECT status FROM guests WHERE vmid = 100") == [("paused",)]


def test_an_agent_that_answers_with_an_error(recorded):
    error = {"result": {"error": {"class": "CommandNotFound", "desc": "The command has been disabled"}}}

    snapshot = recorded(answers(**{"/nodes/pve1/qemu/100/agent/network-get-interfaces": error}))

    assert "The command has been disabled" in snapshot.reason("guest_addresses", "100")
    assert snapshot.sql("SELECT * FROM guest_addresses") == []


def test_a_guest_that_has_just_started_and_has_no_address_yet(recorded):
    booting = {"result": [{"hardware-address": "92:0b:bd:c1:f8:39", "name": "eth0", "ip-addresses": []}]}

    snapshot = recorded(answers(**{"/nodes/pve1/qemu/100/agent/network-get-interfaces": booting}))

    assert "started 12 seconds ago" in snapshot.reason("guest_addresses", "100")
    assert snapshot.sql("SELECT key, name FROM guest_agent_interfaces") == [("net0", "eth0")]


def test_malformed_rows_are_kept_as_rejected_and_the_others_are_read(recorded):
    bad = [
        {"type": "qemu", "node": "pve1", "name": "no-number", "id": "qemu/"},
        {"type": "qemu", "node": "pve1", "vmid": 300, "maxmem": "much"},
        "not an object",
    ]
    config = {"/nodes/pve1/qemu/300/config": {"cores": 1}}

    snapshot = recorded(answers(**{"/cluster/resources": PVE8_RESOURCES + bad}, **config))

    assert snapshot.sql("SELECT vmid FROM guests ORDER BY vmid") == [(100,), (101,)]
    assert snapshot.sql("SELECT source_table, row_key, reason FROM rejected ORDER BY ALL") == [
        ("guests", "300", "maxmem is not a number: 'much'"),
        ("guests", "qemu/", "the guest has no vmid"),
    ]
    assert {("cluster", "*"), ("guest", "300")} <= snapshot.scopes()
    assert not snapshot.manifest.complete


def test_nothing_at_all(recorded):
    snapshot = recorded({"/cluster/status": []})

    assert snapshot.scopes() == {("cluster", "*")}
    reasons = snapshot.reason("cluster")
    assert "no node is seen" in reasons
    assert "no guest is seen" in reasons
    assert snapshot.sql("SELECT * FROM cluster") == []


def test_a_cluster_without_quorum_is_incomplete(recorded):
    status = [
        {"type": "cluster", "name": "rack", "quorate": 0, "nodes": 1},
        {"type": "node", "name": "pve1", "online": 1},
    ]

    snapshot = recorded(answers(**{"/cluster/status": status}))

    assert snapshot.reason("cluster") == "cluster rack has no quorum, so its state is not certain"


def test_tag_colours_of_older_releases_are_text(recorded):
    options = {"tag-style": "color-map=prod:FF0000;test:00ff00,shape=circle"}

    snapshot = recorded(answers(**{"/cluster/options": options}))

    assert snapshot.sql("SELECT tag, color FROM tag_styles") == [("prod", "ff0000"), ("test", "00ff00")]


def test_backup_jobs_of_older_releases_have_days_and_a_time(recorded):
    job = {"id": "b1", "dow": "mon,fri", "starttime": "02:30", "storage": "local", "all": 1}

    snapshot = recorded(answers(**{"/cluster/backup": [job]}))

    assert snapshot.sql("SELECT schedule, enabled FROM backup_jobs") == [("mon,fri 02:30", True)]
