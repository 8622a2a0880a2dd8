"""NetBox gets another URL, or another NetBox is written to: what the ledger knows of it."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_dagster.apply import apply_approved, plan_undo
from netbox_sync_dagster.approve import ApprovalError, approve
from netbox_sync_dagster.approve.object_history import history_of_name
from netbox_sync_dagster.config import Config
from netbox_sync_dagster.storage.views import ask
from netbox_sync_lab.librenms import LibreNMSState
from tests.support import Pipeline, row


def name_netbox(pipeline: Pipeline, **changes: Any) -> None:
    """Change the settings of NetBox."""
    content = pipeline.config.model_dump(mode="json", exclude_unset=True)
    content["netbox"] |= changes
    pipeline.config = Config.model_validate(content)


@pytest.fixture
def moved(pipeline: Pipeline, state: LibreNMSState, device: Any) -> Pipeline:
    """The port Gi0/1 was written by its first URL; somebody edited its MTU; NetBox has another URL now."""
    pipeline.configure(policies={"delete": ["interfaces"], "missing_interfaces": "delete"})
    switch = state.add_device("sw1", hardware="C9300-48P", serial="FOC1")
    device("sw1", serial="FOC1")
    state.add_port(switch, "Gi0/1", ifType="ethernetCsmacd", ifSpeed=1000000000, ifMtu=1500)
    state.add_port(switch, "Gi0/2", ifType="ethernetCsmacd", ifSpeed=1000000000, ifMtu=1500)
    pipeline.apply()
    port = pipeline.netbox.one("dcim/interfaces", device="sw1", name="Gi0/1")
    pipeline.netbox.edit("dcim/interfaces", port["id"], mtu=9000)
    state.ports.pop()
    name_netbox(pipeline, url=pipeline.netbox.url.replace("127.0.0.1", "localhost"))
    return pipeline


def test_a_new_url_is_the_same_netbox_only_if_the_configuration_says_so(moved: Pipeline) -> None:
    old, new = moved.netbox.url, moved.netbox.url.replace("127.0.0.1", "localhost")
    plan = moved.sync()
    assert plan.manifest["gates"] == [
        f"netbox.url is {new}, and all applies so far wrote to {old}: add that URL to netbox.formerly if it is the same NetBox, "
        "else set netbox.formerly to []; then run the sync again"
    ]
    with pytest.raises(ApprovalError, match=r"add that URL to netbox\.formerly"):
        approve(
            moved.warehouse,
            plan,
            list(plan.by_id()),
            who="a",
            through="cli",
            policies=moved.endpoint.policies,
        )

    name_netbox(moved, formerly=[f"{old}/"])
    plan = moved.sync()
    assert plan.manifest["gates"] == []
    # What this product wrote and created there is known.
    assert row(plan, "interfaces", "sw1 Gi0/1").action == "drifted"
    assert row(plan, "interfaces", "sw1 Gi0/2").action == "delete"
    history = ask(
        moved.warehouse, lambda con: history_of_name(con, moved.warehouse, "interfaces", "sw1 Gi0/2")
    )
    assert [(one["what"], one["action"]) for one in history if one["kind"] == "write"] == [
        ("applied", "create")
    ]
    # An apply by the old URL can be undone by the new one.
    assert moved.apply_id is not None
    undo = plan_undo(moved.warehouse, moved.config.netbox, moved.apply_id)
    assert row(undo, "interfaces", "sw1 Gi0/2").action == "delete"


def test_what_was_written_to_another_netbox_says_nothing_about_this_one(moved: Pipeline) -> None:
    name_netbox(moved, formerly=[])
    plan = moved.sync()
    assert plan.manifest["gates"] == []
    assert row(plan, "interfaces", "sw1 Gi0/1").action == "update"
    assert row(plan, "interfaces", "sw1 Gi0/2").cause == "removed_not_ours"
    history = ask(
        moved.warehouse, lambda con: history_of_name(con, moved.warehouse, "interfaces", "sw1 Gi0/2")
    )
    assert [one for one in history if one["kind"] == "write"] == []


def test_what_was_approved_for_one_netbox_is_not_written_to_another(
    pipeline: Pipeline, state: LibreNMSState, device: Any
) -> None:
    switch = state.add_device("sw1", hardware="C9300-48P", serial="FOC1")
    device("sw1", serial="FOC1")
    state.add_port(switch, "Gi0/1", ifType="ethernetCsmacd", ifSpeed=1000000000, ifMtu=1500)
    plan = pipeline.sync()
    approve(
        pipeline.warehouse,
        plan,
        list(plan.by_id()),
        who="a",
        through="cli",
        policies=pipeline.endpoint.policies,
    )
    old, new = pipeline.netbox.url, pipeline.netbox.url.replace("127.0.0.1", "localhost")
    name_netbox(pipeline, url=new)
    with pytest.raises(ApprovalError) as refused:
        apply_approved(pipeline.warehouse, pipeline.config.netbox, plan.endpoint, plan, who="a")
    assert str(refused.value) == (
        f"endpoint 'production': the diff was made with the NetBox at {old}, and netbox.url is {new}; run the sync again, or "
        "name the former URL in netbox.formerly if it is the same NetBox"
    )
    assert pipeline.netbox.all("dcim/interfaces", device="sw1") == []
    settings = {"who": "a", "through": "cli", "policies": pipeline.endpoint.policies}
    with pytest.raises(ApprovalError) as not_approved:
        approve(pipeline.warehouse, plan, list(plan.by_id()), target=pipeline.config.netbox, **settings)
    assert str(not_approved.value) == str(refused.value)
    name_netbox(pipeline, formerly=[old])
    apply_approved(pipeline.warehouse, pipeline.config.netbox, plan.endpoint, plan, who="a")
    assert [port["name"] for port in pipeline.netbox.all("dcim/interfaces", device="sw1")] == ["Gi0/1"]
