"""What other endpoints' applies write makes an endpoint's rows again only if it has something in common with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.storage.ledger import applies_folder
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from tests.compare.test_carry_over import carried_from
from tests.kept import begun, placed
from tests.support import Pipeline, rows


@pytest.fixture
def theirs() -> LibreNMSState:
    """A second LibreNMS."""
    return LibreNMSState()


@pytest.fixture
def both(
    request: pytest.FixtureRequest,
    pipeline: Pipeline,
    state: LibreNMSState,
    theirs: LibreNMSState,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Pipeline, Pipeline]]:
    """Two endpoints of one NetBox and one warehouse, each with a switch, in NetBox by them.

    What their last diffs would change: both have another text on their port, and ``theirs`` shows a port of the other's
    switch that the other does not.
    """
    server = placed(request, "staging", lambda port: LabLibreNMS(theirs, port, token="their-token"))
    try:
        monkeypatch.setenv("THEIR_TOKEN", "their-token")
        other = {
            "name": "staging",
            "kind": "librenms",
            "url": server.url,
            "token_env": "THEIR_TOKEN",
            "import_devices": "all",
            "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
        }
        home, netbox = pipeline.warehouse.home, pipeline.netbox
        own = pipeline.config.model_dump(mode="json", exclude_unset=True)["endpoints"][0]
        mine = Pipeline(home, netbox, own, endpoints=[other])
        their = Pipeline(home, netbox, other, endpoints=[own])

        def make() -> None:
            for shown, number, text in ((state, 1, "uplink"), (theirs, 9, "their uplink")):
                device = shown.add_device(f"sw{number}", hardware="C9300-48P", serial=f"FCW{number}")
                shown.add_port(device, "Gi1/0/1", ifAlias=text)
            their.apply()
            mine.apply()
            state.ports[0]["ifAlias"] = "new uplink"
            theirs.ports[0]["ifAlias"] = "their new uplink"
            shared = theirs.add_device("sw1", hardware="C9300-48P", serial="FCW1")
            theirs.add_port(shared, "Gi1/0/1", ifAlias="uplink")
            theirs.add_port(shared, "Gi1/0/2", ifAlias="only they see it")
            their.sync()
            mine.sync()

        begun("both", mine, [state, theirs], make)
        yield mine, their
    finally:
        server.stop()


def is_carried(pipeline: Pipeline) -> bool:
    """Whether the next sync carries the rows over; where it would compare, it ends there."""
    return not pipeline.comes_to("match.")


def write(pipeline: Pipeline, resource: str, key: str) -> None:
    """Apply one change of the last diff."""
    plan = load_plan(pipeline.warehouse, pipeline.name)
    [change] = [r.change_id for r in rows(plan, resource) if r.key == key]
    assert pipeline.write(plan, [change]) == []


def test_an_apply_to_what_is_not_ours_keeps_the_rows(both: tuple[Pipeline, Pipeline]) -> None:
    mine, their = both
    assert is_carried(mine)
    write(their, "interfaces", "sw9 Gi1/0/1")
    assert is_carried(mine)
    # Without a write either.
    assert is_carried(mine)


def test_an_apply_of_our_own_makes_them_again(both: tuple[Pipeline, Pipeline]) -> None:
    mine, _ = both
    write(mine, "interfaces", "sw1 Gi1/0/1")
    plan = mine.sync()
    assert carried_from(plan) is None
    assert rows(plan, "interfaces") == []


def test_their_apply_to_a_device_of_both_makes_them_again(both: tuple[Pipeline, Pipeline]) -> None:
    mine, their = both
    assert is_carried(mine)
    write(their, "interfaces", "sw1 Gi1/0/2")
    assert not is_carried(mine)


def _write_with_late_lines(mine: Pipeline, their: Pipeline, key: str, aside: Path) -> None:
    """Their apply, of which ``mine`` is compared with what it wrote to NetBox before its lines are in the ledger."""
    folder = applies_folder(mine.warehouse, their.name)
    before = set(folder.glob("*.jsonl"))
    write(their, "interfaces", key)
    [file] = set(folder.glob("*.jsonl")) - before
    shutil.move(file, aside / file.name)
    mine.sync()
    assert is_carried(mine)
    shutil.move(aside / file.name, file)


def test_a_write_that_netbox_showed_before_the_ledger_had_it_is_new(
    both: tuple[Pipeline, Pipeline], tmp_path: Path
) -> None:
    mine, their = both
    _write_with_late_lines(mine, their, "sw1 Gi1/0/2", tmp_path)
    assert carried_from(mine.sync()) is None
    assert is_carried(mine)


def test_such_a_write_to_what_is_not_ours_is_nothing_new(
    both: tuple[Pipeline, Pipeline], tmp_path: Path
) -> None:
    mine, their = both
    _write_with_late_lines(mine, their, "sw9 Gi1/0/1", tmp_path)
    assert is_carried(mine)


def test_a_ledger_with_other_files_or_fewer_lines_or_a_damaged_one_makes_them_again(
    both: tuple[Pipeline, Pipeline],
) -> None:
    mine, their = both
    assert is_carried(mine)
    [file] = applies_folder(mine.warehouse, their.name).glob("*.jsonl")
    # A backup was restored, and another apply since is as long as the one that is gone.
    file = file.rename(file.with_name(f"2{file.name}"))
    assert carried_from(mine.again()) is None
    assert is_carried(mine)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:-1]), encoding="utf-8")
    assert not is_carried(mine)
    file.write_text("".join(lines[:-1]) + lines[-1][:20] + "\n", encoding="utf-8")
    assert not is_carried(mine)
