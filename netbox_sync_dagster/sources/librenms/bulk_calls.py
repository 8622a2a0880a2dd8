"""The calls that answer for a whole installation, each once: fetched one after the other, taken meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from netbox_sync_dagster.http import JsonClient
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.librenms.client import Download, ends_endpoint, get_list, no_such_route
from netbox_sync_dagster.sources.librenms.port_columns import PortColumns
from netbox_sync_dagster.sources.librenms.row_collector import RowCollector
from netbox_sync_dagster.sources.librenms.values import to_int

PARTIAL_VIEW = (
    "the token sees only part of the installation ({evidence}); "
    "use a token of a user with the global-read role"
)


class Call(NamedTuple):
    """A bulk call: the stored table, the path below /api/v0, and the key of the list in the answer."""

    table: str
    path: str
    key: str


PORTS = Call("ports", "/ports", "ports")
DEVICES = Call("devices", "/devices", "devices")
# Ports come before devices: a device that is deleted in between then leaves ports without a device, which
# shows, and not a device without ports, which would look as if its interfaces were gone.
CALLS = (
    PORTS,
    DEVICES,
    Call("ip_addresses", "/resources/ip/addresses", "ip_addresses"),
    Call("vlans", "/resources/vlans", "vlans"),
    Call("links", "/resources/links", "links"),
    Call("locations", "/resources/locations", "locations"),
    Call("vrfs", "/routing/vrf", "vrfs"),
)
# /ports that does not fit PHP's memory_limit fails every time, and late.
_PORTS_ATTEMPTS = 2


class Bulk:
    """Downloads the lists to ``folder`` and takes them. ``ports_failed``: /ports has to be read by device."""

    def __init__(
        self,
        client: JsonClient,
        intake: RowCollector,
        columns: PortColumns,
        folder: Path,
        progress: Callable[[str], None],
    ) -> None:
        self.client = client
        self.intake = intake
        self.columns = columns
        self.folder = folder
        self.progress = progress
        self.ports_failed: ServerError | None = None

    def read(self) -> None:
        """All of ``CALLS``. Raises ServerError where /devices or the whole endpoint cannot be read."""
        # One download ahead: the next list arrives while this one is taken, and LibreNMS still has to
        # compute only one at a time.
        with ThreadPoolExecutor(1, thread_name_prefix="librenms-bulk") as pool:
            downloads = [(call, pool.submit(self._download, call)) for call in CALLS]
            try:
                for call, download in downloads:
                    self._take(call, download)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                for _, download in downloads:
                    with suppress(BaseException):
                        download.result(timeout=0).close()
                raise

    def device_groups(self, names: list[str]) -> None:
        """The members of these groups: ``/devicegroups``, then ``/devicegroups/{id}`` for each.

        A group that is not there or cannot be read is marked.
        """
        if not names:
            return
        try:
            groups = get_list(self.client, "/devicegroups", "groups")
        except ServerError as error:
            if ends_endpoint(error):
                raise
            self.intake.incomplete("device_groups", "*", f"device groups: {error.what}")
            return
        ids = {str(row.get("name")): row.get("id") for row in groups if isinstance(row, dict)}
        for name in names:
            if name not in ids:
                reason = f"LibreNMS has no device group '{name}' (import_devices.group)"
                self.intake.incomplete("device_groups", name, reason)
                continue
            try:
                rows = get_list(self.client, f"/devicegroups/{ids[name]}", "devices")
            except ServerError as error:
                if ends_endpoint(error):
                    raise
                self.intake.incomplete("device_groups", name, f"device group '{name}': {error.what}")
                continue
            named = [{**row, "name": name} if isinstance(row, dict) else row for row in rows]
            self.intake.take("device_groups", named)

    def devices_again(self) -> None:
        """Take the devices that came since the device list was read."""
        self.intake.take("devices", self._download(DEVICES).rows())

    def device_ids(self) -> set[int]:
        """The devices that there are now."""
        ids = set()
        for row in self._download(DEVICES).rows():
            with suppress(ValueError):
                ids.add(to_int(row.get("device_id")) if isinstance(row, dict) else None)
        return {device for device in ids if device is not None}

    def _download(self, call: Call) -> Download:
        if call is not PORTS:
            return Download(self.client, call.path, call.key, self.folder)
        return self.columns.ask(
            lambda params: Download(
                self.client, call.path, call.key, self.folder, params, attempts=_PORTS_ATTEMPTS
            )
        )

    def _take(self, call: Call, download: Future[Download]) -> None:
        try:
            rows = download.result().rows()
        except ServerError as error:
            if call is not PORTS or ends_endpoint(error) or not error.retryable:
                self._missing(call, error)
                return
            self.ports_failed = error
            self.progress(f"{error.what}; reading the ports device by device")
            return
        try:
            self.intake.take(call.table, rows)
        except ServerError as error:
            self._missing(call, error)
            return
        self.progress(f"{call.table}: {self.intake.counts[call.table]} rows")

    def _missing(self, call: Call, error: ServerError) -> None:
        """Mark a table that could not be read, or only in part. Without devices or ports there is no snapshot."""
        if ends_endpoint(error) or call in (DEVICES, PORTS):
            raise error
        if error.status == 403:
            evidence = f"{call.path} answered 403"
            self.intake.incomplete("installation", "*", PARTIAL_VIEW.format(evidence=evidence))
        if no_such_route(error):
            reason = f"{call.table}: this LibreNMS does not know {call.path}; update it"
        else:
            reason = f"{call.table}: {error.what}"
        self.intake.incomplete(call.table, "*", reason)
        if call.table == "vlans":
            reason = "without the list of VLANs it is unknown which devices have memberships"
            self.intake.incomplete("port_vlans", "*", reason)
