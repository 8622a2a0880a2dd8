"""If source and NetBox say the same again and again, no table is made; whatever matters still changes the diff."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.compare.run import compare
from netbox_sync_dagster.compare.unchanged import read_columns
from netbox_sync_dagster.storage.errors import Damaged
from netbox_sync_lab.librenms import LibreNMSState
from netbox_sync_lab.proxmox import ProxmoxState
from tests.compare.test_carry_over import carried_from, content
from tests.kept import begun
from tests.support import NetBox, Pipeline


def made(pipeline: Pipeline) -> list[str]:
    """What the next comparison says that it makes; the snapshots are read before."""
    said: list[str] = []
    pipeline.snapshot()
    pipeline._read_netbox()
    compare(pipeline.warehouse, pipeline.config, pipeline.endpoint, progress=said.append)
    return [line for line in said if not line.startswith("nothing has changed")]


def plan(pipeline: Pipeline) -> Plan:
    return load_plan(pipeline.warehouse, pipeline.name)


def makes_tables(pipeline: Pipeline) -> bool:
    """Whether the next comparison would make any table; it is not carried out. The snapshots are read before."""
    return pipeline.comes_to("desired ")


@pytest.fixture
def quiet(pipeline: Pipeline, state: LibreNMSState) -> Pipeline:
    """A switch for each of CHANGES, compared three times; they say the same."""
    pipeline.configure(max_poll_age=366 * 86_400)

    def make() -> None:
        for number in range(len(CHANGES)):
            switch = state.add_device(f"sw{number}", hardware="C9300-48P", uptime=100)
            port = state.add_port(switch, "Gi1/0/1", ifAlias="uplink")
            state.add_ipv4(port, f"10.0.{number}.1", 24)
        for _ in range(3):
            pipeline.sync()

    begun("quiet", pipeline, [state], make)
    return pipeline


def test_from_the_third_time_on_nothing_is_made(pipeline: Pipeline, state: LibreNMSState) -> None:
    switch = state.add_device("sw1", hardware="C9300-48P", uptime=100)
    state.add_port(switch, "Gi1/0/1", ifAlias="uplink")
    assert "desired interfaces" in made(pipeline)
    # What the last diff remembers may change the desired tables once more.
    assert "desired interfaces" in made(pipeline)
    first = plan(pipeline)
    assert made(pipeline) == []
    assert carried_from(plan(pipeline)) == first.diff_id
    assert content(plan(pipeline)) == content(first)
    assert {row.diff_id for row in plan(pipeline).rows} == {plan(pipeline).diff_id}


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.devices[0].update(uptime=500_000),
        lambda state: state.devices[0].update(last_polled="2026-11-29 23:59:00"),
        lambda state: state.ports[0].update(ifOperStatus="down"),
        lambda state: state.ports.reverse(),
    ],
)
def test_what_no_comparison_reads_makes_nothing(
    change: Callable[[LibreNMSState], Any], quiet: Pipeline, state: LibreNMSState
) -> None:
    change(state)
    assert made(quiet) == []


# Each changes the switch of its number.
CHANGES: list[Callable[[LibreNMSState, int], Any]] = [
    lambda state, number: state.ports[number].update(ifAlias="downlink"),
    lambda state, number: state.ports[number].update(ifAdminStatus="down"),
    lambda state, number: state.devices[number].update(last_polled="2020-01-01 00:00:00"),
    lambda state, number: state.devices[number].update(status=0),
    lambda state, number: state.ipv4_addresses[number].update(ipv4_prefixlen=25),
    lambda state, number: state.ipv4_addresses.pop(number),
    lambda state, number: state.add_port(state.devices[number], "Gi1/0/2"),
    lambda state, number: state.add_device("another"),
    lambda state, number: state.delete_device(number + 1),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_what_one_reads_makes_the_tables(number: int, quiet: Pipeline, state: LibreNMSState) -> None:
    CHANGES[number](state, number)
    assert makes_tables(quiet)


def test_what_one_reads_gives_the_rows_of_a_first_comparison(quiet: Pipeline, state: LibreNMSState) -> None:
    for number, change in enumerate(CHANGES):
        change(state, number)
    assert "desired devices" in made(quiet)
    found = content(plan(quiet))
    assert carried_from(plan(quiet)) is None
    shutil.rmtree(quiet.warehouse.diffs(quiet.name))
    assert content(quiet.again()) == found


def test_netbox_settings_and_answers_count(quiet: Pipeline, netbox: NetBox) -> None:
    netbox.create("dcim/sites", name="x", slug="x", status="active")
    assert "desired devices" in made(quiet)
    made(quiet)
    assert made(quiet) == []
    quiet.configure(ignored_interfaces=["Gi1/0/1"])
    assert makes_tables(quiet)


def test_rules_are_run_every_time(quiet: Pipeline) -> None:
    # They may read what no other SQL reads.
    folder = quiet.warehouse.home / "rules"
    folder.mkdir()
    (folder / "devices.sql").write_text(
        "SELECT d.key, 'comments' AS field, n.uptime::VARCHAR AS value FROM desired.devices d, librenms.devices n"
        " WHERE n.hostname = d.name"
    )
    quiet.config = quiet.config.model_copy(
        update={"rules": quiet.config.rules.model_copy(update={"folder": folder})}
    )
    for _ in range(2):
        assert "desired devices" in made(quiet)
    assert makes_tables(quiet)
    quiet.config = quiet.config.model_copy(
        update={"rules": quiet.config.rules.model_copy(update={"folder": None})}
    )
    assert makes_tables(quiet)


FILES = ("interfaces.parquet", "desired/interfaces.parquet", "desired/sentences.parquet")


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_of_the_last_diff_is_noticed(name: str, quiet: Pipeline) -> None:
    (quiet.warehouse.current(quiet.warehouse.diffs(quiet.name)) / name).write_bytes(b"PAR1")
    assert makes_tables(quiet)


def test_a_damaged_file_of_the_last_diff_is_made_again(quiet: Pipeline) -> None:
    before = content(plan(quiet))
    for name in FILES:
        (quiet.warehouse.current(quiet.warehouse.diffs(quiet.name)) / name).write_bytes(b"PAR1")
    assert "desired devices" in made(quiet)
    assert content(plan(quiet)) == before


def test_a_column_that_the_last_snapshot_of_netbox_lacks_counts(quiet: Pipeline) -> None:
    """As after an update of netbox-sync: the first comparison after it may still be with an older snapshot."""
    file = quiet.warehouse.current(quiet.warehouse.snapshots("netbox", "netbox")) / "sites.parquet"
    table = pq.read_table(file)
    file.unlink()
    pq.write_table(table.drop_columns(["latitude"]), file)
    assert makes_tables(quiet)


def damage_rows(file: Path) -> None:
    """Overwrite the rows of a file; the end, which tells its columns and their number, stays."""
    content = file.read_bytes()
    rows = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    # Another version may share the file.
    file.unlink()
    file.write_bytes(content[:4] + b"\xff" * (rows - 4) + content[rows:])


@pytest.mark.parametrize(("system", "table"), [("librenms/production", "ports"), ("netbox/netbox", "tags")])
def test_damaged_rows_of_the_last_snapshot_are_compared_again(
    system: str, table: str, quiet: Pipeline
) -> None:
    if system == "netbox/netbox":
        quiet.netbox.create("extras/tags", name="x", slug="x", color="00ff00")
        quiet.sync()
    damage_rows(quiet.warehouse.current(quiet.warehouse.home / "snapshots" / system) / f"{table}.parquet")
    assert makes_tables(quiet)


def test_damaged_rows_of_the_current_snapshot_are_named(quiet: Pipeline) -> None:
    quiet.snapshot()
    file = quiet.warehouse.current(quiet.warehouse.snapshots("librenms", quiet.name)) / "ports.parquet"
    damage_rows(file)
    with pytest.raises(Damaged, match=r"ports\.parquet is damaged \(.*netbox-sync restore production"):
        compare(quiet.warehouse, quiet.config, quiet.endpoint)


def test_a_cluster_that_stays_the_same(pve: Pipeline, cluster: ProxmoxState) -> None:
    cluster.add_qemu(101, node="pve1", name="web01", config={"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"})
    for _ in range(3):
        pve.sync()
    cluster.guests[101].uptime = 500_000
    assert made(pve) == []
    cluster.guests[101].config["cores"] = 8
    assert makes_tables(pve)


def test_columns_that_no_comparison_reads() -> None:
    """A column that is missing here by mistake would hide changes of it."""
    assert set(read_columns("librenms")["devices"]) >= {
        "hostname",
        "sysName",
        "serial",
        "last_polled",
        "status",
    }
    assert set(read_columns("librenms")["ports"]) >= {
        "ifAlias",
        "ifVlan",
        "ifTrunk",
        "ifAdminStatus",
        "deleted",
    }
    assert "uptime" not in read_columns("librenms")["devices"]
    assert {"uptime", "maxdisk"} & set(read_columns("proxmox")["guests"]) == set()
    assert {"description", "status", "tags", "maxmem", "hostname"} <= set(read_columns("proxmox")["guests"])
