"""Sync runs: what is read, compared, recorded and checked, also when one endpoint of the run fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from netbox_sync_dagster.defs.assets.netbox_assets import netbox_assets
from netbox_sync_dagster.defs.assets.sync_assets import sync_assets
from netbox_sync_dagster.defs.checks.snapshot_checks import snapshot_results
from netbox_sync_dagster.defs.metadata import drift_charts
from netbox_sync_dagster.defs.partitions import PARTITIONS
from netbox_sync_dagster.defs.resources import SyncResource
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.versions import versions
from netbox_sync_lab.librenms import LabLibreNMS
from tests.apply.drafts import Draft
from tests.defs.conftest import (
    DagsterHarness,
    apply_started,
    apply_tick,
    build_house,
    checks,
    failure,
    made,
)

EVIL = "[click](http://evil.example) | <img src=x> ![](http://evil.example)"


def read(
    harness: DagsterHarness,
    tags: dict[str, str],
    retries: dg.RetryPolicy | None = None,
    *,
    shrink: bool = False,
) -> Any:
    """Read LibreNMS endpoints without comparing them."""
    return dg.materialize(
        [netbox_assets, sync_assets("librenms", retries or dg.RetryPolicy(max_retries=0))],
        instance=harness.instance,
        resources={"sync": SyncResource()},
        selection=dg.AssetSelection.groups("librenms"),
        run_config={"ops": {"sync_librenms_endpoints": {"config": {"accept_shrink": shrink}}}},
        tags=tags,
        raise_on_error=False,
    )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DagsterHarness, Any]]:
    """A run over both LibreNMS endpoints in which all is well, and its result."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        build_house(tmp_path_factory.mktemp("synced"), monkeypatch) as harness,
    ):
        harness.paris.state.ports[1]["ifAlias"] = EVIL
        yield harness, harness.run("sync_librenms", tags=harness.both())


def asked(server: LabLibreNMS) -> int:
    """How often a read of this server was begun."""
    return sum(request.path == "/api/v0/system" for request in server.requests)


def test_one_run_over_two_endpoints_reads_and_compares_both(both: tuple[DagsterHarness, Any]) -> None:
    harness, result = both

    assert result.success
    ports = made(result, "librenms/ports")
    assert {name: item["dagster/row_count"] for name, item in ports.items()} == {"paris": 2, "lyon": 1}
    devices = made(result, "diff/librenms/devices")
    assert {name: (item["create"], item["update"]) for name, item in devices.items()} == {
        "paris": (0, 1),
        "lyon": (1, 0),
    }
    assert len(harness.plan("lyon").changes) > 0
    # NetBox has no partitions: it is read once for both.
    assert list(made(result, "netbox/devices")) == [None]
    assert made(result, "netbox/devices")[None]["dagster/row_count"] == 1


def test_metadata_says_what_a_person_wants_to_know(both: tuple[DagsterHarness, Any]) -> None:
    harness, result = both

    table = made(result, "librenms/devices")["paris"]
    assert table["dagster/row_count"] == 1
    assert table["complete"] is True
    assert table["source version"] == "26.7.0"
    assert table["snapshot"] == harness.plan("paris").manifest["source_snapshot"]
    assert table["seconds"] >= 0

    interfaces = made(result, "diff/librenms/interfaces")["paris"]
    assert [interfaces[name] for name in ("create", "update", "delete", "conflict", "blocked", "drifted")] == [
        2, 0, 0, 0, 0, 0,
    ]  # fmt: skip
    assert "| create | sw-paris Gi0/1 |" in interfaces["differences"]
    assert 'description: "paris uplink"' in interfaces["differences"]
    assert interfaces["over time"].startswith("![interfaces of paris over the last 1 diffs](data:image/svg")

    sw_paris = harness.netbox.one("dcim/devices", name="sw-paris")
    devices = made(result, "diff/librenms/devices")["paris"]
    link = f"[sw-paris]({harness.netbox.url}/dcim/devices/{sw_paris['id']}/)"
    assert f"| update | {link} |" in devices["differences"]
    assert devices["approved by policy"] == 0


def test_a_diff_that_is_damaged_is_left_out_of_the_pictures(tmp_path: Path) -> None:
    """They are optional: a sync does not fail without an older diff."""
    warehouse = Warehouse(tmp_path)
    for number in (1, 2, 3, 4):
        Draft("paris").publish(
            warehouse, finished=f"2026-11-28T10:0{number}:00+00:00", counts={"devices": {"create": number}}
        )
    folder = warehouse.diffs("paris")
    second, third = versions(folder)[1:3]
    (folder / second / "manifest.json").write_bytes(bytes(64))
    (folder / third / "manifest.json").write_text("{}", encoding="utf-8")
    charts = drift_charts(warehouse, "paris", ["devices", "interfaces"])
    assert charts["devices"].startswith("![devices of paris over the last 2 diffs](data:image/svg")
    assert charts["interfaces"] == ""


def test_a_check_names_a_snapshot_that_is_damaged(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with warehouse.publish(warehouse.snapshots("librenms", "paris"), 5) as (_, folder):
        (folder / "manifest.json").write_bytes(bytes(64))
    [complete] = [
        result
        for result in snapshot_results(warehouse, "librenms", ["paris"])
        if result.check_name == "complete"
    ]
    assert not complete.passed
    assert "manifest.json is damaged" in str(complete.description)


def test_a_server_cannot_write_markup_into_the_page(both: tuple[DagsterHarness, Any]) -> None:
    _, result = both
    shown = made(result, "diff/librenms/interfaces")["paris"]["differences"]
    # An address is code, in which Markdown makes no link and no image.
    assert r'`"[click](http://evil.example)` \| \<img src=x\> `![](http://evil.example)"`' in shown
    assert "http://evil" not in re.sub(r"`[^`]*`", "", shown)


def test_one_endpoint_that_fails_does_not_stop_the_other(
    both: tuple[DagsterHarness, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, _ = both
    monkeypatch.setenv("LYON_TOKEN", "wrong")
    before = asked(harness.lyon)

    result = harness.run("sync_librenms", tags=harness.both())

    assert not result.success
    assert not [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
    assert asked(harness.lyon) == before + 1
    assert failure(result) == (
        "endpoint 'lyon': the server refused the token in LYON_TOKEN (GET /system answered 401); check it and that it has not "
        "expired. Done: paris."
    )
    assert list(made(result, "librenms/ports")) == ["paris"]
    assert list(made(result, "diff/librenms/interfaces")) == ["paris"]
    assert len(harness.plan("paris").changes) > 0
    status = harness.instance.get_status_by_partition(
        dg.AssetKey(["diff", "librenms", "devices"]), ["paris", "lyon"], PARTITIONS["librenms"]
    )
    assert status is not None
    assert {name: item.value if item else None for name, item in status.items()} == {
        "paris": "MATERIALIZED",
        "lyon": "FAILED",
    }
    # A good run of one endpoint does not hide what is wrong with another.
    later = harness.sync("paris")
    assert later.success
    complete = checks(later)["librenms/devices:complete"]
    assert not complete.passed
    assert complete.metadata["endpoints with a problem"].value == 1
    assert complete.description.startswith("lyon: the last read failed: endpoint 'lyon': the server refused")


def test_a_server_that_is_down_for_a_moment_is_read_in_the_next_try_and_the_others_only_once(
    harness: DagsterHarness,
) -> None:
    harness.lyon.fail_next(4, status=503, headers={"Retry-After": "0"})

    result = read(harness, harness.both(), dg.RetryPolicy(max_retries=1, delay=0.1))

    assert result.success
    assert asked(harness.lyon) == 5
    assert asked(harness.paris) == 1
    assert set(made(result, "librenms/devices")) == {"paris", "lyon"}


def test_a_server_that_stays_down_fails_with_its_sentence_after_the_last_try(harness: DagsterHarness) -> None:
    address = harness.lyon.url
    harness.lyon.stop()

    result = read(harness, harness.both())

    assert failure(result).startswith(f"endpoint 'lyon': cannot connect to {address} ")
    assert failure(result).endswith("check the url and the network. Done: paris.")
    assert list(made(result, "librenms/devices")) == ["paris"]
    complete = checks(result)["librenms/devices:complete"]
    assert (complete.passed, complete.severity) == (False, dg.AssetCheckSeverity.ERROR)


def test_an_endpoint_that_shows_nothing_is_not_compared(
    both: tuple[DagsterHarness, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, _ = both
    monkeypatch.setattr(harness.lyon.state, "devices", [])
    monkeypatch.setattr(harness.lyon.state, "ports", [])

    result = harness.sync("paris", "lyon")

    assert failure(result) == (
        "endpoint 'lyon': nothing was compared: LibreNMS shows no device at all; an empty answer does not prove "
        "that anything was removed. Done: paris."
    )
    assert list(made(result, "diff/librenms/devices")) == ["paris"]
    assert made(result, "librenms/devices")["lyon"]["dagster/row_count"] == 0
    complete = checks(result)["librenms/devices:complete"]
    assert (complete.passed, complete.severity) == (False, dg.AssetCheckSeverity.ERROR)


def test_checks_pass_and_speak_of_every_endpoint(both: tuple[DagsterHarness, Any]) -> None:
    _, result = both
    found = checks(result)
    assert sorted(found) == [
        "diff/librenms/devices:gates",
        "diff/librenms/devices:snapshots_agree",
        "diff/librenms/devices:status",
        "diff/librenms/devices:unique_keys",
        "diff/librenms/devices:within_limits",
        "librenms/devices:complete",
        "librenms/devices:not_shrunken",
        "librenms/devices:references",
        "librenms/rejected:nothing_rejected",
        "netbox/rejected:nothing_rejected",
        "netbox/status:complete",
        "netbox/status:not_shrunken",
        "netbox/status:references",
    ]
    assert all(item.passed for item in found.values())
    assert found["librenms/devices:complete"].metadata["endpoints"].value == "paris, lyon"
    assert found["diff/librenms/devices:gates"].blocking


def test_checks_can_be_run_by_themselves(both: tuple[DagsterHarness, Any]) -> None:
    harness, _ = both
    key = dg.AssetKey(["librenms", "devices"])
    assets = sync_assets("librenms")
    harness.paris.reset_requests()
    result = dg.materialize(
        [netbox_assets, assets],
        instance=harness.instance,
        resources={"sync": SyncResource()},
        selection=dg.AssetSelection.checks_for_assets(key),
    )
    assert sorted(checks(result)) == [
        "librenms/devices:complete",
        "librenms/devices:not_shrunken",
        "librenms/devices:references",
    ]
    assert harness.paris.requests == []


def test_a_shrunken_snapshot_is_named(harness: DagsterHarness) -> None:
    paris = {"dagster/partition": "paris"}
    device = harness.paris.state.devices[0]
    for number in range(20):
        harness.paris.state.add_port(device, f"Te1/{number}")
    read(harness, paris)
    del harness.paris.state.ports[5:]

    result = read(harness, paris)

    assert result.success
    shrunken = checks(result)["librenms/devices:not_shrunken"]
    assert (shrunken.passed, shrunken.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert shrunken.description == "paris: ports: 5 of 22 rows of the last good snapshot"
    ports = made(result, "librenms/ports")["paris"]
    assert ports["complete"] is False
    assert "5 of 22 rows of the last good snapshot" in ports["why incomplete"]
    # Somebody who knows that it is right says so.
    accepted = read(harness, paris, shrink=True)
    assert made(accepted, "librenms/ports")["paris"]["complete"] is True


@pytest.fixture(scope="module")
def cluster(both: tuple[DagsterHarness, Any]) -> tuple[DagsterHarness, Any]:
    """A run over the Proxmox cluster, and its result."""
    harness, _ = both
    return harness, harness.run("sync_proxmox", partition_key="pve")


def test_proxmox_goes_the_same_way(cluster: tuple[DagsterHarness, Any]) -> None:
    _, result = cluster
    assert result.success
    assert made(result, "proxmox/guests")["pve"]["dagster/row_count"] == 1
    machines = made(result, "diff/proxmox/virtual_machines")["pve"]
    assert "web01" in machines["differences"]
    assert checks(result)["proxmox/guests:references"].passed


def test_one_guest_by_run_config(cluster: tuple[DagsterHarness, Any]) -> None:
    harness, _ = cluster
    harness.pve.state.add_qemu(101, node="pve1", name="web02")
    only = {"ops": {"sync_proxmox_endpoints": {"config": {"guest": 101}}}}
    result = harness.run("sync_proxmox", partition_key="pve", run_config=only)
    assert result.success
    assert [r.key for r in harness.plan("pve").rows if r.resource == "virtual_machines"] == ["web02"]
    shows = made(result, "diff/proxmox/virtual_machines")["pve"]["shows"]
    assert shows.startswith(r"only guest web02 \(101\) and what it needs, read ")

    only = {"ops": {"sync_librenms_endpoints": {"config": {"guest": 101}}}}
    result = harness.run("sync_librenms", partition_key="paris", run_config=only)
    assert (
        failure(result)
        == "endpoint 'paris': LibreNMS shows no device '101'; check the name, and that the token may see the device."
    )


def test_a_diff_can_be_made_again_without_reading_anything(both: tuple[DagsterHarness, Any]) -> None:
    harness, _ = both
    harness.paris.reset_requests()

    result = harness.run(
        "sync_librenms",
        partition_key="paris",
        asset_selection=[dg.AssetKey(["diff", "librenms", "interfaces"])],
    )

    assert result.success
    assert made(result, "diff/librenms/interfaces")["paris"]["create"] == 2
    assert harness.paris.requests == []
    # All resources are compared together, so all of them are reported.
    assert list(made(result, "diff/librenms/devices")) == ["paris"]


@pytest.fixture(scope="module")
def by_policy(
    both: tuple[DagsterHarness, Any],
) -> tuple[DagsterHarness, Any, list[tuple[str, str]]]:
    """A run where policies approve and changes are applied when approved; its result, and what it wrote."""
    harness, _ = both
    rules = {"auto_approve": ["devices.update", "custom_fields.create"], "apply_approved": True}
    harness.write(paris={"policies": rules})
    result = harness.sync("paris")
    return harness, result, harness.writes()


def test_policies_approve_after_the_comparison_and_nothing_is_written(
    by_policy: tuple[DagsterHarness, Any, list[tuple[str, str]]],
) -> None:
    _, result, writes = by_policy
    devices = made(result, "diff/librenms/devices")["paris"]
    assert (devices["update"], devices["approved by policy"]) == (1, 1)
    assert made(result, "diff/librenms/interfaces")["paris"]["approved by policy"] == 0
    assert writes == []


def test_what_a_policy_approves_is_applied(
    by_policy: tuple[DagsterHarness, Any, list[tuple[str, str]]],
) -> None:
    harness, synced, _ = by_policy
    assert synced.success
    [request] = apply_tick(harness).run_requests
    assert apply_started(harness, request).success
    written = {path for _, path in harness.writes()}
    assert written == {"/api/extras/custom-fields/", "/api/dcim/devices/"}


def test_an_endpoint_that_left_the_configuration_is_named(harness: DagsterHarness) -> None:
    tags = harness.both()
    harness.endpoints = [item for item in harness.endpoints if item["name"] != "lyon"]
    content = harness.config_path.read_text(encoding="utf-8")
    harness.config_path.write_text(content.replace("name: lyon", "name: nice"), encoding="utf-8")

    result = read(harness, tags)

    assert failure(result) == (
        "no endpoint 'lyon' in the configuration; known: nice, paris, pve. Done: paris."
    )


def test_a_wrong_configuration_is_said_in_one_sentence(harness: DagsterHarness) -> None:
    harness.config_path.write_text("netbox:\n  url: nonsense\n", encoding="utf-8")
    result = harness.run("sync_librenms", partition_key="paris")
    assert failure(result).startswith(f"{harness.config_path}:2: netbox.url: Input should be a valid URL")


def test_an_incomplete_read_of_netbox_closes_the_gate(
    both: tuple[DagsterHarness, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, _ = both
    header = harness.netbox_server.add_token("blind", {"dcim.device": {"view"}, "dcim.site": {"view"}})
    monkeypatch.setenv("NETBOX_TOKEN", header.split()[-1])

    result = harness.sync("paris")

    gates = checks(result)["diff/librenms/devices:gates"]
    assert (gates.passed, gates.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert gates.description.startswith("paris: NetBox was not read completely: ")
    shown = made(result, "diff/librenms/devices")["paris"]["cannot be approved"]
    assert shown.startswith("- NetBox was not read completely")
