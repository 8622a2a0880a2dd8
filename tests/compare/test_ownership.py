"""Three values decide about a field: what NetBox has, what the source says, what this product wrote last."""

from __future__ import annotations

from typing import Any

from netbox_sync_lab.librenms import LibreNMSState
from tests.support import NetBox, Pipeline, after, row, rows


def written(pipeline: Pipeline, state: LibreNMSState) -> dict[str, Any]:
    """A port that this product has written, with its speed."""
    device = state.add_device("sw1", hardware="C9300-48P", serial="FOC1")
    port = state.add_port(device, "Gi0/1", ifType="ethernetCsmacd", ifSpeed=1000000000, ifMtu=1500)
    assert pipeline.apply_all().changes == []
    return port


def test_what_somebody_changed_after_us_is_shown_and_stays(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, basics: Any
) -> None:
    written(pipeline, state)
    port = netbox.one("dcim/interfaces", name="Gi0/1")
    netbox.edit("dcim/interfaces", port["id"], mtu=9000, speed=None)

    plan = pipeline.sync()
    found = row(plan, "interfaces", "sw1 Gi0/1")
    assert plan.changes == []
    assert found.action == "drifted"
    judged = {f.name: (f.decision, f.reason) for f in found.fields}
    shown = "drifted", "changed in NetBox since netbox-sync wrote it; the source is unchanged"
    assert judged == {"speed": shown, "mtu": shown}


def test_what_changed_on_both_sides_is_a_conflict_and_owning_the_field_decides_it(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, basics: Any
) -> None:
    source = written(pipeline, state)
    port = netbox.one("dcim/interfaces", name="Gi0/1")
    netbox.edit("dcim/interfaces", port["id"], mtu=9000)
    source["ifMtu"] = 4000

    found = row(pipeline.sync(), "interfaces", "sw1 Gi0/1")
    assert (found.action, found.reason) == (
        "conflict",
        "mtu: changed in NetBox and in the source since netbox-sync wrote it",
    )
    pipeline.configure(policies={"owns": ["interfaces.mtu"]})
    found = row(pipeline.again(), "interfaces", "sw1 Gi0/1")
    assert (found.action, after(found)) == ("update", {"mtu": 4000})
    source["ifMtu"] = 9000
    pipeline.configure(policies={})
    assert rows(pipeline.sync(), "interfaces") == [], "both say the same now"


def test_what_changed_in_the_source_alone_is_an_update(
    pipeline: Pipeline, state: LibreNMSState, netbox: NetBox, basics: Any
) -> None:
    source = written(pipeline, state)
    source["ifMtu"] = 4000
    found = row(pipeline.sync(), "interfaces", "sw1 Gi0/1")
    assert (found.action, after(found)) == ("update", {"mtu": 4000})
