"""A device that was not discovered since is not asked again, and the snapshot is the same as if it had been."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.fake_clock import FakeClock
from tests.sources.librenms.conftest import Reader
from tests.sources.librenms.test_calls import BULK
from tests.sources.librenms.test_one_device import TABLES, everything

# What is asked of one device: every call of these has an answer that only a discovery changes.
OF_DEVICES = ("/devices/", "/inventory/")


def asked(server: LabLibreNMS) -> list[str]:
    """The paths of the calls for single devices since the last look, sorted."""
    paths = [request.path.removeprefix("/api/v0") for request in server.requests]
    server.requests.clear()
    assert set(paths) - BULK == {path for path in paths if path.startswith(OF_DEVICES)}
    return sorted(set(paths) - BULK)


def test_without_a_discovery_only_the_lists_are_read(reader: Reader, state: LibreNMSState) -> None:
    with LabLibreNMS(state, 0) as server:
        first = reader.read(server, inventory=True)
        whole = everything(reader)
        assert asked(server) == [
            "/devices/1/port_stack",
            "/devices/1/ports",
            "/devices/1/transceivers",
            "/devices/2/ports",
            "/devices/2/transceivers",
            "/devices/3/transceivers",
            "/inventory/1/all",
            "/inventory/2/all",
            "/inventory/3/all",
        ]
        second = reader.read(server, inventory=True)
        assert asked(server) == []
    assert everything(reader) == whole
    assert (first.read, first.read_reason) == ("full", "there is no earlier read to continue")
    assert (second.read, second.read_reason) == ("incremental", None)
    assert (
        reader.said[-2] == "9 answers about devices that were not discovered since are those of the last read"
    )


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        (lambda s: s.add_membership(s.ports[1], 10), ["/devices/1/port_stack", "/devices/1/ports"]),
        (lambda s: s.ports_stack.clear(), ["/devices/1/port_stack", "/devices/1/ports"]),
        (lambda s: s.add_port(s.devices[1], "ge-0/0/1"), ["/devices/2/ports"]),
        (lambda s: s.delete_port(s.ports[3]), ["/devices/2/ports"]),
        (lambda s: s.ports[3].update(ifVlan="20"), ["/devices/2/ports"]),
        (lambda s: s.vlans[2].update(vlan_name="guests"), ["/devices/2/ports"]),
        (lambda s: s.devices[1].update(last_discovered="2026-02-02 02:02:02"), ["/devices/2/ports"]),
        (lambda s: s.devices[1].update(last_discovered=None), ["/devices/2/ports"]),
        (lambda s: s.devices[1].update(last_polled="2026-02-02 02:02:02"), []),
        (lambda s: s.ports[3].update(ifAlias="new", ifOperStatus="down"), []),
        (lambda s: s.delete_device(2), []),
        (lambda s: s.add_device("new.example.net"), []),
    ],
)
def test_a_device_is_asked_again_if_its_answer_may_have_changed(
    change: Callable[[LibreNMSState], object], calls: list[str], reader: Reader, state: LibreNMSState
) -> None:
    with LabLibreNMS(state, 0) as server:
        reader.read(server)
        asked(server)
        change(state)
        reader.read(server)
        assert asked(server) == calls
        kept = everything(reader)
        reader.read(server, full_read_hours=0)
        assert everything(reader) == kept


def test_vlans_that_are_polled_are_read_after_a_poll(reader: Reader, state: LibreNMSState) -> None:
    with LabLibreNMS(state, 0) as server:
        state.devices[1]["last_polled"] = "2026-02-02 02:02:02"
        reader.read(server, vlans_polled=True)
        asked(server)
        state.devices[1]["last_polled"] = "2026-02-02 02:07:02"
        reader.read(server, vlans_polled=True)
        # The other one was polled just now, as always.
        assert "/devices/2/ports" in asked(server)


def test_before_24_10_an_inventory_is_read_after_a_poll(reader: Reader, state: LibreNMSState) -> None:
    for device in state.devices:
        device["last_polled"] = "2026-02-02 02:02:02"
    with LabLibreNMS(state, 0, version="24.9.0") as server:
        reader.read(server, inventory=True)
        reader.read(server, inventory=True)
        server.requests.clear()
        state.devices[2]["last_polled"] = "2026-02-02 02:07:02"
        reader.read(server, inventory=True)
        assert [path for path in asked(server) if "inventory" in path] == ["/inventory/3/all"]


def test_an_answer_that_failed_is_asked_for_again(
    reader: Reader, state: LibreNMSState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netbox_sync_dagster.http._FIRST_PAUSE", 0.005)
    with LabLibreNMS(state, 0) as server:
        server.fail_always(path_prefix="/devices/2/ports", status=500)
        assert not reader.read(server).complete
        server.clear_faults()
        server.requests.clear()
        assert reader.read(server).complete
        assert asked(server) == ["/devices/2/ports"]
        assert reader.column("port_vlans", "port_id") == [1, 1, 2, 4]


def test_everything_is_read_after_full_read_hours_and_if_the_clock_was_set_back(
    reader: Reader, state: LibreNMSState, clock: FakeClock
) -> None:
    with LabLibreNMS(state, 0) as server:
        reader.read(server)
        clock.wait(23 * 3600)
        reader.read(server)
        asked(server)
        clock.wait(2 * 3600)
        # Kept answers do not become younger: 25 hours have passed since they were asked for.
        assert reader.read(server).read == "full"
        assert asked(server) == ["/devices/1/port_stack", "/devices/1/ports", "/devices/2/ports"]
        clock.wrong(days=-1)
        reader.read(server)
        assert asked(server) == ["/devices/1/port_stack", "/devices/1/ports", "/devices/2/ports"]
        clock.wrong()
        manifest = reader.read(server, full_read_hours=0)
        assert (manifest.read, manifest.read_reason) == ("full", "full_read_hours is 0")


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"PAR1")])
def test_nothing_is_kept_of_a_damaged_snapshot(
    damage: Callable[[Path], object], reader: Reader, state: LibreNMSState
) -> None:
    with LabLibreNMS(state, 0) as server:
        reader.read(server)
        whole = everything(reader)
        damage(reader.current / "port_vlans.parquet")
        manifest = reader.read(server)
    assert (manifest.complete, manifest.read_reason) == (
        True,
        "a file of the last snapshot is missing or damaged",
    )
    assert everything(reader) == whole


def test_a_record_that_cannot_be_read_keeps_nothing(reader: Reader, state: LibreNMSState) -> None:
    with LabLibreNMS(state, 0) as server:
        for content in (b"{", b"[]", b'{"answers": 1}'):
            reader.read(server)
            (reader.current / "kept_answers.json").write_bytes(content)
            assert reader.read(server).read_reason == "there is no earlier read to continue"
        file = reader.current / "kept_answers.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"release": "0.0.1"}))
        assert reader.read(server).read_reason == "the last read is that of another release"


def test_a_device_that_is_read_alone_is_asked_for_everything(reader: Reader, state: LibreNMSState) -> None:
    with LabLibreNMS(state, 0) as server:
        reader.read(server)
        whole = everything(reader)
        asked(server)
        reader.read(server, only="core.example.net")
        assert {"/devices/1/port_stack", "/devices/1/ports"} <= {
            request.path.removeprefix("/api/v0") for request in server.requests
        }
        server.requests.clear()
        # Neither it nor the others have to be asked for again by the next whole snapshot.
        assert reader.read(server).read == "incremental"
        assert asked(server) == []
    assert everything(reader) == whole


def test_it_is_always_the_same_as_a_full_read(reader: Reader, state: LibreNMSState, tmp_path: Path) -> None:
    chance = random.Random(16)
    other = Reader(tmp_path / "full")

    def edit() -> object:
        port = chance.choice(state.ports)
        device = state.device(port["device_id"])
        assert device is not None
        vid = chance.choice([10, 20, 30])
        changes: list[Callable[[], Any]] = [
            lambda: state.add_port(device, f"Gi9/0/{len(state.ports)}", ifVlan=str(vid)),
            lambda: state.delete_port(port) if len(state.ports) > 4 else None,
            lambda: state.add_membership(port, vid),
            lambda: (
                state.ports_vlans.pop(chance.randrange(len(state.ports_vlans))) if state.ports_vlans else 0
            ),
            lambda: state.add_stack(state.add_port(device, "Po7", ifType="ieee8023adLag"), port),
            lambda: state.ports_stack.pop() if state.ports_stack else None,
            lambda: port.update(ifAlias=str(chance.random())),
            lambda: state.add_vlan(device, 100 + len(state.vlans), "more"),
            lambda: device.update(serial=str(chance.random())),
        ]
        return chance.choice(changes)()

    kept = 0
    with LabLibreNMS(state, 0) as server:
        for _ in range(18):
            for _ in range(chance.randrange(4)):
                edit()
            manifest = reader.read(server)
            other.read(server, full_read_hours=0)
            kept += manifest.read == "incremental"
            for table in TABLES:
                assert reader.rows(table) == other.rows(table), table
    assert kept > 13


def test_a_suspiciously_short_answer_is_not_kept(reader: Reader, state: LibreNMSState) -> None:
    switch = state.devices[1]
    members = [state.add_port(switch, f"ge-0/1/{number}") for number in range(4)]
    lag = state.add_port(switch, "ae0", ifType="ieee8023adLag")
    for member in members:
        state.add_stack(lag, member)
    switch["last_discovered"] = "2026-02-02 02:02:02"
    with LabLibreNMS(state, 0) as server:
        reader.read(server)
        whole = everything(reader)
        hidden = [row for row in state.ports_stack if row["device_id"] == switch["device_id"]]
        for row in hidden:
            state.ports_stack.remove(row)
        reader.read(server, full_read_hours=0)
        assert ("short_port_stack", "2") in reader.scopes()
        state.ports_stack.extend(hidden)
        asked(server)
        assert reader.read(server).complete
        assert "/devices/2/port_stack" in asked(server)
    assert everything(reader) == whole
