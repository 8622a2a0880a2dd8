"""Taking rows into a snapshot: typed or rejected, and the few ids that later calls need."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from zlib import crc32

from netbox_sync_dagster.sources.addresses import canonical_address
from netbox_sync_dagster.sources.librenms.rows import READERS, row_device, row_key, without_secrets
from netbox_sync_dagster.sources.librenms.values import Row
from netbox_sync_dagster.storage.snapshots import SnapshotWriter

# A port of the second or a later member of a stack (Gi2/0/1, 2/1/1, 2:1; Juniper counts from 0: ge-1/0/0), or of
# such a slot of a modular device: only the inventory tells them apart.
_LATER_MEMBER = re.compile(r"(?:[a-z]{2,3}-[1-9]|[A-Za-z. -]*(?:[2-9]|[1-9][0-9]))[0-9]*[/:]")
# A port of which port_stack may show members, or the port that it lies on: a LAG, a bridge, a VLAN interface. By its
# ifType, or by its name (sql/desired/librenms/port_roles.sql decides which it is).
_STACKED_TYPES = {"ieee8023adLag", "propMultiplexor", "bridge", "l2vlan", "ipForward"}
_STACKED_NAME = re.compile(
    r"(?:(?:po(?:rt-?channel)?|bundle-ether|be|eth-trunk|(?:bridge|route)-aggregation|ag(?:gregateport)?|bond|lagg?-?"
    r"|team|trk|ae|[a-z]{0,4}br|docker|bridge) ?[0-9]|br[-_][0-9a-z]|bridge$)",
    re.IGNORECASE,
)
TRUNK = "dot1Q"


@dataclass
class Seen:
    """Ids met while rows pass through. Ports are the only large ones: about 100 bytes each."""

    devices: set[int] = field(default_factory=set)
    port_device: dict[int, int] = field(default_factory=dict)
    ports_of: Counter[int] = field(default_factory=Counter)
    # Devices of which port_stack is read.
    stacked_devices: set[int] = field(default_factory=set)
    # Devices whose ports' names may be those of a stack.
    stack_devices: set[int] = field(default_factory=set)
    trunk_ports: dict[int, list[int]] = field(default_factory=dict)
    # Table -> the device ids that its rows name.
    named: dict[str, set[int]] = field(default_factory=dict)
    # Ports that addresses named before they were known, with their number of addresses, and how many there are.
    addressed_ports: Counter[int] = field(default_factory=Counter)
    addresses: int = 0
    # Ports that neighbours, LAGs and transceivers name -> (their device, the table).
    referred_ports: dict[int, tuple[int, str]] = field(default_factory=dict)
    # Devices that are neighbours of others.
    neighbours: set[int] = field(default_factory=set)
    # When each device was last discovered and polled, as LibreNMS writes it.
    times: dict[int, tuple[str, str]] = field(default_factory=dict)
    # A sum over each device's ports and VLANs in the lists of the whole installation, in whatever order they come.
    sums: Counter[int] = field(default_factory=Counter)

    @property
    def unknown_ports(self) -> dict[int, int]:
        """Ports that addresses name and that no port list shows -> how many addresses."""
        return {port: n for port, n in self.addressed_ports.items() if port not in self.port_device}

    @property
    def vlan_devices(self) -> list[int]:
        """Known devices that have VLANs."""
        return sorted(self.named.get("vlans", set()) & self.devices)


class RowCollector:
    """Converts, writes and counts rows; a row that cannot be read is kept as rejected. Thread-safe."""

    def __init__(self, writer: SnapshotWriter, stacked_names: Iterable[str] = ()) -> None:
        """``stacked_names``: more patterns of names of LAGs and bridges, of ports whose stacking is read."""
        self.writer = writer
        self._stacked_names = [_STACKED_NAME, *map(re.compile, stacked_names)]
        self.seen = Seen()
        self.counts: Counter[str] = Counter()
        self._marked: set[tuple[str, ...]] = set()
        self._lock = Lock()

    def take(self, table: str, raw_rows: Iterable[Any]) -> None:
        """Write the rows of one answer."""
        self.writer.rows(table, self._typed(table, raw_rows))

    def take_whole(self, table: str, raw_rows: Iterable[Any]) -> bool:
        """Write these rows all together, or none where one of them cannot be read; whether they were."""
        raw_rows = list(raw_rows)
        rows = list(self._typed(table, raw_rows))
        if len(rows) < len(raw_rows):
            return False
        self.writer.rows(table, rows)
        return True

    def keep(self, table: str, rows: Iterable[Row]) -> None:
        """Write rows of the last snapshot, as if they had been read again."""
        self.writer.rows(table, self._noted(table, ((row, row) for row in rows)))

    def incomplete(self, scope: str, scope_id: object, reason: str, *, unseen: bool = True) -> None:
        """Mark a scope (see ``scopes.SCOPES``) once per reason; ``unseen`` as for ``SnapshotWriter.incomplete``."""
        if self._first(scope, str(scope_id), reason):
            self.writer.incomplete(scope, scope_id, reason, unseen=unseen)

    def is_marked(self, scope: str, scope_id: object) -> bool:
        """Whether this part is known to be incomplete already."""
        with self._lock:
            return any(mark[:2] == (scope, str(scope_id)) for mark in self._marked)

    def unknown(self, scope: str, scope_id: object, reason: str) -> None:
        """Mark a scope that leaves the snapshot complete."""
        if self._first(scope, str(scope_id), reason):
            self.writer.unknown(scope, scope_id, reason)

    def reject(self, table: str, raw: Any, reason: str, scope_id: object) -> None:
        """Keep a row that could not be taken and mark what it belongs to."""
        key = row_key(table, raw)
        # A list that is read again shows its bad rows again.
        if key == "?" or self._first(f"rejected {table}", key, reason):
            self.writer.reject(table, key, reason, without_secrets(table, raw))
        sentence = f"{table}: LibreNMS sent a row that cannot be read ({reason})"[:300]
        self.incomplete(table, scope_id, sentence, unseen=False)

    def _first(self, *mark: str) -> bool:
        with self._lock:
            known = mark in self._marked
            self._marked.add(mark)
        return not known

    def _typed(self, table: str, raw_rows: Iterable[Any]) -> Iterator[Row]:
        return self._noted(table, self._read(table, raw_rows))

    def _read(self, table: str, raw_rows: Iterable[Any]) -> Iterator[tuple[Row, Any]]:
        read = READERS[table]
        for raw in raw_rows:
            try:
                if not isinstance(raw, dict):
                    raise ValueError(f"a {type(raw).__name__} instead of an object")
                row = read(raw)
            except (ArithmeticError, RecursionError, ValueError) as error:
                device = row_device(table, raw)
                self.reject(table, raw, str(error), "*" if device is None or table == "locations" else device)
                continue
            yield row, raw

    def _noted(self, table: str, rows: Iterable[tuple[Row, Any]]) -> Iterator[Row]:
        note: Callable[[Row, Any], bool] = getattr(self, f"_note_{table}", self._note)
        count = 0
        for row, raw in rows:
            if note(row, raw):
                count += 1
                yield row
        with self._lock:
            self.counts[table] += count

    def _note(self, row: Row, raw: Any) -> bool:
        return True

    def _note_devices(self, row: Row, raw: Any) -> bool:
        if row["device_id"] in self.seen.devices:
            return False
        self.seen.devices.add(row["device_id"])
        self.seen.times[row["device_id"]] = (
            str(raw.get("last_discovered") or ""),
            str(raw.get("last_polled") or ""),
        )
        return True

    def _note_ports(self, row: Row, raw: Any) -> bool:
        seen, port, device = self.seen, row["port_id"], row["device_id"]
        if port in seen.port_device:
            return False
        if device not in seen.ports_of:
            # One int object per device instead of one per port.
            seen.named.setdefault("ports", set()).add(device)
        seen.port_device[port] = device
        seen.ports_of[device] += 1
        seen.sums[device] += _number_of(port, row["ifName"], row["ifType"], row["ifVlan"], row["ifTrunk"])
        name = row["ifName"] or row["ifDescr"] or ""
        if device not in seen.stacked_devices and (row["ifType"] in _STACKED_TYPES or self._is_stacked(name)):
            seen.stacked_devices.add(device)
        if device not in seen.stack_devices and _LATER_MEMBER.match(name):
            seen.stack_devices.add(device)
        if row["ifTrunk"] == TRUNK:
            seen.trunk_ports.setdefault(device, []).append(port)
        return True

    def _is_stacked(self, name: str) -> bool:
        for known in self._stacked_names:  # noqa: SIM110 (a generator per port takes longer)
            if known.match(name):
                return True
        return False

    def _note_ip_addresses(self, row: Row, raw: Any) -> bool:
        seen, port = self.seen, row["port_id"]
        seen.addresses += 1
        if port not in seen.port_device:
            seen.addressed_ports[port] += 1
        try:
            row["canonical"] = canonical_address(row["address"] or "")
        except ValueError:
            device = seen.port_device.get(port, "*")
            self.reject("ip_addresses", raw, f"'{row['address']}' is not an IP address", device)
        return True

    def _note_vlans(self, row: Row, raw: Any) -> bool:
        self.seen.named.setdefault("vlans", set()).add(row["device_id"])
        self.seen.sums[row["device_id"]] += _number_of(row["vlan_id"], row["vlan_vlan"], row["vlan_name"])
        return True

    def _note_vrfs(self, row: Row, raw: Any) -> bool:
        self.seen.named.setdefault("vrfs", set()).add(row["device_id"])
        return True

    def _note_links(self, row: Row, raw: Any) -> bool:
        self.seen.named.setdefault("links", set()).add(row["local_device_id"])
        self._refer("links", row["local_device_id"], row["local_port_id"])
        if row["remote_device_id"]:
            self.seen.neighbours.add(row["remote_device_id"])
        return True

    def _note_port_stack(self, row: Row, raw: Any) -> bool:
        self._refer("port_stack", row["device_id"], row["high_port_id"])
        self._refer("port_stack", row["device_id"], row["low_port_id"])
        return True

    def _note_transceivers(self, row: Row, raw: Any) -> bool:
        self._refer("transceivers", row["device_id"], row["port_id"])
        return True

    def _refer(self, table: str, device: int, port: int | None) -> None:
        if port and port not in self.seen.port_device:
            self.seen.referred_ports[port] = device, table


def _number_of(*values: Any) -> int:
    """A number for these values, the same in every process."""
    return crc32("\n".join(map(str, values)).encode("utf-8", "backslashreplace"))
