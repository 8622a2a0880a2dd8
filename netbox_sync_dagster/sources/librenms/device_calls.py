"""What LibreNMS gives only device by device: VLAN memberships, port stacking, ports where bulk fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Literal

from netbox_sync_dagster.http import JsonClient
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.kept_answers import KeptAnswers
from netbox_sync_dagster.sources.librenms.client import ends_endpoint, get_list
from netbox_sync_dagster.sources.librenms.concurrent import for_each
from netbox_sync_dagster.sources.librenms.port_columns import PortColumns
from netbox_sync_dagster.sources.librenms.row_collector import RowCollector
from netbox_sync_dagster.sources.librenms.unchanged import Proofs
from netbox_sync_dagster.sources.librenms.values import to_int
from netbox_sync_dagster.sources.librenms.version import (
    MEMBERSHIPS_BY_DEVICE,
    MEMBERSHIPS_BY_PORT,
    TRANSCEIVERS,
    Version,
)

Memberships = Literal["by device", "by port", "none"]
# Devices or ports that are asked where a version does not tell what the server can do.
_TRIES = 3
_GAVE_UP = "LibreNMS stopped answering the calls for single devices; the rest of them were not asked"


def why(error: ServerError) -> str:
    """The reason in the words of all devices that failed alike: the id is in the scope, not in the text."""
    if error.status is None:
        return "LibreNMS did not answer"
    if error.status == 200:
        return "LibreNMS answered with something other than a JSON list"
    return f"LibreNMS answered {error.status}"


class PerDevice:
    """The calls below ``/devices/{id}``, ``concurrency`` at once. What the last snapshot holds is not asked for again."""

    def __init__(
        self,
        client: JsonClient,
        intake: RowCollector,
        columns: PortColumns,
        version: Version,
        kept: KeptAnswers,
        *,
        vlans_polled: bool,
        concurrency: int,
    ) -> None:
        self.client = client
        self.columns = columns
        self.intake = intake
        self.seen = intake.seen
        self.version = version
        self.kept = kept
        self.proofs = Proofs(self.seen, version, vlans_polled=vlans_polled)
        self.concurrency = concurrency
        # Devices whose stacking is empty and that have shown no port since.
        self._empty_stacks: set[int] = set()

    # -- ports -----------------------------------------------------------------------------------

    def ports(self, devices: list[int]) -> None:
        """``/devices/{id}/ports?columns=`` for devices whose ports a bulk call did not bring, or only some.

        Ports that are known already are not taken twice.
        """
        self._for_each(devices, self.ports_of, "ports", "the ports")

    def ports_of(self, device: int) -> None:
        """The ports of one device."""
        path = f"/devices/{device}/ports"
        rows = self.columns.ask(lambda params: get_list(self.client, path, "ports", params))
        self.intake.take("ports", rows)

    # -- VLAN memberships ------------------------------------------------------------------------

    def memberships(self) -> Memberships:
        """Read the memberships of every device that has VLANs, the way this release offers."""
        devices = self.seen.vlan_devices
        if not devices:
            return "none"
        way = self._way(devices)
        if way == "by device":
            self._answers(devices, self._memberships_of_device, "port_vlans", "the VLAN memberships")
        elif way == "by port":
            self._memberships_of_trunks(devices)
        else:
            self.intake.incomplete(
                "tagged_vlans",
                "*",
                f"LibreNMS {self.version} gives no VLAN memberships (26.2 and newer do): "
                "the tagged VLANs of trunks are unknown",
            )
        return way

    def _way(self, devices: list[int]) -> Memberships:
        by_device = self.version.has(MEMBERSHIPS_BY_DEVICE)
        if by_device is None:
            by_device = self._answers_with_vlans(
                (f"/devices/{device}/ports", "ports", {"columns": "port_id", "with": "vlans"})
                for device in devices
                if self.seen.ports_of[device]
            )
        if by_device:
            return "by device"
        by_port = self.version.has(MEMBERSHIPS_BY_PORT)
        if by_port is None:
            by_port = self._answers_with_vlans(
                (f"/ports/{port}", "port", {"with": "vlans"}) for port in self.seen.port_device
            )
        return "by port" if by_port else "none"

    def _answers_with_vlans(self, calls: Iterable[tuple[str, str, dict[str, str]]]) -> bool:
        """Ask for memberships, and see whether the answer has any."""
        for path, key, params in islice(calls, _TRIES):
            try:
                rows = get_list(self.client, path, key, params)
            except ServerError as error:
                if ends_endpoint(error):
                    raise
                continue
            if rows:
                return isinstance(rows[0], dict) and "vlans" in rows[0]
        return False

    def _memberships_of_device(self, device: int) -> None:
        params = {"columns": "port_id", "with": "vlans"}
        answer = get_list(self.client, f"/devices/{device}/ports", "ports", params)
        ports = {_port_id(port): port for port in answer}
        if any(port not in self.seen.port_device for port in ports):
            # A port came up since the port list was read.
            self.ports_of(device)
            if any(port and port not in self.seen.port_device for port in ports):
                reason = "VLAN memberships of a port that the port list does not show"
                self.intake.incomplete("ports", device, reason)
        known = sum(self.seen.port_device.get(port) == device for port in ports)
        for port, content in ports.items():
            self._take_memberships(device, port, content)
        if known:
            self._empty_stacks.discard(device)
        if known < self.seen.ports_of[device]:
            reason = "ports of the device went away while it was read"
            self.intake.incomplete("port_vlans", device, reason)

    def _take_memberships(self, device: int, port: int, content: Any) -> None:
        rows = content.get("vlans") if isinstance(content, dict) else None
        if isinstance(rows, dict):
            rows = list(rows.values())
        if not isinstance(rows, list) or self.seen.port_device.get(port) != device:
            reason = "LibreNMS sent a port without its memberships, or one that the device does not have"
            self.intake.incomplete("port_vlans", device, reason)
            return
        owner = {"device_id": device, "port_id": port}
        if not self.intake.take_whole(
            "port_vlans", [{**row, **owner} if isinstance(row, dict) else row for row in rows]
        ):
            reason = "a membership of a port cannot be read, so all of that port's are left out"
            # The row itself says which port it is.
            unseen = not all(isinstance(row, dict) for row in rows)
            self.intake.incomplete("port_vlans", device, reason, unseen=unseen)

    def _memberships_of_trunks(self, devices: list[int]) -> None:
        """25.4 to 26.1 answer port by port, so only trunks are asked: ifVlan says enough of the others."""
        proofs = self._to_ask("port_vlans", devices)
        of_device = {port: device for device in proofs for port in self.seen.trunk_ports.get(device, [])}

        def call(port: int) -> None:
            rows = get_list(self.client, f"/ports/{port}", "port", {"with": "vlans"})
            # An empty answer: the port went away.
            self._take_memberships(of_device[port], port, rows[0] if rows else None)

        def failed(port: int, error: ServerError) -> None:
            reason = f"the VLAN memberships of a port could not be read: {why(error)}"
            self.intake.incomplete("port_vlans", of_device[port], reason)

        for device in devices:
            self.intake.incomplete(
                "tagged_vlans",
                device,
                f"LibreNMS {self.version} gives VLAN memberships port by port (26.2 and newer by device): "
                "only those of trunks were read",
            )
        if for_each(of_device, call, failed, self.concurrency):
            self.intake.incomplete("port_vlans", "*", _GAVE_UP)
        self._record("port_vlans", proofs)

    # -- inventory -------------------------------------------------------------------------------

    def inventories(self, *, all_devices: bool) -> None:
        """``/inventory/{id}/all`` of every device, or of those whose port names may be those of a stack."""
        devices = sorted(self.seen.devices if all_devices else self.seen.stack_devices & self.seen.devices)
        self._answers(devices, self._inventory_of, "inventory", "the inventory")

    def _inventory_of(self, device: int) -> None:
        # A row that cannot be read marks the device's inventory as incomplete.
        self.intake.take_whole("inventory", get_list(self.client, f"/inventory/{device}/all", "inventory"))

    def transceivers(self) -> None:
        """``/devices/{id}/transceivers`` of every device that has ports."""
        if self.version.has(TRANSCEIVERS) is False:
            reason = f"LibreNMS {self.version} gives no transceivers (24.10 and newer do)"
            self.intake.incomplete("transceiver_ports", "*", reason)
            return
        devices = sorted(device for device in self.seen.devices if self.seen.ports_of[device])
        self._answers(devices, self._transceivers_of, "transceivers", "the transceivers")

    def _transceivers_of(self, device: int) -> None:
        path = f"/devices/{device}/transceivers"
        self.intake.take_whole("transceivers", get_list(self.client, path, "transceivers"))

    # -- port stacking ---------------------------------------------------------------------------

    def stacks(self) -> None:
        """``/devices/{id}/port_stack`` of every device that has a LAG, bridge or VLAN interface. Comes before ``memberships``."""
        devices = sorted(self.seen.stacked_devices & self.seen.devices)
        self._answers(devices, self._stack_of, "port_stack", "the LAG members")

    def _stack_of(self, device: int) -> None:
        rows = get_list(self.client, f"/devices/{device}/port_stack", "mappings")
        if not rows:
            self._empty_stacks.add(device)
        self.intake.take("port_stack", rows)

    def confirm_empty_stacks(self) -> None:
        """Ask for devices without stacking, not confirmed otherwise by now, whether they are still there.

        A device that was deleted meanwhile answers with an empty list, as one without LAG members does.
        """
        self._for_each(sorted(self._empty_stacks), self._confirm, "port_stack", "the LAG members")

    def _confirm(self, device: int) -> None:
        if not get_list(self.client, f"/devices/{device}/ports", "ports", {"columns": "port_id"}):
            self.intake.incomplete("port_stack", device, "the device went away while it was read")

    # -- what is kept ----------------------------------------------------------------------------

    def _answers(self, devices: list[int], call: Callable[[int], None], table: str, what: str) -> None:
        """The rows of ``table`` of these devices, those of the last snapshot where they cannot have changed."""
        proofs = self._to_ask(table, devices)
        self._for_each(list(proofs), call, table, what)
        self._record(table, proofs)

    def _to_ask(self, table: str, devices: list[int]) -> dict[int, str | None]:
        """The devices that have to be asked, with what proves later that their answer cannot have changed."""
        proofs = {device: self.proofs.of(table, device) for device in devices}
        return {
            device: proof for device, proof in proofs.items() if not self.kept.holds(table, device, proof)
        }

    def _record(self, table: str, proofs: dict[int, str | None]) -> None:
        """Write the kept rows, and record the answers that are complete."""
        self.intake.keep(table, self.kept.rows(table, "device_id"))
        if self.intake.is_marked(table, "*"):
            return
        for device, proof in proofs.items():
            if not self.intake.is_marked(table, device):
                self.kept.asked(table, device, proof)

    def _for_each(self, devices: list[int], call: Callable[[int], None], scope: str, what: str) -> None:
        def failed(device: int, error: ServerError) -> None:
            self.intake.incomplete(scope, device, f"{what} of a device could not be read: {why(error)}")

        if for_each(devices, call, failed, self.concurrency):
            self.intake.incomplete(scope, "*", _GAVE_UP)


def _port_id(port: Any) -> int:
    """The id of a port in an answer; 0, which no port has, where there is none."""
    try:
        return (to_int(port.get("port_id")) or 0) if isinstance(port, dict) else 0
    except ValueError:
        return 0
