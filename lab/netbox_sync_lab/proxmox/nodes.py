"""/nodes and what lies below a node, save its guests: status, network, storage, tasks."""

from netbox_sync_lab.proxmox.access import PveError
from netbox_sync_lab.proxmox.calls import Call, guest_figures, node_of, node_row
from netbox_sync_lab.proxmox.models import EPOCH, Row, Storage


def nodes(call: Call) -> list[Row]:
    return [
        {
            "type": "node",
            "id": f"node/{n.name}",
            **node_row(call, n),
            "ssl_fingerprint": ":".join(["80", "D4", "F2", "DF"] * 8),
        }
        for n in call.state.nodes.values()
    ]


def node_status(call: Call) -> Row:
    call.access.need(f"/nodes/{call.args['node']}", "Sys.Audit")
    node = node_of(call)
    return {
        "cpu": 0.0123456789,
        "wait": 0,
        "idle": 0,
        "uptime": 2236708,
        "loadavg": ["0.15", "0.25", "0.30"],
        "pveversion": f"pve-manager/{call.state.version}/5ac30304265fbd8e",
        "kversion": "Linux 6.17.2-1-pve #1 SMP PREEMPT_DYNAMIC",
        "current-kernel": {
            "sysname": "Linux",
            "release": "6.17.2-1-pve",
            "version": "#1 SMP",
            "machine": "x86_64",
        },
        "boot-info": {"mode": "efi", "secureboot": 0},
        "cpuinfo": {
            "model": node.cpu_model,
            "sockets": node.sockets,
            "cores": node.sockets * node.cores,
            "cpus": node.cpus,
            "mhz": "2000.000",
            "hvm": "1",
            "user_hz": 100,
            "flags": "fpu vme de pse",
        },
        "memory": {"total": node.memory, "used": node.memory // 3, "free": node.memory - node.memory // 3},
        "swap": {"total": 8589930496, "used": 0, "free": 8589930496},
        "rootfs": {
            "total": 100 * 2**30,
            "used": 14254190592,
            "free": 93119991808,
            "avail": 88000000000,
        },
        "ksm": {"shared": 0},
    }


def node_certificates(call: Call) -> list[Row]:
    node = node_of(call)
    return [
        {
            "filename": "pve-root-ca.pem",
            "fingerprint": call.state.ca_fingerprint,
            "issuer": "/CN=Proxmox Virtual Environment/OU=lab/O=PVE Cluster Manager CA",
            "subject": "/CN=Proxmox Virtual Environment/OU=lab/O=PVE Cluster Manager CA",
            "notbefore": EPOCH,
            "notafter": EPOCH + 3650 * 86400,
            "public-key-bits": 4096,
            "public-key-type": "rsaEncryption",
        },
        {
            "filename": "pve-ssl.pem",
            "fingerprint": ":".join(["80", "D4", "F2", "DF"] * 8),
            "issuer": "/CN=Proxmox Virtual Environment/OU=lab/O=PVE Cluster Manager CA",
            "subject": f"/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN={node.name}",
            "san": [node.ip, node.name],
            "notbefore": EPOCH,
            "notafter": EPOCH + 730 * 86400,
            "public-key-bits": 2048,
            "public-key-type": "rsaEncryption",
        },
    ]


def node_network(call: Call) -> list[Row]:
    node = node_of(call)
    kind = call.query.get("type")
    bridges = ("bridge", "OVSBridge")
    return [
        dict(r)
        for r in node.network
        if not kind or r["type"] == kind or (kind == "any_bridge" and r["type"] in bridges)
    ]


def node_guests(call: Call, kind: str) -> list[Row]:
    node = node_of(call)
    rows = []
    for guest in call.state.guests.values():
        if (
            guest.kind != kind
            or guest.node != node.name
            or not call.access.has(f"/vms/{guest.vmid}", "VM.Audit")
        ):
            continue
        figures = guest_figures(guest)
        figures["cpus"] = figures.pop("maxcpu")
        row: Row = {
            "vmid": guest.vmid,
            "status": "stopped" if guest.status == "stopped" else "running",
            **figures,
        }
        if kind == "lxc":
            row["type"] = "lxc"
        if guest.template:
            row["template"] = 1
        if guest.tags:
            row["tags"] = guest.tags
        rows.append(row)
    return rows


def node_storage(call: Call) -> list[Row]:
    node = node_of(call)
    see = ("Datastore.Audit", "Datastore.AllocateSpace")
    return [
        {
            "storage": s.name,
            "type": s.type,
            "content": s.content,
            "active": int(s.active),
            "enabled": int(s.enabled),
            "shared": int(s.shared),
            "total": s.total,
            "used": s.used,
            "avail": s.total - s.used,
            "used_fraction": s.used / s.total if s.total else 0,
        }
        for s in call.state.storages.values()
        if s.on(node.name) and call.access.has(f"/storage/{s.name}", *see)
    ]


def storage_content(call: Call) -> list[Row]:
    name = call.args["storage"]
    call.access.need(f"/storage/{name}", "Datastore.Audit", "Datastore.AllocateSpace")
    node = node_of(call)
    storage = call.state.storages.get(name)
    if storage is None:
        raise PveError(500, f"storage '{name}' does not exist")
    if not storage.on(node.name):
        raise PveError(500, f"storage '{name}' is not available on node '{node.name}'")
    if not storage.enabled:
        raise PveError(500, f"storage '{name}' is disabled")
    if not storage.active:
        raise PveError(500, f"storage '{name}' is not online")
    wanted, vmid = call.query.get("content"), call.query.get("vmid")
    rows = []
    for volume in storage.volumes:
        if "node" in volume and volume["node"] != node.name:
            continue
        if wanted and volume["content"] != wanted:
            continue
        if vmid and str(volume.get("vmid")) != vmid:
            continue
        if _may_see(call, storage, volume):
            rows.append({k: v for k, v in volume.items() if k != "node"})
    return rows


def _may_see(call: Call, storage: Storage, volume: Row) -> bool:
    # Proxmox silently omits backups and images that the caller may not use.
    path = f"/storage/{storage.name}"
    if call.access.has(path, "Datastore.Allocate"):
        return True
    guest = f"/vms/{volume.get('vmid', 0)}"
    if volume["content"] == "backup":
        return call.access.has(path, "Datastore.AllocateSpace") and call.access.has(guest, "VM.Backup")
    if volume["content"] in ("images", "rootdir"):
        return call.access.has(path, "Datastore.Audit") and call.access.has(guest, "VM.Config.Disk")
    return True


def node_tasks(call: Call) -> list[Row]:
    node = node_of(call)
    query = call.query
    rows = [r for r in call.state.tasks if r["node"] == node.name]
    if not call.access.has(f"/nodes/{node.name}", "Sys.Audit"):
        rows = [r for r in rows if r["user"] == call.access.identity.user]
    source = query.get("source", "archive")
    if source != "all":
        rows = [r for r in rows if ("endtime" in r) == (source == "archive")]
    if since := query.get("since"):
        rows = [r for r in rows if r["starttime"] >= int(since)]
    if until := query.get("until"):
        rows = [r for r in rows if r["starttime"] <= int(until)]
    if vmid := query.get("vmid"):
        rows = [r for r in rows if r["id"] == vmid]
    if kind := query.get("typefilter"):
        rows = [r for r in rows if r["type"] == kind]
    if query.get("errors") == "1":
        rows = [r for r in rows if r.get("status", "OK") != "OK"]
    rows.sort(key=lambda r: (r["starttime"], r["pid"]), reverse=True)
    call.extra["total"] = len(rows)
    start = int(query.get("start", "0"))
    return [dict(r) for r in rows[start : start + int(query.get("limit", "50"))]]


def node_replication(call: Call) -> list[Row]:
    node = node_of(call)
    return [
        {
            **r,
            "last_sync": EPOCH,
            "next_sync": EPOCH + 900,
            "last_try": EPOCH,
            "duration": 4.2,
            "fail_count": 0,
        }
        for r in call.state.replications
        if r["source"] == node.name and call.access.has(f"/vms/{r['guest']}", "VM.Audit")
    ]
