"""Only one device is read and compared: the others are neither read nor considered removed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netbox_sync_dagster.config.rules import RulesConfig
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_lab.librenms import LibreNMSState
from tests.kept import begun
from tests.support import Pipeline, after, row, rows

DELETE = {
    "delete": ["interfaces", "mac_addresses", "ip_addresses", "cables"],
    "missing_interfaces": "delete",
    "stale_addresses": "delete",
}


@pytest.fixture
def switches(state: LibreNMSState) -> LibreNMSState:
    """sw1 to sw3 with ports Gi0/1 and Gi0/2, an address on Gi0/1 of each; sw1 and sw2 are neighbours."""
    state.add_location("Paris")
    first = []
    for number in (1, 2, 3):
        device = state.add_device(f"sw{number}", location="Paris", os="ios", hardware="C9300-48P")
        first.append(state.add_port(device, "Gi0/1"))
        state.add_port(device, "Gi0/2", ifAlias="old")
        state.add_ipv4(first[-1], f"10.0.0.{number}", 24)
    state.connect(first[0], first[1])
    return state


@pytest.fixture
def switched(pipeline: Pipeline, switches: LibreNMSState) -> LibreNMSState:
    """They are in NetBox."""
    begun("switched", pipeline, [switches], pipeline.apply)
    return switches


def alias(state: LibreNMSState, port: int, text: str) -> None:
    state.ports[port]["ifAlias"] = text


def test_only_that_device_is_read_and_compared(pipeline: Pipeline, switched: LibreNMSState) -> None:
    """And what is found is applied, and leaves nothing to do."""
    pipeline.configure(policies=DELETE)
    alias(switched, 0, "new on sw1")
    alias(switched, 2, "new on sw2")
    del switched.ports[3], switched.ports[1]
    assert pipeline.snapshot(only="sw3").only == "3"

    plan = pipeline.apply(only="SW1")

    assert {(r.resource, r.key, r.action) for r in plan.rows} == {
        ("interfaces", "sw1 Gi0/1", "update"),
        ("interfaces", "sw1 Gi0/2", "delete"),
    }
    assert after(row(plan, "interfaces", "sw1 Gi0/1")) == {"description": "new on sw1"}
    assert plan.manifest["only"] == "1"
    assert re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", str(plan.shows_only)) == (
        "only device sw1 (1) and what it needs, read TIME UTC; the rest of production, last read TIME UTC, "
        "is not shown until the next whole sync: netbox-sync sync production"
    )
    assert pipeline.sync(only="sw1").rows == ()
    # The next whole sync sees everything.
    assert {(r.key, r.action) for r in pipeline.sync().changes} == {
        ("sw2 Gi0/1", "update"),
        ("sw2 Gi0/2", "delete"),
    }


def test_a_device_before_the_first_whole_sync(pipeline: Pipeline, switches: LibreNMSState) -> None:
    plan = pipeline.sync(only="sw2")
    assert [r.key for r in rows(plan, "devices")] == ["sw2"]
    assert {r.key for r in rows(plan, "interfaces")} == {"sw2 Gi0/1", "sw2 Gi0/2"}
    assert {r.action for r in plan.rows if r.resource != "cables"} == {"create"}
    assert "only device 2 was read; run: netbox-sync sync production" in pipeline.snapshot(only="2").reasons


def test_a_device_that_is_gone_leaves_the_others(pipeline: Pipeline, switched: LibreNMSState) -> None:
    pipeline.configure(policies=DELETE)
    for device in (switched.devices[0], switched.devices[1]):
        switched.ports[:] = [port for port in switched.ports if port["device_id"] != device["device_id"]]
    del switched.devices[:2]
    plan = pipeline.sync(only="sw1")
    found = [(r.resource, r.key, r.action) for r in plan.rows if r.resource == "devices"]
    assert found == [("devices", "sw1 (gone, id 1)", "drifted")]
    assert [r for r in plan.rows if r.action == "delete"] == []
    assert pipeline.snapshot(only="sw3").row_counts["devices"] == 2


def test_cables_of_the_device_and_names_that_collide(pipeline: Pipeline, switches: LibreNMSState) -> None:
    pipeline.snapshot()
    # sw1 is at the first end of the cable.
    assert [r.key for r in rows(pipeline.sync(only="sw2"), "cables")] == ["sw1 Gi0/1 <-> sw2 Gi0/1"]
    switches.ipv4_addresses[2]["ipv4_address"] = "10.0.0.2"
    plan = pipeline.sync(only="sw3")
    assert rows(plan, "cables") == []
    found = row(plan, "ip_addresses", "10.0.0.2 on sw3 Gi0/1")
    assert (found.action, found.reason) == ("conflict", "duplicate in source: sw2 Gi0/1, sw3 Gi0/1")


def test_a_name_that_nobody_or_several_have(pipeline: Pipeline, switches: LibreNMSState) -> None:
    pipeline.snapshot()
    with pytest.raises(ServerError, match=r"endpoint 'production'.*no device 'sw9'"):
        pipeline.sync(only="sw9")
    switches.devices[1]["sysName"] = "sw1"
    pipeline.snapshot()
    with pytest.raises(
        ServerError, match=r"several devices are called 'sw1': give the device_id of one of 1, 2"
    ):
        pipeline.sync(only="sw1")
    assert pipeline.snapshot(only="1").only == "1"


def test_rules_set_fields_of_that_device_only(
    pipeline: Pipeline, switched: LibreNMSState, tmp_path: Path
) -> None:
    (tmp_path / "interfaces.sql").write_text(
        "SELECT key, 'label' AS field, 'port' AS value FROM desired.interfaces", encoding="utf-8"
    )
    pipeline.config = pipeline.config.model_copy(update={"rules": RulesConfig(folder=str(tmp_path))})
    plan = pipeline.sync(only="sw1")
    assert {(r.key, r.action) for r in plan.rows} == {("sw1 Gi0/1", "update"), ("sw1 Gi0/2", "update")}
    assert after(row(plan, "interfaces", "sw1 Gi0/1")) == {"label": "port"}
    assert {r.parent for r in pipeline.sync().changes} == {"sw1", "sw2", "sw3"}
