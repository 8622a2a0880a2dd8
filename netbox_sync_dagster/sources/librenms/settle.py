"""Rows of different calls that do not fit together: asked again once, then marked.

Nothing in LibreNMS's API ties two calls together: devices and ports come and go between them. And a token
without global-read gets short lists that look whole; the addresses, which it sees all, give it away.
"""

from __future__ import annotations

from netbox_sync_dagster.sources.http import JsonClient, SourceError
from netbox_sync_dagster.sources.librenms.bulk import PARTIAL_VIEW, Bulk
from netbox_sync_dagster.sources.librenms.client import ends_endpoint, get_list
from netbox_sync_dagster.sources.librenms.intake import Intake
from netbox_sync_dagster.sources.librenms.per_device import PerDevice
from netbox_sync_dagster.sources.librenms.values import to_bool, to_int

# Ports asked for one by one to learn why an address's port is not in the port list.
_PROBES = 10


def settle_devices(bulk: Bulk, intake: Intake, per_device: PerDevice) -> None:
    """Rows that name a device which the device list does not show: it is new, or it was deleted."""
    seen = intake.seen
    if not _strangers(intake):
        return
    bulk.devices_again()
    # A device that was deleted and added again has a new id: its ports may be missing under either.
    per_device.ports(sorted(device for device in seen.devices if not seen.ports_of[device]))
    for table, devices in _strangers(intake).items():
        for device in sorted(devices):
            reason = f"{table}: rows of a device that the device list does not show"
            intake.incomplete(table, device, reason)


def settle_emptied(bulk: Bulk, intake: Intake) -> None:
    """After ports were read device by device: one without ports may have been deleted before its turn."""
    empty = {device for device in intake.seen.devices if not intake.seen.ports_of[device]}
    if empty:
        for device in sorted(empty - bulk.device_ids()):
            intake.incomplete("ports", device, "the device went away while its ports were read")


def settle_ports(client: JsonClient, intake: Intake, per_device: PerDevice) -> None:
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
    for port in unknown[:: max(1, len(unknown) // _PROBES)][:_PROBES]:
        try:
            rows = get_list(client, f"/ports/{port}", "port")
        except SourceError as error:
            if ends_endpoint(error):
                raise
            if error.status == 403:
                hidden = True
                break
            intake.incomplete("ip_addresses", "*", f"addresses of unknown ports: {error.what}")
            continue
        late |= {device for row in rows if (device := _living(row)) is not None}
    if hidden:
        count = f"{sum(found.values())} of {seen.addresses} addresses are on ports it does not see"
        intake.incomplete("installation", "*", PARTIAL_VIEW.format(evidence=count))
        return
    per_device.ports(sorted(late & seen.devices))
    for device in sorted(late - seen.devices):
        intake.incomplete("ip_addresses", device, "addresses of a device that came while the rest was read")


def _living(row: object) -> int | None:
    """The device of a port that is not deleted."""
    if not isinstance(row, dict):
        return None
    try:
        return None if to_bool(row.get("deleted")) else to_int(row.get("device_id"))
    except ValueError:
        return None


def _strangers(intake: Intake) -> dict[str, set[int]]:
    seen = intake.seen
    found = {table: devices - seen.devices for table, devices in seen.named.items()}
    return {table: devices for table, devices in found.items() if devices}
