"""Snapshot of one device: only it is read, everything else is copied from the last snapshot.

Addresses, neighbours, VRFs and names of other devices stay in view, so that what collides is still seen, and nothing that
was not asked for looks removed. The manifest's ``only`` names the device; the comparison then shows it alone.
"""

from __future__ import annotations

import json
from typing import Any

from netbox_sync_dagster.columns import ABOUT_ROWS
from netbox_sync_dagster.http import JsonClient
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.last_snapshot import LastSnapshot, keep_gaps, keep_rows
from netbox_sync_dagster.sources.librenms.bulk_calls import CALLS, PARTIAL_VIEW, Call
from netbox_sync_dagster.sources.librenms.client import Download, ends_endpoint, get_list, no_such_route
from netbox_sync_dagster.sources.librenms.consistency import settle_references
from netbox_sync_dagster.sources.librenms.device_calls import PerDevice
from netbox_sync_dagster.sources.librenms.row_collector import RowCollector
from netbox_sync_dagster.sources.librenms.tables import TABLES
from netbox_sync_dagster.sources.librenms.values import Row, to_int
from netbox_sync_dagster.sources.reading import UnknownObject
from netbox_sync_dagster.storage.snapshots import SnapshotWriter
from netbox_sync_dagster.text import visible

# Always read as a whole: they are short, and the device's place, its groups and the release come from them.
_ALWAYS_READ = ("system", "locations", "device_groups")
# By which of its values a device is found, as people know it.
_NAMES = ("hostname", "sysName", "display")
_BULK = {call.table: call for call in CALLS}


class OneDevice:
    """Reads one device through the calls of a whole snapshot, narrowed to it, and keeps the rest of the last one."""

    def __init__(
        self,
        client: JsonClient,
        intake: RowCollector,
        per_device: PerDevice,
        last: LastSnapshot,
        name: str,
    ) -> None:
        self._client = client
        self._intake = intake
        self._per_device = per_device
        self._last = last
        self._name = name
        self._writer: SnapshotWriter = intake.writer

    def find(self) -> int:
        """The device's id. Raises UnknownObject where nobody knows it, or several have the name."""
        wanted = self._name.casefold()
        known = self._matching(self._last.rows("devices"), wanted)
        if not known:
            found: list[Any] = []
            for kind in ("device_id", *_NAMES) if wanted.isdecimal() else _NAMES:
                # Of a type that a release does not know, LibreNMS answers with all devices.
                found += get_list(self._client, "/devices", "devices", {"type": kind, "query": self._name})
            known = self._matching((row for row in found if isinstance(row, dict)), wanted)
        if len(known) == 1:
            self._writer.only_object(str(known[0]), self._last.whole_started)
            return known[0]
        shown = visible(self._name, 80)
        what = f"LibreNMS shows no device '{shown}'; check the name, and that the token may see the device"
        if known:
            what = f"several devices are called '{shown}': give the device_id of one of {', '.join(map(str, known))}"
        raise UnknownObject(self._client.who, what)

    @staticmethod
    def _matching(rows: Any, wanted: str) -> list[int]:
        """The ids of the devices with this id or name, an id before names."""
        named: dict[int, bool] = {}
        for row in rows:
            device = _number(row.get("device_id"))
            if device is not None and (
                wanted == str(device) or wanted in (str(row.get(name) or "").casefold() for name in _NAMES)
            ):
                named[device] = wanted == str(device)
        return [device for device, by_id in named.items() if by_id] or sorted(named)

    def read(self, device: int, *, inventory: bool, stacks: bool) -> None:
        """Everything of the device. Raises ServerError where the device itself cannot be asked for."""
        rows = self._listed(device)
        if rows:
            self._intake.take("devices", rows)
            # Addresses before ports: one that comes meanwhile is then on no port that is taken, instead of missing.
            addresses = self._addresses()
            self._per_device.ports([device])
            if not self._intake.seen.ports_of[device] and not self._listed(device):
                self._intake.incomplete("ports", device, "the device went away while its ports were read")
            self._take_addresses(addresses)
            self._narrowed("vlans", device, hostname=device)
            self._narrowed("vrfs", device, hostname=device)
            self._links(device)
            self._per_device.stacks()
            self._per_device.memberships()
            self._per_device.confirm_empty_stacks()
            if stacks or inventory:
                self._per_device.inventories(all_devices=inventory)
            if inventory:
                self._per_device.transceivers()
            settle_references(self._client, self._intake)
        else:
            self._probe(device)
        self._whole_table("locations")

    def _listed(self, device: int) -> list[Any]:
        rows = get_list(self._client, "/devices", "devices", {"type": "device_id", "query": device})
        return _of(rows, "device_id", device)

    def _probe(self, device: int) -> None:
        """The list no longer shows the device: removed, or out of the token's sight."""
        try:
            exists = bool(get_list(self._client, f"/devices/{device}", "devices"))
        except ServerError as error:
            if ends_endpoint(error):
                raise
            if error.status == 404 and not no_such_route(error):
                return
            exists = True
        if exists:
            reason = f"device {device} is not listed, but it exists: the token may not see it"
            self._intake.incomplete("devices", device, reason)

    def _addresses(self) -> list[Any] | None:
        # No call gives the addresses of one device with their ids in every release.
        return self._list(_BULK["ip_addresses"], "*")

    def _take_addresses(self, rows: list[Any] | None) -> None:
        if rows is not None:
            ports = self._intake.seen.port_device
            unreadable = [
                row for row in rows if not isinstance(row, dict) or _number(row.get("port_id")) is None
            ]
            mine = [row for row in rows if isinstance(row, dict) and _number(row.get("port_id")) in ports]
            self._intake.take("ip_addresses", [*mine, *unreadable])

    def _narrowed(self, table: str, device: int, **params: Any) -> None:
        rows = self._list(_BULK[table], device, params)
        if rows is not None:
            self._intake.take(table, _of(rows, "device_id", device))
        elif table == "vlans":
            reason = "without the list of VLANs it is unknown which devices have memberships"
            self._intake.incomplete("port_vlans", device, reason)

    def _links(self, device: int) -> None:
        call = Call("links", f"/devices/{device}/links", "links")
        rows = self._list(call, device)
        if rows is not None:
            self._intake.take("links", _of(rows, "local_device_id", device))

    def _whole_table(self, table: str) -> None:
        rows = self._list(_BULK[table], "*")
        if rows is not None:
            self._intake.take(table, rows)
        else:
            keep_rows(self._writer, self._last, table, lambda _: False)

    def _list(self, call: Call, part: object, params: dict[str, Any] | None = None) -> list[Any] | None:
        """The rows of a list; None where it cannot be read, which marks this part of it."""
        try:
            return list(Download(self._client, call.path, call.key, self._writer.folder, params).rows())
        except ServerError as error:
            if ends_endpoint(error):
                raise
            if error.status == 403:
                evidence = f"{call.path} answered 403"
                self._intake.incomplete("installation", "*", PARTIAL_VIEW.format(evidence=evidence))
            self._intake.incomplete(call.table, part, f"{call.table}: {error.what}")
            return None

    def keep_the_rest(self, device: int, endpoint: str) -> None:
        """The rows of the last snapshot that are not this device's, its gaps among them."""
        if self._last.folder is None:
            # Nothing of this device is out of sight; the others' rows decide nothing about it.
            reason = f"only device {device} was read; run: netbox-sync sync {endpoint}"
            self._writer.incomplete("devices", "*", reason, unseen=False)
            return
        ports = {row["port_id"] for row in self._last.rows("ports") if row["device_id"] == device}
        ports |= self._intake.seen.port_device.keys()

        def is_read(row: Row) -> bool:
            owner = row.get("local_device_id", row.get("device_id"))
            return owner == device or ("device_id" not in row and row.get("port_id") in ports)

        for table in TABLES:
            if table not in _ALWAYS_READ and table not in ABOUT_ROWS:
                keep_rows(self._writer, self._last, table, is_read)
        keep_gaps(
            self._writer,
            self._last,
            lambda scope, scope_id: scope_id == str(device) or scope in ("locations", "device_groups"),
            lambda row: _rejected_of(row, device, ports),
        )


def _of(rows: list[Any], column: str, device: int) -> list[Any]:
    """The rows that name the device, and those that name none that can be read: they are rejected with a reason."""
    return [row for row in rows if not isinstance(row, dict) or _number(row.get(column)) in (None, device)]


def _number(value: Any) -> int | None:
    try:
        return to_int(value)
    except ValueError:
        return None


def _rejected_of(row: Row, device: int, ports: set[int]) -> bool:
    if row["source_table"] in _ALWAYS_READ:
        return True
    try:
        content = json.loads(row["row_json"])
    except ValueError:
        return False
    if not isinstance(content, dict):
        return False
    owner = content.get("local_device_id", content.get("device_id"))
    return _number(owner) == device or (owner is None and _number(content.get("port_id")) in ports)
