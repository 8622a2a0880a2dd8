"""What the lab's Proxmox VE holds: nodes, guests, storages, backups, jobs, SDN, tasks."""

import re
import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from netbox_sync_lab.proxmox.models import (
    DEFAULT_CPU,
    EPOCH,
    Guest,
    Node,
    Row,
    Storage,
    default_network,
)


class ProxmoxState:
    """A cluster, or with cluster=None a standalone node. Change everything freely while a server runs.

    nodes, guests (by vmid), storages, pools and options are dicts; replications, backup_jobs, zones, vnets and
    tasks lists of rows as the API answers them. A new state has the storages `local` and `local-lvm`.
    """

    def __init__(self, cluster: str | None = None, version: str = "9.1.4") -> None:
        self.lock = threading.RLock()
        self.cluster = cluster
        self.version = version
        # Of the certificate authority that all nodes of the cluster share.
        self.ca_fingerprint = ":".join(re.findall("..", secrets.token_hex(32).upper()))
        self.nodes: dict[str, Node] = {}
        self.guests: dict[int, Guest] = {}
        self.storages: dict[str, Storage] = {}
        self.pools: dict[str, str] = {}
        self.options: Row = {"keyboard": "en-us"}
        self.replications: list[Row] = []
        self.backup_jobs: list[Row] = []
        self.zones: list[Row] = []
        self.vnets: list[Row] = []
        self.tasks: list[Row] = []
        self.add_storage("local", "dir", content="iso,vztmpl,backup", path="/var/lib/vz")
        self.add_storage(
            "local-lvm", "lvmthin", content="images,rootdir", thinpool="data", vgname="pve", total=800 * 2**30
        )

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    # -- nodes -----------------------------------------------------------------------------------

    def add_node(
        self,
        name: str,
        *,
        ip: str | None = None,
        cpu_model: str = DEFAULT_CPU,
        sockets: int = 2,
        cores: int = 16,
        memory: int = 256 * 2**30,
        network: list[Row] | None = None,
        online: bool = True,
    ) -> Node:
        """A node. Without ip: 10.99.0.10 plus its number. Without network: see `default_network`."""
        if self.cluster is None and self.nodes:
            raise ValueError("A standalone Proxmox VE has one node: give the state a cluster name")
        nodeid = len(self.nodes) + 1
        ip = ip or f"10.99.0.{10 + nodeid}"
        gateway = ip.rpartition(".")[0] + ".1"
        rows = default_network(ip, gateway) if network is None else network
        node = Node(name, nodeid, ip, cpu_model, sockets, cores, memory, rows, online)
        self.nodes[name] = node
        return node

    def set_node_online(self, name: str, online: bool) -> None:
        """Switch a node off (its calls answer 595, its guests become unknown) or on."""
        self.nodes[name].online = online

    # -- guests ----------------------------------------------------------------------------------

    def add_qemu(
        self,
        vmid: int,
        *,
        node: str,
        name: str = "",
        status: str = "running",
        maxmem: int = 2 * 2**30,
        maxcpu: int = 2,
        config: Mapping[str, Any] | None = None,
        agent_interfaces: list[Row] | str = "not running",
        agent_hostname: str | None = None,
        snapshots: Sequence[Row | str] = (),
        tags: str = "",
        template: bool = False,
        pool: str | None = None,
    ) -> Guest:
        """A virtual machine. config is answered as given, over plain defaults (cores, memory, ostype, ...)."""
        defaults: Row = {
            "cores": maxcpu,
            "sockets": 1,
            # A property string since PVE 8, so the number comes as text.
            "memory": str(maxmem // 2**20),
            "ostype": "l26",
            "scsihw": "virtio-scsi-single",
            "boot": "order=scsi0",
            "vmgenid": f"00000000-0000-4000-8000-{vmid:012d}",
            "smbios1": f"uuid=00000000-0000-4000-9000-{vmid:012d}",
        }
        return self._add_guest(
            Guest(
                vmid,
                "qemu",
                node,
                name,
                status,
                maxmem,
                maxcpu,
                _disk_bytes(config or {}, "scsi0", "virtio0", "sata0", "ide0"),
                defaults | dict(config or {}),
                tags,
                template,
                pool,
                agent=agent_interfaces,
                agent_hostname=agent_hostname,
                snapshots=_snapshots(snapshots),
            )
        )

    def add_lxc(
        self,
        vmid: int,
        *,
        node: str,
        name: str = "",
        status: str = "running",
        maxmem: int = 512 * 2**20,
        maxcpu: int = 1,
        config: Mapping[str, Any] | None = None,
        interfaces: list[Row] | None = None,
        snapshots: Sequence[Row | str] = (),
        tags: str = "",
        template: bool = False,
        pool: str | None = None,
    ) -> Guest:
        """A container. interfaces: None derives them from the static addresses of the config."""
        defaults: Row = {
            "arch": "amd64",
            "cores": maxcpu,
            "memory": maxmem // 2**20,
            "swap": 512,
            "ostype": "debian",
            "unprivileged": 1,
        }
        return self._add_guest(
            Guest(
                vmid,
                "lxc",
                node,
                name,
                status,
                maxmem,
                maxcpu,
                _disk_bytes(config or {}, "rootfs"),
                defaults | dict(config or {}),
                tags,
                template,
                pool,
                interfaces=interfaces,
                snapshots=_snapshots(snapshots),
            )
        )

    def _add_guest(self, guest: Guest) -> Guest:
        if guest.node not in self.nodes:
            raise ValueError(f"There is no node {guest.node}; add it first")
        if guest.vmid in self.guests:
            raise ValueError(f"The vmid {guest.vmid} is taken")
        with self.lock:
            self.guests[guest.vmid] = guest
        return guest

    def migrate(self, vmid: int, node: str) -> None:
        """Move the guest to another node."""
        if node not in self.nodes:
            raise ValueError(f"There is no node {node}")
        self.guests[vmid].node = node

    def remove(self, vmid: int) -> None:
        """Destroy the guest; its backups stay."""
        with self.lock:
            del self.guests[vmid]

    def add_pool(self, poolid: str, comment: str = "") -> None:
        """A pool; guests name theirs."""
        self.pools[poolid] = comment

    # -- storage and jobs ------------------------------------------------------------------------

    def add_storage(
        self,
        name: str,
        type: str = "dir",
        *,
        content: str = "images,rootdir",
        shared: bool = False,
        nodes: Iterable[str] | None = None,
        total: int = 100 * 2**30,
        used: int = 20 * 2**30,
        **config: Any,
    ) -> Storage:
        """A storage (replaces the one of that name). config: further keys of /storage (path, server, ...)."""
        where = list(nodes) if nodes is not None else None
        storage = Storage(name, type, content, shared, where, total, used, config=config)
        self.storages[name] = storage
        return storage

    def add_backup(
        self,
        storage: str,
        vmid: int,
        *,
        ctime: int = EPOCH,
        size: int = 2**30,
        subtype: str | None = None,
        node: str | None = None,
        volid: str | None = None,
        **columns: Any,
    ) -> Row:
        """A backup on the storage. subtype: qemu or lxc, else the guest's. node: where a local storage has it.

        columns: further keys of the content row (notes, protected, verification). Returns the row.
        """
        guest = self.guests.get(vmid)
        subtype = subtype or (guest.kind if guest else "qemu")
        moment = datetime.fromtimestamp(ctime, UTC)
        if self.storages[storage].type == "pbs":
            kind = "vm" if subtype == "qemu" else "ct"
            format_ = f"pbs-{kind}"
            default = f"{storage}:backup/{kind}/{vmid}/{moment:%Y-%m-%dT%H:%M:%SZ}"
        else:
            format_ = "vma.zst" if subtype == "qemu" else "tar.zst"
            default = f"{storage}:backup/vzdump-{subtype}-{vmid}-{moment:%Y_%m_%d-%H_%M_%S}.{format_}"
        row: Row = {
            "volid": volid or default,
            "content": "backup",
            "ctime": ctime,
            "format": format_,
            "size": size,
            "subtype": subtype,
            "vmid": vmid,
            **columns,
        }
        if not self.storages[storage].shared:
            row["node"] = node or (guest.node if guest else next(iter(self.nodes)))
        self.storages[storage].volumes.append(row)
        return row

    def add_volume(self, storage: str, volid: str, content: str, size: int, **columns: Any) -> Row:
        """Another volume (iso, vztmpl, images) on the storage."""
        row: Row = {"volid": volid, "content": content, "size": size, "ctime": EPOCH, **columns}
        self.storages[storage].volumes.append(row)
        return row

    def add_backup_job(self, id: str, *, storage: str, schedule: str = "02:30", **columns: Any) -> Row:
        """A backup job; without vmid= or pool= it takes all guests."""
        row: Row = {
            "id": id,
            "type": "vzdump",
            "enabled": 1,
            "mode": "snapshot",
            "storage": storage,
            "schedule": schedule,
            "next-run": EPOCH + 86400,
            **columns,
        }
        if "vmid" not in row and "pool" not in row:
            row["all"] = 1
        self.backup_jobs.append(row)
        return row

    def add_replication(
        self, guest: int, target: str, *, jobnum: int = 0, schedule: str = "*/15", **columns: Any
    ) -> Row:
        """A replication job of the guest to the target node."""
        row: Row = {
            "id": f"{guest}-{jobnum}",
            "type": "local",
            "guest": guest,
            "jobnum": jobnum,
            "source": self.guests[guest].node,
            "target": target,
            "schedule": schedule,
            **columns,
        }
        self.replications.append(row)
        return row

    def add_zone(self, zone: str, type: str = "vlan", **columns: Any) -> Row:
        """An SDN zone."""
        row: Row = {"zone": zone, "type": type, "ipam": "pve", **columns}
        self.zones.append(row)
        return row

    def add_vnet(self, vnet: str, zone: str, tag: int | None = None, **columns: Any) -> Row:
        """An SDN vnet; tag is its VLAN or VNI."""
        row: Row = {"vnet": vnet, "zone": zone, "type": "vnet", **columns}
        if tag is not None:
            row["tag"] = tag
        self.vnets.append(row)
        return row

    def add_task(
        self,
        node: str,
        type: str,
        id: str = "",
        *,
        starttime: int = EPOCH,
        seconds: int | None = 30,
        status: str = "OK",
        user: str = "root@pam",
    ) -> Row:
        """A task of the node's log; seconds=None: still running."""
        pid = 1000 + len(self.tasks)
        row: Row = {
            "upid": f"UPID:{node}:{pid:08X}:{pid * 7:08X}:{starttime:08X}:{type}:{id}:{user}:",
            "node": node,
            "pid": pid,
            "pstart": pid * 7,
            "starttime": starttime,
            "type": type,
            "id": id,
            "user": user,
        }
        if seconds is not None:
            row |= {"endtime": starttime + seconds, "status": status}
        self.tasks.append(row)
        return row


_SIZE = re.compile(r"(?:^|,)size=(\d+)([KMGT]?)(?:,|$)")


def _disk_bytes(config: Mapping[str, Any], *keys: str) -> int:
    # What /cluster/resources calls maxdisk: the size of the boot disk.
    for key in keys:
        if key in config and (match := _SIZE.search(str(config[key]))):
            return int(match[1]) * 1024 ** " KMGT".index(match[2] or " ")
    return 0


def _snapshots(given: Sequence[Row | str]) -> list[Row]:
    rows: list[Row] = []
    for index, item in enumerate(given):
        row: Row = {"name": item} if isinstance(item, str) else dict(item)
        row.setdefault("snaptime", EPOCH + 3600 * index)
        row.setdefault("description", "")
        if rows and "parent" not in row:
            row["parent"] = rows[-1]["name"]
        rows.append(row)
    return rows
