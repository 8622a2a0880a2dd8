"""Three values decide about a field: what NetBox has, what the source says, what this product wrote last."""

from __future__ import annotations

from typing import Any

from tests.compare.together import Case, Steps, together
from tests.support import after, row, rows


def port_of(case: Case) -> dict[str, Any]:
    """A port that this product writes in the first apply, with its speed."""
    device = case.state.add_device("sw1", hardware="C9300-48P", serial=f"FOC{case.number}")
    return case.state.add_port(device, "Gi0/1", ifType="ethernetCsmacd", ifSpeed=1000000000, ifMtu=1500)


@together()
def test_what_somebody_changed_after_us_is_shown_and_stays(case: Case) -> Steps:
    port_of(case)
    yield {"write": True}
    port = case.netbox.one("dcim/interfaces", device=case.named("sw1"), name="Gi0/1")
    case.netbox.edit("dcim/interfaces", port["id"], mtu=9000, speed=None)

    plan = yield
    found = row(plan, "interfaces", "sw1 Gi0/1")
    assert plan.changes == []
    assert found.action == "drifted"
    judged = {f.name: (f.decision, f.reason) for f in found.fields}
    shown = "drifted", "changed in NetBox since netbox-sync wrote it; the source is unchanged"
    assert judged == {"speed": shown, "mtu": shown}


@together()
def test_what_nobody_changed_is_in_sync(case: Case) -> Steps:
    port_of(case)
    yield {"write": True}
    plan = yield
    assert plan.rows == ()


def change_on_both_sides(case: Case, source: dict[str, Any], mtu: int) -> None:
    """The MTU is 9000 in NetBox now, and this in the source."""
    port = case.netbox.one("dcim/interfaces", device=case.named("sw1"), name="Gi0/1")
    case.netbox.edit("dcim/interfaces", port["id"], mtu=9000)
    source["ifMtu"] = mtu


@together()
def test_what_changed_on_both_sides_is_a_conflict(case: Case) -> Steps:
    source = port_of(case)
    yield {"write": True}
    change_on_both_sides(case, source, 4000)
    plan = yield
    found = row(plan, "interfaces", "sw1 Gi0/1")
    assert (found.action, found.reason) == (
        "conflict",
        "mtu: changed in NetBox and in the source since netbox-sync wrote it",
    )


@together()
def test_owning_the_field_decides_what_changed_on_both_sides(case: Case) -> Steps:
    source = port_of(case)
    yield {"write": True}
    change_on_both_sides(case, source, 4000)
    plan = yield {"policies": {"owns": ["interfaces.mtu"]}}
    found = row(plan, "interfaces", "sw1 Gi0/1")
    assert (found.action, after(found)) == ("update", {"mtu": 4000})


@together()
def test_what_changed_on_both_sides_to_the_same_is_in_sync(case: Case) -> Steps:
    source = port_of(case)
    yield {"write": True}
    change_on_both_sides(case, source, 9000)
    plan = yield
    assert rows(plan, "interfaces") == []


@together()
def test_what_changed_in_the_source_alone_is_an_update(case: Case) -> Steps:
    source = port_of(case)
    yield {"write": True}
    source["ifMtu"] = 4000
    plan = yield
    found = row(plan, "interfaces", "sw1 Gi0/1")
    assert (found.action, after(found)) == ("update", {"mtu": 4000})
