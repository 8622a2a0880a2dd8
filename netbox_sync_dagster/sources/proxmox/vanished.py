"""Guests of the last snapshot that are no longer listed: gone, or only out of the token's sight."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.last_snapshot import LastSnapshot
from netbox_sync_dagster.sources.proxmox.client import EndpointDown
from netbox_sync_dagster.sources.proxmox.reading import Reading


def known_guests(last: LastSnapshot) -> set[int]:
    """The vmids that the last snapshot listed or could not read."""
    listed = {row["vmid"] for row in last.rows("guests")}
    # A guest that was out of sight last time has no row, but it is still to be asked for.
    unread = {row["scope_id"] for row in last.rows("scopes") if row["scope"] == "guest"}
    return listed | {int(vmid) for vmid in unread if vmid.isdigit()}


def probe_vanished(reading: Reading, pool: ThreadPoolExecutor, vmids: set[int], nodes: list[str]) -> None:
    """Ask for every vanished guest by its number.

    Proxmox silently omits a guest from its lists when an access rule hides it, and such a rule does not show in the
    token's rights either. Asked directly, it checks the right first: 403 means hidden, "does not exist" means gone.
    What is not certainly gone is recorded as a gap.
    """
    online = [node for node in nodes if node not in reading.down]
    if not online:
        return
    for call in [pool.submit(_probe, reading, vmid, online[0]) for vmid in sorted(vmids)]:
        call.result()


def _probe(reading: Reading, vmid: int, node: str) -> None:
    try:
        reading.client.get(f"nodes/{node}/qemu/{vmid}/config", current=1)
    except EndpointDown:
        raise
    except ServerError as error:
        if error.status == 403:
            reading.incomplete(
                "guest", vmid, f"guest {vmid} is no longer in the token's sight (VM.Audit on /vms/{vmid})"
            )
        elif "does not exist" not in error.what:
            reading.incomplete("guest", vmid, f"guest {vmid} is no longer listed, but: {error.what}")
    else:
        reading.incomplete("guest", vmid, f"guest {vmid} is not listed, but it exists on node {node}")
