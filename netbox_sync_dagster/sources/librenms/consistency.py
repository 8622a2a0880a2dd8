"""Rows of different calls that do not fit together: asked again once, then marked.

A row that refers to a port or a device which no list shows proves that the list is short, unless LibreNMS says that
the port or the device is deleted.

Nothing in LibreNMS's API ties two calls together: devices and ports come and go between them. And a token
without global-read gets short lists that look whole; the addresses, which it sees all, give it away.
"""

from __future__ import annotations

from netbox_sync_dagster.http import JsonClient
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.librenms.bulk_calls import PARTIAL_VIEW, Bulk
from netbox_sync_dagster.sources.librenms.client import ends_endpoint, get_list
from netbox_sync_dagster.sources.librenms.device_calls import PerDevice
from netbox_sync_dagster.sources.librenms.row_collector import RowCollector
from netbox_sync_dagster.sources.librenms.values import to_bool, to_int

# Ports asked for one by one to learn why an address's port is not in the port list.
_PROBES = 10


def settle_devices(bulk: Bulk, intake: RowCollector, per_device: PerDevice) -> None:
    """Rows that name a device which the device list does not show: it is new, or it was deleted."""
    seen = intake.seen
    if not _strangers(intake):
        return
    bulk.devices_again()
    # A device that was deleted and added again has a new id: its ports may be missing under either.
    per_device.ports(sorted(device for device in seen.devices if not seen.ports_of[device]))
    strangers = _strangers(intake)
    for table, devices in strangers.items():
        for device in sorted(devices):
            reason = f"{table}: rows of a device that the device list does not show"
            intake.incomplete(table, device, reason)
    _hidden_devices(bulk.client, intake, set().union(*strangers.values()))


def settle_neighbours(client: JsonClient, intake: RowCollector) -> None:
    """Devices that links name as neighbours and the device list does not show."""
    _hidden_devices(client, intake, intake.seen.neighbours - intake.seen.devices)


def _hidden_devices(client: JsonClient, intake: RowCollector, devices: set[int]) -> None:
    """Mark the device list as short where one of these exists: LibreNMS keeps rows of deleted ones for a while."""
    for device in _spread(sorted(devices)):
        try:
            exists = bool(get_list(client, f"/devices/{device}", "devices"))
        except ServerError as error:
            if ends_endpoint(error):
                raise
            # Refused to this token: it is there.
            exists = error.status != 404
        if not exists:
            continue
        reason = "other lists name a device that the device list does not show, and LibreNMS has it"
        intake.incomplete("devices", "*", reason)
        return


def settle_references(client: JsonClient, intake: RowCollector) -> None:
    """Ports that neighbours, LAGs and transceivers name and no port list shows; devices of which everything but ports
    is known. Comes last."""
    seen = intake.seen
    unknown = {port: found for port, found in seen.referred_ports.items() if port not in seen.port_device}
    deleted = {port for port in _spread(sorted(unknown)) if _deleted(client, port)}
    for port, (device, table) in sorted(unknown.items()):
        if port not in deleted and device in seen.devices and not intake.is_marked("ports", device):
            intake.incomplete("ports", device, f"{table}: rows of a port that the port list does not show")
    named = {device: table for table in ("vrfs", "vlans") for device in seen.named.get(table, ())}
    for device in sorted(named.keys() & seen.devices):
        if not seen.ports_of[device]:
            # Not every device that has VLANs has ports in LibreNMS, so the snapshot stays complete.
            intake.unknown("no_ports", device, f"{named[device]}: rows of a device without any port")


def _deleted(client: JsonClient, port: int) -> bool:
    """Whether LibreNMS says that a port is deleted."""
    try:
        rows = get_list(client, f"/ports/{port}", "port")
    except ServerError as error:
        if ends_endpoint(error):
            raise
        return False
    try:
        return any(isinstance(row, dict) and bool(to_bool(row.get("deleted"))) for row in rows)
    except ValueError:
        return False


def _spread(ids: list[int]) -> list[int]:
    """Some of many ids, from the whole list."""
    return ids[:: max(1, len(ids) // _PROBES)][:_PROBES]


def settle_emptied(bulk: Bulk, intake: RowCollector) -> None:
    """After ports were read device by device: one without ports may have been deleted before its turn."""
    empty = {device for device in intake.seen.devices if not intake.seen.ports_of[device]}
    if empty:
        for device in sorted(empty - bulk.device_ids()):
            intake.incomplete("ports", device, "the device went away while its ports were read")


def settle_ports(client: JsonClient, intake: RowCollector, per_device: PerDevice) -> None:
    """Addresses of ports that the port list does not show.

    The port is deleted (LibreNMS keeps its addresses for a while: nothing is wrong), new, or hidden from
    this token.
    """
    seen = intake.seen
    found = seen.unknown_ports
    unknown = sorted(found)
    if not unknown:
        return
    late: set[int] = set()
    hidden = 2 * sum(found.values()) > seen.addresses
    # Spread over all of them: a token of few devices and a few deleted ports both show.
    living: dict[int, int] = {}
    for port in _spread(unknown):
        try:
            rows = get_list(client, f"/ports/{port}", "port")
        except ServerError as error:
            if ends_endpoint(error):
                raise
            if error.status == 403:
                hidden = True
                break
            intake.incomplete("ip_addresses", "*", f"addresses of unknown ports: {error.what}")
            continue
        found_on = {device for row in rows if (device := _living(row)) is not None}
        late |= found_on
        living |= dict.fromkeys([port], min(found_on)) if found_on else {}
    if hidden:
        count = f"{sum(found.values())} of {seen.addresses} addresses are on ports it does not see"
        intake.incomplete("installation", "*", PARTIAL_VIEW.format(evidence=count))
        return
    per_device.ports(sorted(late & seen.devices))
    for device in sorted(late - seen.devices):
        intake.incomplete("ip_addresses", device, "addresses of a device that came while the rest was read")
    _hidden_devices(client, intake, late - seen.devices)
    for port, device in living.items():
        known = intake.is_marked("ports", device)
        if port not in seen.port_device and device in seen.devices and not known:
            reason = "addresses of a port that the port list of its device does not show"
            intake.incomplete("ports", device, reason)


def _living(row: object) -> int | None:
    """The device of a port that is not deleted."""
    if not isinstance(row, dict):
        return None
    try:
        return None if to_bool(row.get("deleted")) else to_int(row.get("device_id"))
    except ValueError:
        return None


def _strangers(intake: RowCollector) -> dict[str, set[int]]:
    seen = intake.seen
    found = {table: devices - seen.devices for table, devices in seen.named.items()}
    return {table: devices for table, devices in found.items() if devices}
