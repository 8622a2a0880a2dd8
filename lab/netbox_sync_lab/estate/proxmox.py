"""The demo's two Proxmox VE clusters: five nodes and 60 guests of every kind."""

from typing import Any

from netbox_sync_lab.estate.plan import HYPERVISORS, LYON, PARIS, Site, ipv4, ipv6
from netbox_sync_lab.proxmox import (
    Guest,
    ProxmoxState,
    agent_interface,
    default_network,
    loopback_interface,
)
from netbox_sync_lab.proxmox.models import EPOCH, Row

GIB = 2**30
DAY = 86400


def build_proxmox() -> list[ProxmoxState]:
    """The clusters of Paris (3 nodes, PVE 9.1) and Lyon (2 nodes, PVE 8.4), the same on every call."""
    return [_paris(), _lyon()]


class _Cluster:
    """A cluster under construction. MAC addresses: BC:24:11, the site's octet, the vmid's last byte, the NIC."""

    def __init__(self, state: ProxmoxState, site: Site) -> None:
        self.state, self.site = state, site
        for node in HYPERVISORS:
            if node.site is site:
                rows = default_network(ipv4(site, 10, node.host), ipv4(site, 10, 1), vlan=30)
                rows[-1] |= {
                    "method": "static",
                    "address": ipv4(site, 30, node.host),
                    "netmask": "24",
                    "cidr": f"{ipv4(site, 30, node.host)}/24",
                }
                state.add_node(node.name, ip=ipv4(site, 10, node.host), network=rows)
        self.node_names = list(state.nodes)

    def node(self, number: int) -> str:
        return self.node_names[number % len(self.node_names)]

    def mac(self, vmid: int, nic: int = 0) -> str:
        return f"BC:24:11:{self.site.octet:02X}:{vmid % 256:02X}:{nic:02X}"

    def nic(self, vmid: int, nic: int = 0, vid: int | None = 20, extra: str = "") -> str:
        tag = "" if vid is None else f",tag={vid}"
        return f"virtio={self.mac(vmid, nic)},bridge=vmbr0,firewall=1{tag}{extra}"

    def address(self, vmid: int, vid: int = 20) -> str:
        return f"{ipv4(self.site, vid, vmid % 250)}/24"

    def agent(self, vmid: int, *vids: int, v6: bool = False) -> list[Row]:
        """What the agent of a plain Linux guest reports: lo and one interface per VLAN."""
        rows = [loopback_interface()]
        for nic, vid in enumerate(vids):
            mac = self.mac(vmid, nic)
            addresses = [self.address(vmid, vid)]
            if v6 and nic == 0:
                addresses.append(f"{ipv6(self.site, vid, vmid)}/64")
            addresses.append(f"fe80::be24:11ff:fe{vmid % 256:02x}:{nic:x}/64")
            rows.append(agent_interface(f"ens{18 + nic}", mac, *addresses))
        return rows

    def linux(
        self,
        vmid: int,
        name: str,
        *,
        vids: tuple[int, ...] = (20,),
        disks: tuple[int, ...] = (32,),
        storage: str = "ceph",
        memory: int = 4,
        cpus: int = 2,
        tags: str = "",
        v6: bool = False,
        config: Row | None = None,
        **columns: Any,
    ) -> Guest:
        """A Linux VM with an agent that reports an address on every NIC. disks, memory in GiB."""
        base: Row = {
            **{f"net{n}": self.nic(vmid, n, vid) for n, vid in enumerate(vids)},
            **{
                f"scsi{n}": f"{storage}:vm-{vmid}-disk-{n},discard=on,iothread=1,size={size}G"
                for n, size in enumerate(disks)
            },
            "ide2": "none,media=cdrom",
            "agent": "1,fstrim_cloned_disks=1",
            "onboot": 1,
        }
        columns.setdefault("agent_interfaces", self.agent(vmid, *vids, v6=v6))
        return self.state.add_qemu(
            vmid,
            node=columns.pop("node", self.node(vmid)),
            name=name,
            maxmem=memory * GIB,
            maxcpu=cpus,
            tags=tags,
            config=base | (config or {}),
            **columns,
        )

    def container(
        self,
        vmid: int,
        name: str,
        *,
        vid: int = 20,
        size: int = 8,
        net: str | None = None,
        tags: str = "",
        config: Row | None = None,
        **columns: Any,
    ) -> Guest:
        """A container with a static address."""
        address = f"ip={self.address(vmid, vid)},gw={ipv4(self.site, vid, 1)}"
        net = (
            net or f"name=eth0,bridge=vmbr0,firewall=1,hwaddr={self.mac(vmid)},{address},tag={vid},type=veth"
        )
        base: Row = {"net0": net, "rootfs": f"local-lvm:vm-{vmid}-disk-0,size={size}G", "onboot": 1}
        return self.state.add_lxc(
            vmid,
            node=columns.pop("node", self.node(vmid)),
            name=name,
            tags=tags,
            config=base | (config or {}),
            **columns,
        )


def _paris() -> ProxmoxState:
    state = ProxmoxState(cluster="paris", version="9.1.4")
    cluster = _Cluster(state, PARIS)
    state.add_storage("ceph", "rbd", content="images,rootdir", shared=True, total=20 * 1024 * GIB, pool="vm")
    state.add_storage(
        "nas",
        "nfs",
        content="iso,backup",
        shared=True,
        total=8192 * GIB,
        server="10.10.30.40",
        export="/vol1",
    )
    state.add_storage(
        "pbs", "pbs", content="backup", shared=True, total=16384 * GIB, server="10.10.30.41", datastore="par"
    )
    state.options |= {"tag-style": {"color-map": "prod:2ecc71;test:f1c40f:000000;db:3498db", "shape": "full"}}
    state.add_pool("production", "customer facing")
    state.add_zone("dc", "vlan", bridge="vmbr0")
    state.add_vnet("vdmz", "dc", 200, alias="DMZ")

    for number in range(1, 7):
        cluster.linux(
            100 + number,
            f"web{number:02d}",
            tags="prod;web",
            v6=True,
            pool="production",
            snapshots=["before-upgrade"] if number == 1 else (),
        )
    for number in range(1, 4):
        cluster.linux(
            106 + number,
            f"db{number:02d}",
            vids=(20, 30),
            disks=(32, 500),
            memory=32,
            cpus=8,
            tags="db;prod",
            pool="production",
            snapshots=["nightly", {"name": "schema-v7", "description": "before schema 7"}]
            if number == 1
            else (),
        )
    for number in range(1, 4):
        _kubernetes(cluster, 109 + number, f"k8s-{number}")
    _paris_specials(cluster)
    for number, name in enumerate(("dns01", "dns02", "proxy01", "ntp01", "mailrelay", "monitoring", "git")):
        cluster.container(150 + number, name, tags="infra" if number < 4 else "prod;infra")
    _paris_containers(cluster)
    for guest in list(state.guests.values()):
        if "prod" in guest.tags.split(";"):
            for day in range(3):
                state.add_backup(
                    "pbs", guest.vmid, ctime=EPOCH + day * DAY + 7200, size=3 * GIB, notes=guest.name
                )
    state.add_backup("nas", 116, ctime=EPOCH - 90 * DAY, notes="before decommissioning", protected=1)
    state.add_backup_job("backup-prod", storage="pbs", pool="production")
    state.add_backup_job("backup-all", storage="nas", schedule="sat 03:00", enabled=0)
    state.add_replication(118, cluster.node(0))
    for day in range(3):
        for name in cluster.node_names:
            state.add_task(name, "vzdump", "", starttime=EPOCH + day * DAY + 7200, seconds=1900)
    state.add_task(cluster.node(116), "qmshutdown", "116", starttime=EPOCH - 30 * DAY)
    state.add_task(
        cluster.node(117), "qmstart", "117", starttime=EPOCH + 3600, status="start failed: QEMU exited"
    )
    return state


def _kubernetes(cluster: _Cluster, vmid: int, name: str) -> None:
    """A node of a Kubernetes cluster: its agent reports interfaces that are no NICs of the VM."""
    noise = [
        agent_interface("docker0", "02:42:9C:1D:7A:01", "172.17.0.1/16"),
        *(agent_interface(f"veth{n:04x}", f"52:54:00:AA:{vmid % 256:02X}:{n:02X}") for n in range(20)),
        *(
            agent_interface(f"cali{n:08x}", "EE:EE:EE:EE:EE:EE", "fe80::ecee:eeff:feee:eeee/64")
            for n in range(12)
        ),
        agent_interface("kube-ipvs0", "5A:11:22:33:44:55", "10.96.0.1/32"),
    ]
    cluster.linux(
        vmid,
        name,
        memory=16,
        cpus=8,
        disks=(64, 100),
        tags="prod,k8s",
        agent_interfaces=cluster.agent(vmid, 20) + noise,
    )


def _paris_specials(cluster: _Cluster) -> None:
    state = cluster.state
    # Two guests of one name in one cluster.
    for vmid in (100, 120):
        cluster.linux(vmid, "gateway", vids=(20, 200), memory=2)
    # A virtual router: an untagged NIC, a trunk with a native VLAN, a NIC in the DMZ that is down.
    cluster.linux(
        113,
        "vrouter",
        config={
            "net0": cluster.nic(113, 0, None),
            "net1": cluster.nic(113, 1, 20, ",trunks=30;50-60;200"),
            "net2": cluster.nic(113, 2, 200, ",link_down=1,mtu=1400"),
        },
    )
    # Windows: UEFI and TPM disks, SATA, a driver CD that has a size, other models of network cards.
    cluster.linux(
        114,
        "win-ad01",
        storage="local-lvm",
        memory=8,
        cpus=4,
        config={
            "ostype": "win11",
            "bios": "ovmf",
            "scsi0": "local-lvm:vm-114-disk-0,size=120G",
            "sata0": "file=nas:114/vm-114-disk-1.qcow2,format=qcow2,size=200G",
            "efidisk0": "local-lvm:vm-114-disk-2,efitype=4m,pre-enrolled-keys=1,size=528K",
            "tpmstate0": "local-lvm:vm-114-disk-3,size=4M,version=v2.0",
            "ide2": "nas:iso/virtio-win.iso,media=cdrom,size=707456K",
            "net0": f"e1000e={cluster.mac(114).lower()},bridge=vmbr0,tag=20",
        },
        agent_interfaces=[
            agent_interface("Ethernet 2", cluster.mac(114), "10.10.20.114/24", "fe80::5efe:1%12/64"),
            agent_interface("Loopback Pseudo-Interface 1", None, "::1/128", "127.0.0.1/8"),
        ],
    )
    cluster.linux(115, "batch01", tags="test", status="paused")
    cluster.linux(116, "old-erp", tags="legacy", status="stopped", config={"onboot": 0})
    # The agent is off, or on and silent.
    cluster.linux(117, "appliance01", config={"agent": "0"}, agent_interfaces="not running")
    cluster.linux(118, "legacy01", storage="local-lvm", config={"agent": "1"}, agent_interfaces="not running")
    # Its address is known from cloud-init only.
    cluster.linux(
        121,
        "cloud01",
        config={
            "ide2": "local-lvm:vm-121-cloudinit,media=cdrom,size=4M",
            "ciuser": "debian",
            "ipconfig0": f"ip={cluster.address(121)},gw={ipv4(cluster.site, 20, 1)}",
        },
        agent_interfaces="not running",
    )
    # Whole disks of the node: one with a size, one without.
    cluster.linux(
        122,
        "backup-appliance",
        config={
            "scsi1": "/dev/disk/by-id/ata-ST16000NM001G-2KK103_ZL2000001,size=15625879552K",
            "scsi2": "/dev/sdc",
            "unused0": "ceph:vm-122-disk-9",
        },
    )
    # On an SDN vnet: the VLAN is the vnet's.
    cluster.linux(
        123, "dmz-proxy", vids=(200,), config={"net0": f"virtio={cluster.mac(123)},bridge=vdmz,firewall=1"}
    )
    cluster.linux(124, "pxe-client", disks=(), config={"boot": "order=net0"})
    # No name at all.
    cluster.linux(125, "", tags="test")
    cluster.linux(
        126, "ci-runner01", tags=";;CI;ci; Test ", config={"description": "Runner, gehört Team Büro\n\nmore"}
    )
    for vmid, name in ((9000, "tpl-debian13"), (9001, "tpl-win2025")):
        state.add_qemu(
            vmid,
            node=cluster.node(0),
            name=name,
            status="stopped",
            template=True,
            config={"scsi0": f"ceph:base-{vmid}-disk-0,size=20G", "net0": cluster.nic(vmid)},
        )


def _paris_containers(cluster: _Cluster) -> None:
    # An address from DHCP: only the running container knows it.
    cluster.container(
        157,
        "wiki",
        net=f"name=eth0,bridge=vmbr0,hwaddr={cluster.mac(157)},ip=dhcp,ip6=auto,tag=20,type=veth",
        interfaces=[
            {"name": "lo", "hwaddr": "00:00:00:00:00:00", "inet": "127.0.0.1/8", "inet6": "::1/128"},
            {
                "name": "eth0",
                "hwaddr": cluster.mac(157).lower(),
                "inet": cluster.address(157),
                "inet6": "fe80::be24:11ff:fe0a:9d00/64",
            },
        ],
    )
    cluster.container(
        158,
        "fileserver",
        size=16,
        config={
            "mp0": "/mnt/pool/share,mp=/srv/share",
            "mp1": "ceph:vm-158-disk-1,mp=/srv/data,backup=1,size=2T",
            "net1": f"name=stor0,bridge=vmbr0,hwaddr={cluster.mac(158, 1)},ip={cluster.address(158, 30)},tag=30",
        },
    )
    cluster.container(
        159, "", status="stopped", net=f"name=eth0,bridge=vmbr0,hwaddr={cluster.mac(159)},ip=manual"
    )


def _lyon() -> ProxmoxState:
    state = ProxmoxState(cluster="lyon", version="8.4.1")
    cluster = _Cluster(state, LYON)
    state.add_storage("zfs", "zfspool", content="images,rootdir", total=8192 * GIB, pool="tank/vm")
    state.add_storage(
        "pbs", "pbs", content="backup", shared=True, total=16384 * GIB, server="10.20.30.41", datastore="lyo"
    )
    # The same vmids as in Paris are other guests.
    for number in range(1, 7):
        cluster.linux(100 + number, f"lyo-web{number:02d}", storage="zfs", tags="prod;web")
    for number in range(1, 4):
        cluster.linux(
            110 + number, f"lyo-db{number:02d}", vids=(20, 30), disks=(32, 250), storage="zfs", memory=16
        )
    for number in range(1, 7):
        cluster.linux(120 + number, f"vdi{number:02d}", storage="zfs", tags="vdi", cpus=4, memory=8)
    cluster.linux(130, "replica", storage="zfs", disks=(32, 250, 250), vids=(20, 30), memory=64, cpus=16)
    cluster.linux(
        131, "test-box", storage="zfs", tags="test", status="stopped", agent_interfaces="not running"
    )
    for number, name in enumerate(("lyo-dns01", "lyo-dns02", "lyo-proxy01", "lyo-ntp01", "lyo-monitoring")):
        cluster.container(150 + number, name, tags="infra")
    state.add_backup_job("nightly", storage="pbs")
    for guest in list(state.guests.values()):
        state.add_backup("pbs", guest.vmid, ctime=EPOCH + 7200, size=2 * GIB, notes=guest.name)
    # Backups outlive their guest.
    state.add_backup("pbs", 199, ctime=EPOCH - 400 * DAY, subtype="lxc", notes="lyo-oldwiki")
    for vmid in (111, 112):
        other = next(n for n in cluster.node_names if n != state.guests[vmid].node)
        state.add_replication(vmid, other, schedule="*/30")
    return state
