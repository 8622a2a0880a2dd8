"""What an apply wrote after NetBox was read: the comparison does not take it for somebody else's, and waits for the next
reading of NetBox."""

from __future__ import annotations

from pathlib import Path

import pytest

from netbox_sync_dagster.compare.ledger_state import has_lines_after
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.sync import compare_again
from tests.compare.test_carry_over import carried_from
from tests.kept import begun
from tests.support import Pipeline, row, rows

WAITS = "netbox-sync wrote it after NetBox was read"


@pytest.mark.parametrize(
    ("after", "reads_again"),
    [
        ('{"kind": "end", "seq": 200}\n', True),
        # A crash cut the line off: it would be read again at each answer.
        ('{"kind": "verdict", "se', False),
        # Longer than what is read of the end of a file.
        ('{"kind": "sending", "seq": 90, "changes": "%s"}\n' % ("x" * 70_000), False),
        ('{"kind": "sending", "seq": 200, "changes": "%s"}\n' % ("x" * 70_000), True),
    ],
    ids=["later", "cut off", "long", "long and later"],
)
def test_the_last_line_of_a_ledger_says_whether_netbox_is_read(
    tmp_path: Path, after: str, reads_again: bool
) -> None:
    file = tmp_path / "ledger/applies/production/20261120T120000000Z-0001.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text('{"kind": "start", "seq": 80}\n' + after)
    assert has_lines_after(Warehouse(tmp_path), 100) is reads_again
    file.write_text("damaged")
    assert has_lines_after(Warehouse(tmp_path), 100)


@pytest.fixture
def applied(pipeline: Pipeline, state) -> Plan:
    """A switch in NetBox with another text on its port, which is applied with a new port; NetBox was not read since."""

    def make() -> None:
        device = state.add_device("sw1", hardware="C9300-48P", serial="FCW1")
        state.add_port(device, "Gi1/0/1", ifAlias="uplink")
        pipeline.apply()
        state.ports[0]["ifAlias"] = "new uplink"
        state.add_port(device, "Gi1/0/2", ifAlias="second")
        pipeline.apply()

    begun("applied", pipeline, [state], make)
    return load_plan(pipeline.warehouse, "production")


def test_what_we_wrote_is_blocked_until_netbox_is_read(pipeline: Pipeline, applied: Plan) -> None:
    assert [(r.action, r.key) for r in rows(applied, "interfaces")] == [
        ("update", "sw1 Gi1/0/1"),
        ("create", "sw1 Gi1/0/2"),
    ]
    plan = pipeline.compare()
    assert [(r.action, r.key, r.reason) for r in rows(plan, "interfaces")] == [
        ("blocked", "sw1 Gi1/0/1", WAITS),
        ("blocked", "sw1 Gi1/0/2", WAITS),
    ]
    assert plan.changes == []
    assert [f.decision for f in row(plan, "interfaces", "sw1 Gi1/0/1").fields] == ["conflict"]
    assert pipeline.sync().rows == ()


def test_an_answer_reads_netbox_first(pipeline: Pipeline, applied: Plan) -> None:
    said: list[str] = []
    compare_again(pipeline.warehouse, pipeline.config, pipeline.endpoint, who="ada", say=said.append)
    assert said[0] == "reading NetBox, which an apply has written to"
    assert load_plan(pipeline.warehouse, "production").rows == ()
    said.clear()
    compare_again(pipeline.warehouse, pipeline.config, pipeline.endpoint, who="ada", say=said.append)
    assert said[0] == "waiting for its turn to be compared"


def test_an_answer_while_netbox_is_away(pipeline: Pipeline, applied: Plan, monkeypatch) -> None:
    monkeypatch.setenv("NETBOX_TOKEN", "another")
    said: list[str] = []
    compare_again(pipeline.warehouse, pipeline.config, pipeline.endpoint, who="ada", say=said.append)
    assert said[1].startswith("NetBox could not be read after the last apply: ")
    plan = load_plan(pipeline.warehouse, "production")
    assert {(r.action, r.reason) for r in rows(plan, "interfaces")} == {("blocked", WAITS)}


def test_what_somebody_took_back_before_the_next_reading(pipeline: Pipeline, applied: Plan, netbox) -> None:
    """NetBox then says the same as before the apply, and the diff made meanwhile is not carried over."""
    pipeline.compare()
    [port] = netbox.all("dcim/interfaces", name="Gi1/0/2")
    netbox.delete("dcim/interfaces", port["id"])
    plan = pipeline.sync()
    assert carried_from(plan) is None
    assert [(r.action, r.key) for r in rows(plan, "interfaces")] == [("create", "sw1 Gi1/0/2")]
