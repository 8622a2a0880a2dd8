"""One snapshot of a LibreNMS server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from netbox_sync_dagster.http import JsonClient
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.last_snapshot import LastSnapshot, last_snapshot
from netbox_sync_dagster.sources.librenms.bulk_calls import Bulk
from netbox_sync_dagster.sources.librenms.client import connect
from netbox_sync_dagster.sources.librenms.config import ImportFilter, LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.consistency import (
    settle_devices,
    settle_emptied,
    settle_neighbours,
    settle_ports,
    settle_references,
)
from netbox_sync_dagster.sources.librenms.device_calls import PerDevice
from netbox_sync_dagster.sources.librenms.one_device import OneDevice
from netbox_sync_dagster.sources.librenms.port_columns import PortColumns
from netbox_sync_dagster.sources.librenms.row_collector import RowCollector
from netbox_sync_dagster.sources.librenms.unchanged import CALLS, kept_answers
from netbox_sync_dagster.sources.librenms.version import Version
from netbox_sync_dagster.sources.reading import understood
from netbox_sync_dagster.storage.snapshots import Manifest, SnapshotWriter, write_snapshot
from netbox_sync_dagster.storage.store import Warehouse


def snapshot_librenms(
    endpoint: LibreNMSEndpoint,
    warehouse: Warehouse,
    *,
    progress: Callable[[str], None] | None = None,
    accept_shrink: bool = False,
    only: str | None = None,
) -> Manifest:
    """Read a whole LibreNMS into the tables ``librenms.*`` of ``storage.tables``.

    Eight bulk calls below /api/v0 (/system, /ports, /devices, /resources/ip/addresses, /resources/vlans,
    /resources/links, /resources/locations, /routing/vrf), then one per device that has VLANs
    (/devices/{id}/ports?with=vlans), one per device that has a LAG (/devices/{id}/port_stack) and, with the
    option ``virtual_chassis``, one per device whose port names may be those of a stack (/inventory/{id}/all).
    With the option ``inventory``: that of every device, and one for its transceivers (/devices/{id}/transceivers).
    Of these a device is asked again only if it was discovered since (see ``unchanged``).
    Where /ports is too large for the server, /devices/{id}/ports is used instead.

    With ``only``, a device_id or a name, only that device is read (see ``one_device``).

    Where the import filter names device groups: /devicegroups, and one call per group (/devicegroups/{id}).

    What could not be read is named in the manifest's ``reasons`` and in the table ``scopes`` (see
    ``scopes.SCOPES``). Raises ServerError where the endpoint as a whole cannot be read; the snapshot that
    was current stays so.
    """
    say = progress or (lambda _: None)
    last = last_snapshot(warehouse, warehouse.snapshots("librenms", endpoint.name))
    # The token is looked up inside, so that a missing one is recorded as a failed attempt too.
    with (
        write_snapshot(warehouse, "librenms", endpoint.name, accept_shrink=accept_shrink) as writer,
        connect(endpoint) as client,
        understood(client.who),
    ):
        _read(client, writer, endpoint, say, last=last, only=only)
        if client.echoed:
            writer.incomplete("table", "*", client.echoed)
        say(f"{client.calls} calls")
    folder = warehouse.snapshots("librenms", endpoint.name) / writer.snapshot_id
    return Manifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def _read(
    client: JsonClient,
    writer: SnapshotWriter,
    endpoint: LibreNMSEndpoint,
    say: Callable[[str], None],
    *,
    last: LastSnapshot,
    only: str | None,
) -> None:
    system = read_system(client)
    version = Version.parse(str(system.get("local_ver") or ""))
    writer.source_version = version.text
    say(f"LibreNMS {version}")
    names = (*endpoint.lag_names_by_os.values(), *endpoint.bridge_names_by_os.values())
    intake = RowCollector(writer, names)
    intake.take("system", [system])
    columns = PortColumns(intake)
    seen = intake.seen
    bulk = Bulk(client, intake, columns, writer.folder, say)
    kept = kept_answers(endpoint, last, alone=only is not None)
    per_device = PerDevice(
        client,
        intake,
        columns,
        version,
        kept,
        vlans_polled=endpoint.vlans_polled,
        concurrency=endpoint.fetch_max_concurrency,
    )
    if only is not None:
        one = OneDevice(client, intake, per_device, last, only)
        device = one.find()
        kept.forget(device)
        if isinstance(endpoint.import_devices, ImportFilter):
            bulk.device_groups(endpoint.import_devices.group)
        one.read(device, inventory=endpoint.inventory, stacks=endpoint.virtual_chassis)
        one.keep_the_rest(device, endpoint.name)
        kept.save(writer)
        return
    bulk.read()
    if bulk.ports_failed is not None:
        per_device.ports(sorted(seen.devices))
        settle_emptied(bulk, intake)
        say(f"ports: {intake.counts['ports']} rows")
    if isinstance(endpoint.import_devices, ImportFilter):
        bulk.device_groups(endpoint.import_devices.group)
    if not seen.devices:
        reason = "LibreNMS shows no device at all; an empty answer does not prove that anything was removed"
        intake.incomplete("installation", "*", reason)
    settle_devices(bulk, intake, per_device)
    settle_ports(client, intake, per_device)
    settle_neighbours(client, intake)
    per_device.stacks()
    way = per_device.memberships()
    per_device.confirm_empty_stacks()
    if endpoint.virtual_chassis or endpoint.inventory:
        per_device.inventories(all_devices=endpoint.inventory)
        say(f"inventory: {intake.counts['inventory']} rows")
    if endpoint.inventory:
        per_device.transceivers()
        say(f"transceivers: {intake.counts['transceivers']} rows")
    settle_references(client, intake)
    kept.save(writer)
    say(f"port stacking: {intake.counts['port_stack']} rows")
    say(f"VLAN memberships ({way}): {intake.counts['port_vlans']} rows")
    if number := sum(map(kept.number, CALLS)):
        say(f"{number} answers about devices that were not discovered since are those of the last read")


def read_system(client: JsonClient) -> dict[str, Any]:
    """``/system``: the versions. Raises ServerError, also if the server is not LibreNMS."""
    try:
        content = client.get("/system")
    except ServerError as error:
        if error.status != 404:
            raise
        what = f"{client.base_url}/system answered 404; check that `url` is a LibreNMS server's address"
        raise ServerError(client.who, what, status=404) from None
    rows = content.get("system") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        what = f"{client.base_url}/system did not answer as LibreNMS does; check `url`"
        raise ServerError(client.who, what, status=200)
    return rows[0]
