"""Calls below /cluster, and /version, /access, /pools, /storage."""

from netbox_sync_lab.proxmox.access import PveError
from netbox_sync_lab.proxmox.calls import Call, guest_figures, node_row
from netbox_sync_lab.proxmox.models import Guest, Node, Row, Storage


def version(call: Call) -> Row:
    text = call.state.version
    return {"version": text, "release": ".".join(text.split(".")[:2]), "repoid": "5ac30304265fbd8e"}


def cluster_status(call: Call) -> list[Row]:
    call.access.need("/", "Sys.Audit")
    state = call.state
    rows: list[Row] = []
    if state.cluster:
        rows.append(
            {
                "type": "cluster",
                "id": "cluster",
                "name": state.cluster,
                "nodes": len(state.nodes),
                "quorate": int(sum(n.online for n in state.nodes.values()) * 2 > len(state.nodes)),
                "version": len(state.nodes),
            }
        )
    for node in state.nodes.values():
        rows.append(
            {
                "type": "node",
                "id": f"node/{node.name}",
                "name": node.name,
                "nodeid": node.nodeid if state.cluster else 0,
                "ip": node.ip,
                "local": int(node.name == call.local_node),
                "online": int(node.online),
                "level": "",
            }
        )
    return rows


def cluster_resources(call: Call) -> list[Row]:
    state, access = call.state, call.access
    kind = call.query.get("type")
    rows: list[Row] = []
    if kind in (None, "pool"):
        rows += [
            {"type": "pool", "id": f"/pool/{p}", "pool": p}
            for p in state.pools
            if access.has(f"/pool/{p}", "Pool.Audit")
        ]
    if kind in (None, "vm"):
        rows += [
            guest_resource(call, g) for g in state.guests.values() if access.has(f"/vms/{g.vmid}", "VM.Audit")
        ]
    if kind in (None, "node"):
        rows += [{"type": "node", "id": f"node/{n.name}", **node_row(call, n)} for n in state.nodes.values()]
    if kind in (None, "storage"):
        rows += [
            _storage_resource(node, storage)
            for storage in state.storages.values()
            for node in state.nodes.values()
            if storage.on(node.name)
            and storage.enabled
            and access.has(f"/storage/{storage.name}", "Datastore.Audit", "Datastore.AllocateSpace")
        ]
    if kind in (None, "sdn"):
        rows += [
            {
                "type": "sdn",
                "id": f"sdn/{node.name}/{zone['zone']}",
                "sdn": zone["zone"],
                "node": node.name,
                "status": "ok" if node.online else "unknown",
            }
            for zone in state.zones
            for node in state.nodes.values()
            if access.has(f"/sdn/zones/{zone['zone']}", "SDN.Audit", "SDN.Use", "SDN.Allocate")
        ]
    return rows


def guest_resource(call: Call, guest: Guest) -> Row:
    row: Row = {
        "id": f"{guest.kind}/{guest.vmid}",
        "type": guest.kind,
        "vmid": guest.vmid,
        "node": guest.node,
    }
    if guest.tags:
        row["tags"] = guest.tags
    if guest.pool:
        row["pool"] = guest.pool
    if guest.lock:
        row["lock"] = guest.lock
    if not call.state.nodes[guest.node].online:
        # Name and figures come from the node's own status broadcast, which is gone with it.
        return row | {"status": "unknown"}
    return row | guest_figures(guest) | {"status": guest.status, "template": int(guest.template)}


def _storage_resource(node: Node, storage: Storage) -> Row:
    row: Row = {
        "type": "storage",
        "id": f"storage/{node.name}/{storage.name}",
        "storage": storage.name,
        "node": node.name,
        "plugintype": storage.type,
        "content": storage.content,
        "shared": int(storage.shared),
        "status": "available" if node.online and storage.active else "unknown",
    }
    if node.online:
        row |= {"disk": storage.used, "maxdisk": storage.total}
    return row


def cluster_options(call: Call) -> Row:
    if call.access.has("/", "Sys.Audit"):
        return dict(call.state.options)
    seen = ("console", "tag-style", "allowed-tags", "consent-text")
    return {k: v for k, v in call.state.options.items() if k in seen}


def cluster_replication(call: Call) -> list[Row]:
    return [dict(r) for r in call.state.replications if call.access.has(f"/vms/{r['guest']}", "VM.Audit")]


def cluster_backup(call: Call) -> list[Row]:
    call.access.need("/", "Sys.Audit")
    return [dict(r) for r in call.state.backup_jobs]


def sdn_zones(call: Call) -> list[Row]:
    see = ("SDN.Audit", "SDN.Allocate")
    return [dict(z) for z in call.state.zones if call.access.has(f"/sdn/zones/{z['zone']}", *see)]


def sdn_vnets(call: Call) -> list[Row]:
    see = ("SDN.Audit", "SDN.Allocate")
    return [dict(v) for v in call.state.vnets if call.access.has(f"/sdn/zones/{v['zone']}/{v['vnet']}", *see)]


def pools(call: Call) -> list[Row]:
    wanted = call.query.get("poolid")
    return [
        {"poolid": p, "comment": c, **({"members": _members(call, p)} if wanted else {})}
        for p, c in call.state.pools.items()
        if call.access.has(f"/pool/{p}", "Pool.Audit") and wanted in (None, p)
    ]


def pool(call: Call) -> Row:
    name = call.args["pool"]
    call.access.need(f"/pool/{name}", "Pool.Audit")
    if name not in call.state.pools:
        raise PveError(500, f"pool '{name}' does not exist")
    return {"comment": call.state.pools[name], "members": _members(call, name)}


def _members(call: Call, name: str) -> list[Row]:
    return [guest_resource(call, g) for g in call.state.guests.values() if g.pool == name]


def permissions(call: Call) -> Row:
    table = call.access.identity.permissions()
    if path := call.query.get("path"):
        return {path: dict.fromkeys(sorted(call.access.identity.at(path)), 1)}
    return table


def storage_config(call: Call) -> list[Row]:
    rows: list[Row] = []
    for storage in call.state.storages.values():
        if not call.access.has(f"/storage/{storage.name}", "Datastore.Audit", "Datastore.AllocateSpace"):
            continue
        row: Row = {
            "storage": storage.name,
            "type": storage.type,
            "content": storage.content,
            "digest": "8a0b1f3c5d7e9f20415263748596a7b8c9daebfc",
            **storage.config,
        }
        if storage.shared:
            row["shared"] = 1
        if storage.nodes is not None:
            row["nodes"] = ",".join(storage.nodes)
        if not storage.enabled:
            row["disable"] = 1
        rows.append(row)
    return rows
