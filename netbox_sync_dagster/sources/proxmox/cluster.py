"""What belongs to the cluster as a whole: its name, SDN, jobs, pools, tag colours, rights."""

from __future__ import annotations

from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.proxmox.client import EndpointDown
from netbox_sync_dagster.sources.proxmox.listing import Node
from netbox_sync_dagster.sources.proxmox.propstring import parse_properties
from netbox_sync_dagster.sources.proxmox.reading import Reading
from netbox_sync_dagster.sources.proxmox.rights import DATASTORE_AUDIT, MANDATORY, Rights
from netbox_sync_dagster.sources.proxmox.storage import backup_job_row, replication_row
from netbox_sync_dagster.sources.proxmox.values import boolean, integer, text, words
from netbox_sync_dagster.storage.parquet import Row

# A release without software-defined networks does not know the path.
_NO_SUCH_PATH = (404, 501)


def cluster_row(status: list[dict[str, Any]], node_names: list[str], version: dict[str, Any]) -> Row | None:
    """The row of ``proxmox.cluster`` from ``/cluster/status`` and ``/version``; None where no name is known.

    A standalone node is a cluster with the node's name.
    """
    row: Row = {"version": text(version.get("version")), "release": text(version.get("release"))}
    for item in status:
        if item.get("type") == "cluster" and item.get("name"):
            quorate = boolean(item.get("quorate"))
            return row | {"name": str(item["name"]), "standalone": False, "quorate": quorate}
    local = [str(item["name"]) for item in status if item.get("type") == "node" and item.get("local")]
    alone = local or node_names
    if len(alone) != 1:
        return None
    return row | {"name": alone[0], "standalone": True, "quorate": None}


def read_cluster(
    reading: Reading, status: list[dict[str, Any]], nodes: dict[str, Node], version: dict[str, Any]
) -> None:
    """The row of ``proxmox.cluster``, and the gap where the cluster's state is not certain."""
    row = cluster_row(status, sorted(nodes), version)
    if row is None:
        reading.incomplete(
            "cluster", "*", "neither a cluster nor a single node is seen, so guests have no home"
        )
        return
    row["fingerprint"] = _fingerprint(reading, [node.name for node in nodes.values() if node.online])
    reading.writer.rows("cluster", [row])
    if row["quorate"] is False:
        reading.incomplete(
            "cluster", "*", f"cluster {row['name']} has no quorum, so its state is not certain"
        )


def _fingerprint(reading: Reading, online: list[str]) -> str | None:
    """SHA-256 of the cluster's own certificate authority, which all its nodes share and no other cluster has;
    None where no node tells it. Every user may ask for it."""
    for node in sorted(online)[:3]:
        try:
            answer = reading.client.get(f"nodes/{node}/certificates/info")
        except EndpointDown:
            raise
        except ServerError:
            continue
        for item in answer if isinstance(answer, list) else []:
            if isinstance(item, dict) and item.get("filename") == "pve-root-ca.pem":
                return text(item.get("fingerprint")) or None
    return None


def read_rights(reading: Reading) -> Rights | None:
    """The token's rights; what is missing for a complete snapshot is recorded."""
    try:
        rights = Rights(reading.client.get("access/permissions"))
    except EndpointDown:
        raise
    except (ServerError, ValueError, TypeError) as error:
        what = error.what if isinstance(error, ServerError) else str(error)
        reading.incomplete("rights", "*", f"the token's rights cannot be read: {what}")
        return None
    for needed in MANDATORY:
        if sentence := rights.missing(needed):
            # Without the storages nodes and guests are still all seen.
            reading.writer.incomplete("rights", "*", sentence, unseen=needed is not DATASTORE_AUDIT)
    if not rights.sees_vnets():
        reading.unknown("sdn", "*", "SDN.Audit is missing on /sdn, so zones and vnets may be hidden")
    return rights


def read_sdn(reading: Reading) -> None:
    """Zones and vnets from ``/cluster/sdn``."""
    for path, table, key, build in (
        ("cluster/sdn/zones", "sdn_zones", "zone", _zone_row),
        ("cluster/sdn/vnets", "sdn_vnets", "vnet", _vnet_row),
    ):
        try:
            answer = reading.client.get(path)
        except EndpointDown:
            raise
        except ServerError as error:
            if error.status not in _NO_SUCH_PATH:
                reading.incomplete("sdn", "*", error.what)
            continue
        reading.add(table, reading.items(answer, path, "sdn"), build, key=key, scope="sdn")


def _zone_row(item: dict[str, Any]) -> Row:
    return {
        "zone": str(item["zone"]),
        "type": text(item.get("type")),
        "nodes": sorted(words(item.get("nodes"))),
        "mtu": integer(item.get("mtu"), "mtu"),
    }


def _vnet_row(item: dict[str, Any]) -> Row:
    return {
        "vnet": str(item["vnet"]),
        "zone": text(item.get("zone")),
        "tag": integer(item.get("tag"), "tag"),
        "alias": text(item.get("alias")),
        "vlanaware": boolean(item.get("vlanaware"), False),
    }


def read_jobs(reading: Reading) -> set[int]:
    """Replication and backup jobs from ``/cluster/replication`` and ``/cluster/backup``; returns the vmids of the
    guests that are replicated."""
    answer = reading.fetch("cluster/replication", "replication")
    items = reading.items(answer, "cluster/replication", "replication")
    jobs = reading.add("replications", items, replication_row, key="id", scope="replication")
    answer = reading.fetch("cluster/backup", "backup_jobs")
    items = reading.items(answer, "cluster/backup", "backup_jobs")
    reading.add("backup_jobs", items, backup_job_row, key="id", scope="backup_jobs")
    return {job["guest"] for job in jobs if job["guest"] is not None}


def read_pools(reading: Reading, resources: list[dict[str, Any]]) -> None:
    """Pools from ``/cluster/resources`` with their comments from ``/pools``."""
    answer = reading.fetch("pools", "pools")
    comments = {
        str(item["poolid"]): text(item.get("comment"))
        for item in reading.items(answer, "pools", "pools")
        if item.get("poolid")
    }
    listed = {str(item["pool"]) for item in resources if item.get("type") == "pool" and item.get("pool")}
    names = sorted(listed | set(comments))
    reading.writer.rows("pools", [{"poolid": name, "comment": comments.get(name)} for name in names])


def read_tag_styles(reading: Reading) -> None:
    """The tags' colours from ``/cluster/options``: ``tag-style`` is an object, in older releases text."""
    answer = reading.fetch("cluster/options", "options")
    if not answer:  # nothing is set, or the gap is recorded
        return
    if not isinstance(answer, dict):
        reading.incomplete("options", "*", "GET /cluster/options answered something else than an object")
        return
    style = answer.get("tag-style") or {}
    if not isinstance(style, dict):
        style = parse_properties(style, "color-map")
    rows = []
    for entry in words(style.get("color-map")):
        # tag:background[:text colour]
        tag, _, colors = entry.partition(":")
        background = colors.partition(":")[0].lower()
        if tag and len(background) == 6:
            rows.append({"tag": tag.lower(), "color": background})
    reading.writer.rows("tag_styles", rows)
