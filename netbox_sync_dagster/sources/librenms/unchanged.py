"""Which answers about a device need not be asked for again: those that only a discovery of the device changes.

LibreNMS writes VLAN memberships, port stacking, inventory and transceivers when it discovers a device, by default every six
hours and after somebody asks for it; the end of each discovery, also of single modules, moves ``last_discovered``. Ports,
which every poll changes, come from a bulk call; the ones that a device has and their VLANs are part of the proof.
"""

from __future__ import annotations

from netbox_sync_dagster.sources.kept_answers import KeptAnswers, proof_of
from netbox_sync_dagster.sources.last_snapshot import LastSnapshot
from netbox_sync_dagster.sources.librenms.config import LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.row_collector import Seen
from netbox_sync_dagster.sources.librenms.version import INVENTORY_NOT_POLLED, Version

# The tables of calls for single devices.
CALLS = ("port_vlans", "port_stack", "inventory", "transceivers")


def kept_answers(endpoint: LibreNMSEndpoint, last: LastSnapshot, *, alone: bool) -> KeptAnswers:
    """The answers about devices that the last snapshot holds."""
    return KeptAnswers(last, CALLS, endpoint.full_read_hours, alone=alone)


class Proofs:
    """What changes whenever a device's answer to one of ``CALLS`` may have changed."""

    def __init__(self, seen: Seen, version: Version, *, vlans_polled: bool) -> None:
        self._seen = seen
        self._version = version
        polled = {"port_vlans"} if vlans_polled else set()
        if not version.has(INVENTORY_NOT_POLLED):
            polled.add("inventory")
        self._polled = polled

    def of(self, call: str, device: int) -> str | None:
        """None for a device that was never discovered."""
        discovered, polled = self._seen.times.get(device, ("", ""))
        if not discovered:
            return None
        times = (discovered, polled) if call in self._polled else (discovered,)
        return proof_of(self._version.text, *times, self._seen.sums[device])
