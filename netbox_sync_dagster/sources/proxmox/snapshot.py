"""Snapshot of a Proxmox VE endpoint: everything read in bulk first, then each node, then each guest."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.last_snapshot import LastSnapshot, last_snapshot
from netbox_sync_dagster.sources.proxmox.backups import read_backups, read_storages
from netbox_sync_dagster.sources.proxmox.client import ProxmoxClient
from netbox_sync_dagster.sources.proxmox.cluster import (
    read_cluster,
    read_jobs,
    read_pools,
    read_rights,
    read_sdn,
    read_tag_styles,
)
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.sources.proxmox.guests import Guest, read_guest
from netbox_sync_dagster.sources.proxmox.listing import (
    check_lists,
    guests_listed,
    nodes_listed,
    read_node,
    uptimes,
)
from netbox_sync_dagster.sources.proxmox.one_guest import read_one_guest
from netbox_sync_dagster.sources.proxmox.reading import Reading
from netbox_sync_dagster.sources.proxmox.rights import MANDATORY, VM_AUDIT, agent_right
from netbox_sync_dagster.sources.proxmox.tasks import KnownTasks
from netbox_sync_dagster.sources.proxmox.unchanged import AGENT, AGENT_TABLES, SNAPSHOTS, kept_answers
from netbox_sync_dagster.sources.proxmox.vanished import known_guests, probe_vanished
from netbox_sync_dagster.sources.reading import workers
from netbox_sync_dagster.storage.snapshots import Manifest, write_snapshot
from netbox_sync_dagster.storage.store import Warehouse

SYSTEM = "proxmox"


def snapshot_proxmox(
    endpoint: ProxmoxEndpoint,
    warehouse: Warehouse,
    *,
    progress: Callable[[str], None] | None = None,
    accept_shrink: bool = False,
    only: str | None = None,
) -> Manifest:
    """Read the whole endpoint into the tables of ``storage.tables.PROXMOX`` and make them current.

    With ``only``, a vmid or a name, only that guest is read (see ``one_guest``). Parts that could not be read are rows of
    ``proxmox.scopes`` (see ``reading.SCOPES``). Raises ServerError where the endpoint as a whole cannot be read
    (address, TLS, token, no answer) and MissingSecret without a credential: the last snapshot stays current then.
    """
    folder = warehouse.snapshots(SYSTEM, endpoint.name)
    last = last_snapshot(warehouse, folder)
    with (
        write_snapshot(warehouse, SYSTEM, endpoint.name, accept_shrink=accept_shrink) as writer,
        ProxmoxClient(endpoint) as client,
    ):
        kept = kept_answers(endpoint, last, alone=only is not None)
        reading = Reading(endpoint, client, writer, progress or (lambda _: None), kept)
        with workers(endpoint.fetch_max_concurrency, "proxmox", client.who) as pool:
            _ask_version(reading)
            if only is None:
                _read(reading, pool, last)
            else:
                read_one_guest(reading, pool, last, only)
        if client.echoed:
            reading.incomplete("table", "*", client.echoed)
        kept.save(writer)
        reading.progress(f"{client.calls} calls")
    return Manifest(**warehouse.manifest(folder))


def _ask_version(reading: Reading) -> None:
    """Alone and first: where the address, TLS or the token is wrong, one call says so."""
    client = reading.client
    version = client.get("version")
    if not isinstance(version, dict) or not version.get("version"):
        raise ServerError(client.who, "GET /version names no version; check that `url` is a Proxmox VE API")
    reading.version = version
    reading.writer.source_version = str(version["version"])


def _read(reading: Reading, pool: ThreadPoolExecutor, last: LastSnapshot) -> None:
    client = reading.client
    status_call = pool.submit(client.get, "cluster/status")
    resources_call = pool.submit(client.get, "cluster/resources")
    rights_call = pool.submit(read_rights, reading)
    definitions_call = pool.submit(reading.fetch, "storage", "storages")
    jobs_call = pool.submit(read_jobs, reading)
    rest: list[Future[Any]] = [pool.submit(part, reading) for part in (read_sdn, read_tag_styles)]
    status = reading.items(status_call.result(), "cluster/status", "cluster")
    resources = reading.items(resources_call.result(), "cluster/resources", "cluster")
    rest.append(pool.submit(read_pools, reading, resources))

    nodes = nodes_listed(status, resources)
    rest.append(pool.submit(read_cluster, reading, status, nodes, reading.version))
    guests = guests_listed(reading, resources)
    check_lists(reading, status, resources, nodes)
    if not nodes:
        reading.incomplete("cluster", "*", "no node is seen; the token needs Sys.Audit on /")
    if not guests:
        held = rights_call.result()
        # A cluster may be empty, and a token that sees all guests says so.
        if not nodes or held is None or held.missing(VM_AUDIT):
            reading.incomplete("cluster", "*", "no guest is seen; the token needs VM.Audit on /vms")
    reading.progress(f"{len(nodes)} nodes, {len(guests)} guests")

    node_storages: dict[str, list[dict[str, Any]]] = {}
    tasks = KnownTasks(last)
    calls = [pool.submit(read_node, reading, node, guests, tasks) for node in nodes.values()]
    for call in calls:
        name, storages = call.result()
        if storages is not None:
            node_storages[name] = storages

    definitions = reading.items(definitions_call.result(), "storage", "storages")
    storages_seen = read_storages(reading, definitions, node_storages, resources)
    rights = rights_call.result()
    rest += [pool.submit(read_backups, reading, item, rights) for item in storages_seen]
    reading.node_uptimes = uptimes(nodes)
    reading.host_names = {row["vmid"]: row["hostname"] for row in last.rows("guests")}
    _read_guests(reading, pool, guests)
    _keep(reading)
    if reading.agents_refused:
        sentence = rights.missing(agent_right(reading.writer.source_version)) if rights else None
        reading.incomplete("guest_addresses", "*", sentence or reading.agents_refused)
    if rights is not None and not any(rights.missing(needed) for needed in MANDATORY):
        known = known_guests(last) | jobs_call.result()
        probe_vanished(reading, pool, known - {guest.vmid for guest in guests}, sorted(nodes))
    jobs_call.result()
    for call in rest:
        call.result()


def _read_guests(reading: Reading, pool: ThreadPoolExecutor, guests: list[Guest]) -> None:
    calls = [(guest, pool.submit(read_guest, reading, guest)) for guest in guests]
    missed: list[Guest] = []
    for number, (guest, call) in enumerate(calls, 1):
        if not call.result():
            missed.append(guest)
        if number % 200 == 0:
            reading.progress(f"{number} of {len(guests)} guests")
    if missed:
        _second_look(reading, missed)


def _keep(reading: Reading) -> None:
    """Write the rows of the answers that need not be asked for again."""
    kept = reading.kept
    for table in (SNAPSHOTS, *AGENT_TABLES):
        reading.writer.rows(table, kept.rows(SNAPSHOTS if table == SNAPSHOTS else AGENT, "vmid", table))
    for call, what in ((SNAPSHOTS, "snapshots"), (AGENT, "addresses")):
        if number := kept.number(call):
            reading.progress(f"{number} guests whose {what} are those of the last read")


def _second_look(reading: Reading, missed: list[Guest]) -> None:
    """Guests whose configuration was gone when it was asked for: deleted meanwhile (no row, for they are gone)
    or migrated (read where they are now)."""
    answer = reading.fetch("cluster/resources", "cluster", type="vm")
    listed = guests_listed(reading, reading.items(answer, "cluster/resources", "cluster"))
    present = {guest.vmid: guest for guest in listed}
    for guest in missed:
        now = present.get(guest.vmid)
        if now is not None:
            read_guest(reading, now, last_look=True)
        elif answer is None:
            reading.incomplete("guest", guest.vmid, f"guest {guest.vmid} vanished while it was read")
