"""What a guest's unchanged configuration proves is not asked for again, and the snapshot is the same as if it had been."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_lab.proxmox import ProxmoxState
from netbox_sync_lab.proxmox.models import Guest
from tests.fake_clock import FakeClock
from tests.sources.proxmox.conftest import Endpoint, Snapshot

TABLES = (
    "guests",
    "guest_config",
    "guest_interfaces",
    "guest_agent_interfaces",
    "guest_addresses",
    "disks",
    "snapshots",
    "scopes",
)
AGENT = [
    {
        "name": "ens18",
        "hardware-address": "bc:24:11:00:00:01",
        "ip-addresses": [{"ip-address": "10.0.0.5", "ip-address-type": "ipv4", "prefix": 24}],
    }
]


@pytest.fixture
def state(state: ProxmoxState) -> ProxmoxState:
    """Two machines and a container; machine 1 has an agent and a snapshot."""
    state.add_qemu(
        1,
        node="pve1",
        name="web",
        config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0", "agent": "1"},
    )
    state.guests[1].agent = list(AGENT)
    state.guests[1].snapshots.append(
        {"name": "before", "snaptime": 1793491200, "description": "x", "vmstate": 0}
    )
    state.add_qemu(2, node="pve2", name="db", status="stopped")
    state.add_lxc(
        3, node="pve1", name="dns", config={"net0": "name=eth0,hwaddr=BC:24:11:00:00:03,ip=10.0.0.6/24"}
    )
    return state


def asked(endpoint: Endpoint) -> dict[str, int]:
    """How many calls for single guests there were since the last look, by their last word."""
    assert endpoint.lab is not None
    paths = [request.path for request in endpoint.lab.requests]
    endpoint.lab.requests.clear()
    of_guests = [path for path in paths if len(path.split("/")) > 6 and ("/qemu/" in path or "/lxc/" in path)]
    return dict(Counter(path.rpartition("/")[2] for path in of_guests))


def rows(snapshot: Snapshot) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: snapshot.sql(f"SELECT * EXCLUDE (endpoint, snapshot_id) FROM {table} ORDER BY ALL")
        for table in TABLES
    }


def test_the_snapshot_lists_of_unchanged_guests_are_not_read_again(
    state: ProxmoxState, serve: Callable[..., Endpoint]
) -> None:
    endpoint = serve(state)
    first = endpoint.snapshot()
    assert asked(endpoint) == {"config": 3, "snapshot": 3, "network-get-interfaces": 1, "interfaces": 1}
    said: list[str] = []
    second = endpoint.snapshot(progress=said.append)
    assert asked(endpoint) == {"config": 3, "network-get-interfaces": 1, "interfaces": 1}
    assert rows(second) == rows(first)
    assert second.sql("SELECT vmid, name FROM snapshots") == [(1, "before")]
    assert (first.manifest.read, first.manifest.read_reason) == (
        "full",
        "there is no earlier read to continue",
    )
    assert (second.manifest.read, second.manifest.read_reason) == ("incremental", None)
    assert "3 guests whose snapshots are those of the last read" in said


@pytest.mark.parametrize(
    "change",
    [
        lambda guest: guest.snapshots.append({"name": "after", "snaptime": 1793491300, "parent": "before"}),
        lambda guest: guest.snapshots.clear(),
        lambda guest: guest.snapshots[0].update(description="y"),
        lambda guest: guest.config.update(cores=8),
    ],
)
def test_a_guest_whose_configuration_file_changed_is_asked(
    change: Callable[[Guest], object], state: ProxmoxState, serve: Callable[..., Endpoint]
) -> None:
    endpoint = serve(state)
    endpoint.snapshot()
    asked(endpoint)
    change(state.guests[1])
    kept = endpoint.snapshot()
    assert asked(endpoint)["snapshot"] == 1
    assert rows(kept) == rows(endpoint.changed(full_read_hours=0).snapshot())


def test_agents_are_asked_at_every_sync_unless_agent_minutes_is_set(
    state: ProxmoxState, serve: Callable[..., Endpoint], clock: FakeClock
) -> None:
    endpoint = serve(state, agent_minutes=60)
    first = endpoint.snapshot()
    asked(endpoint)
    state.guests[1].agent = "not running"
    clock.wait(59 * 60)
    second = endpoint.snapshot()
    assert asked(endpoint) == {"config": 3}
    assert rows(second) == rows(first)
    assert second.sql("SELECT address FROM guest_addresses ORDER BY ALL") == [("10.0.0.5",), ("10.0.0.6",)]
    clock.wait(2 * 60)
    third = endpoint.snapshot()
    assert asked(endpoint) == {"config": 3, "network-get-interfaces": 1, "interfaces": 1}
    assert third.scopes() == {("guest_addresses", "1")}


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        (lambda guest: setattr(guest, "uptime", 86_420), 0),
        (lambda guest: setattr(guest, "uptime", 600), 1),
        (lambda guest: guest.config.update(cores=8), 1),
        (lambda guest: setattr(guest, "node", "pve2"), 1),
        (lambda guest: setattr(guest, "status", "paused"), 0),
    ],
)
def test_a_guest_that_was_restarted_migrated_or_reconfigured_is_asked(
    change: Callable[[Guest], object], calls: int, state: ProxmoxState, serve: Callable[..., Endpoint]
) -> None:
    endpoint = serve(state, agent_minutes=60)
    endpoint.snapshot()
    asked(endpoint)
    change(state.guests[1])
    kept = endpoint.snapshot()
    assert asked(endpoint).get("network-get-interfaces", 0) == calls
    assert rows(kept) == rows(endpoint.changed(full_read_hours=0).snapshot())


def test_a_guest_that_shows_too_little_or_has_just_been_started_is_asked_again(
    state: ProxmoxState, serve: Callable[..., Endpoint]
) -> None:
    endpoint = serve(state, agent_minutes=60)
    state.guests[1].config["net1"] = "virtio=BC:24:11:00:00:02,bridge=vmbr0"
    state.guests[3].uptime = 299
    first = endpoint.snapshot()
    assert first.reason("guest_addresses", "1") == "the guest shows no interface for net1"
    asked(endpoint)
    endpoint.snapshot()
    assert asked(endpoint) == {"config": 3, "network-get-interfaces": 1, "interfaces": 1}


def test_the_host_name_of_a_kept_answer_stays(state: ProxmoxState, serve: Callable[..., Endpoint]) -> None:
    policies = {"owns": ["ip_addresses.dns_name"]}
    endpoint = serve(state, agent_minutes=60, policies=policies)
    state.guests[1].agent_hostname = "web.example.net"
    endpoint.snapshot()
    second = endpoint.snapshot()
    assert second.sql("SELECT vmid, hostname FROM guests ORDER BY ALL") == [
        (1, "web.example.net"),
        (2, None),
        (3, "dns"),
    ]
    # Another setting asks other things.
    asked(endpoint)
    endpoint.changed(policies={}).snapshot()
    assert asked(endpoint)["network-get-interfaces"] == 1


def test_a_guest_that_is_read_alone_is_asked_for_everything(
    state: ProxmoxState, serve: Callable[..., Endpoint]
) -> None:
    endpoint = serve(state, agent_minutes=60)
    first = endpoint.snapshot()
    asked(endpoint)
    alone = endpoint.snapshot(only="web")
    assert asked(endpoint) == {"config": 1, "snapshot": 1, "network-get-interfaces": 1}
    assert rows(alone) == rows(first)
    again = endpoint.snapshot()
    assert asked(endpoint) == {"config": 3}
    assert rows(again) == rows(first)


@pytest.mark.parametrize("table", ["snapshots", "guest_addresses"])
def test_nothing_is_kept_of_a_damaged_snapshot(
    table: str, state: ProxmoxState, serve: Callable[..., Endpoint], tmp_path: Path
) -> None:
    endpoint = serve(state, agent_minutes=60)
    whole = rows(endpoint.snapshot())
    warehouse = endpoint.warehouse
    (warehouse.current(warehouse.snapshots("proxmox", "rack")) / f"{table}.parquet").write_bytes(b"PAR1")
    second = endpoint.snapshot()
    assert second.manifest.read_reason == "a file of the last snapshot is missing or damaged"
    assert (second.manifest.complete, rows(second)) == (True, whole)


def test_it_is_always_the_same_as_a_full_read(
    state: ProxmoxState, serve: Callable[..., Endpoint], tmp_path: Path
) -> None:
    chance = random.Random(16)
    endpoint = serve(state)
    other = Endpoint(endpoint.config, tmp_path / "other", endpoint.lab).changed(full_read_hours=0)
    numbers: Iterator[int] = iter(range(100, 1000))

    def edit() -> object:
        guest = chance.choice(list(state.guests.values()))
        changes: list[Callable[[], Any]] = [
            lambda: guest.snapshots.append({"name": f"s{next(numbers)}", "snaptime": 1793491200}),
            guest.snapshots.clear,
            lambda: guest.config.update(cores=chance.randrange(1, 64)),
            lambda: setattr(guest, "node", chance.choice(["pve1", "pve2"])),
            lambda: setattr(guest, "status", chance.choice(["running", "stopped"])),
            lambda: state.add_qemu(next(numbers), node="pve1", name="new"),
            lambda: state.guests.pop(guest.vmid) if len(state.guests) > 2 else None,
        ]
        return chance.choice(changes)()

    kept = 0
    for _ in range(12):
        for _ in range(chance.randrange(4)):
            edit()
        snapshot = endpoint.snapshot()
        kept += snapshot.manifest.read == "incremental"
        assert rows(snapshot) == rows(other.snapshot())
    assert kept > 9
