"""sync, diff, approve, apply and sync again, as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys

import duckdb
import pytest

from netbox_sync_dagster.compare.run import Comparer
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.locks import EndpointLock, LockHeld
from netbox_sync_dagster.sync import sync_endpoint
from netbox_sync_lab.librenms import LabLibreNMS
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.cli.conftest import Answer, CliHarness
from tests.support import NetBox

SYNCED = """\
nms against NetBox
    custom_fields  1 create
    devices        1 create
    interfaces     2 create
    ip_addresses   1 create
    mac_addresses  1 create
    primary_ips    1 update
    primary_macs   1 update
    vlans          1 create
"""


def tail(answer: Answer) -> str:
    """The last line printed."""
    return answer.out.splitlines()[-1]


def test_the_way_from_sync_to_an_empty_diff(harness: CliHarness, netbox: NetBox, lab: LabNetBox) -> None:
    first = harness.run("sync")
    assert (first.code, first.err) == (0, "")
    synced = first.out
    assert synced.endswith(SYNCED)
    assert "nms: read 26.7.0, 7 rows in " in synced

    assert harness.run("diff", "--exit-code").code == 2
    lab.reset_requests()
    approved = harness.ok("approve", "nms", "--all-creates-and-updates", "--yes")
    assert approved.splitlines()[-1].startswith("approved 9 changes until 20")
    assert approved.endswith(" UTC; next: netbox-sync apply nms\n")
    assert lab.requests == []

    applied = harness.process("apply", "nms", "--yes")
    assert (applied.code, applied.err) == (0, "")
    assert "nms: 9 applied (" in applied.out
    interface = netbox.one("dcim/interfaces", name="Gi0/1")
    assert (interface["description"], interface["mac_address"]) == ("to the roof", "84:BF:20:85:3E:00")
    assert netbox.one("dcim/devices", name="sw1")["primary_ip4"]["address"] == "10.0.0.5/24"

    # What is applied is not offered again, before the next sync neither.
    assert harness.run("diff", "--exit-code").code == 0
    assert harness.ok("apply", "nms", "--yes") == "nms: all approved changes are applied\n"

    assert harness.ok("sync").endswith("\nnms against NetBox: no differences\n")
    assert harness.ok("diff").endswith(" UTC\nno differences\n")
    lab.reset_requests()
    harness.ok("apply", "nms", "--yes")
    assert lab.requests == []


def test_approving_by_id_warns_of_what_is_missing_and_adds_it_on_request(synced: CliHarness) -> None:
    rows = json.loads(synced.ok("diff", "--json"))["diffs"][0]["rows"]
    device = next(row["change_id"] for row in rows if row["resource"] == "devices")

    alone = synced.run("approve", "nms", device[:6], "--yes")
    assert (
        "1 prerequisite is not approved (create custom_fields librenms_id); without it this change will be blocked "
        "(--with-dependencies adds it)\n"
    ) in alone.out
    assert tail(alone).startswith("approved 1 change until ")
    blocked = synced.run("apply", "nms", "--yes")
    assert blocked.code == 1
    assert f"  blocked create devices sw1 [{device[:8]}]: needs " in blocked.out
    assert "nms: 1 blocked (" in blocked.out

    field = next(row["change_id"] for row in rows if row["resource"] == "custom_fields")
    synced.ok("approve", "nms", device, "--with-dependencies", "--yes")
    withdrawn = synced.run("withdraw", "nms", device, "--yes")
    assert withdrawn.out.endswith(
        "withdrew the decisions on 1 change\n1 prerequisite stays approved (create custom_fields librenms_id); to withdraw "
        f"it too: netbox-sync withdraw nms {field[:12]}\n"
    )
    assert tail(synced.run("withdraw", "nms", field[:12], "--yes")) == "withdrew the decisions on 1 change"

    together = synced.run("approve", "nms", device, "--with-dependencies", "--yes")
    assert tail(together).startswith("approved 2 changes until ")
    assert "nms: 2 applied (" in synced.ok("apply", "nms", "--yes")


def test_a_rejected_change_is_not_approved_until_withdrawn(synced: CliHarness) -> None:
    rejected = synced.ok("reject", "nms", "--resource", "vlans", "--who", "bob", "--yes")
    assert rejected.endswith("rejected 1 change\n")

    assert synced.ok("approve", "nms", "--resource", "vlans", "--yes") == (
        "left out 1: rejected\nno matching changes; nothing recorded\n"
    )
    everything = synced.ok("approve", "nms", "--all-creates-and-updates", "--dry-run")
    assert "\nleft out 1: rejected\nleft out 6: needs create vlans " in f"\n{everything}"
    assert everything.splitlines()[-1] == "would approve 2 changes; nothing recorded"
    [vlan] = [
        row["change_id"]
        for row in json.loads(synced.ok("diff", "--json"))["diffs"][0]["rows"]
        if row["resource"] == "vlans"
    ]
    refused = synced.run("approve", "nms", vlan[:8], "--yes")
    assert refused.code == 1
    assert refused.err.startswith("error: change ")
    assert "was rejected by bob on " in refused.err

    assert synced.ok("withdraw", "nms", "--resource", "vlans", "--yes").endswith(
        "withdrew the decisions on 1 change\n"
    )
    again = synced.ok("withdraw", "nms", "--resource", "vlans", "--yes")
    assert again == "left out 1: nobody has decided on it\nnothing was decided; nothing recorded\n"
    synced.ok("approve", "nms", "--resource", "vlans", "--yes")
    assert synced.ok(
        "sql", "--csv", "SELECT who, decision, through FROM ledger.approvals ORDER BY approval_id"
    ) == ("who,decision,through\nbob,reject,cli\nalice,withdraw,cli\nalice,approve,cli\n")


def test_status_apply_and_diff_count_the_same_changes(synced: CliHarness) -> None:
    def waiting() -> tuple[str, int, int]:
        said = synced.ok("apply", "nms").rstrip("\n").split("; ")[-1]
        rows = json.loads(synced.ok("status", "--json"))["endpoints"]
        [number] = [row["waiting"] for row in rows if row["endpoint"] == "nms"]
        return said, number, synced.run("diff", "nms", "--exit-code").code

    assert waiting() == ("9 changes are waiting: netbox-sync diff nms", 9, 2)
    synced.ok("reject", "nms", "--resource", "interfaces,vlans", "--yes")
    assert waiting() == ("6 changes are waiting: netbox-sync diff nms", 6, 2)
    synced.ok("reject", "nms", "--all-creates-and-updates", "--yes")
    assert waiting() == ("nms: nothing is approved", 0, 0)


def test_nothing_is_recorded_or_written_where_nobody_can_be_asked(synced: CliHarness, lab: LabNetBox) -> None:
    lab.reset_requests()

    approve = synced.run("approve", "nms", "--resource", "vlans")
    assert approve.code == 1
    assert approve.err == ("error: not a terminal: use --yes to confirm\n")
    assert synced.ok("sql", "--csv", "SELECT count(*) AS n FROM ledger.approvals") == "n\n0\n"

    synced.ok("approve", "nms", "--resource", "vlans", "--yes")
    apply = synced.run("apply", "nms")
    assert apply.code == 1
    assert "  + create 50 in paris  [" in apply.out
    assert apply.err == ("error: not a terminal: the changes above would be written; use --yes to confirm\n")
    assert lab.requests == []


def test_approving_needs_to_say_what(synced: CliHarness) -> None:
    unsaid = synced.run("approve", "nms", "--yes")
    unknown = synced.run("approve", "nms", "ffffffff", "--yes")
    both = synced.run("approve", "nms", "ffffffff", "--resource", "vlans", "--yes")

    assert (unsaid.code, unknown.code, both.code) == (1, 1, 1)
    assert unsaid.err.startswith("error: say which changes: their ids, a filter")
    assert unknown.err.startswith("error: no change 'ffffffff' in the current diff of 'nms'")
    assert both.err == (
        "error: give change ids or a filter, not both; a device, or a part of it, as a filter: --device NAME --resource RESOURCE\n"
    )


def test_a_change_edited_in_netbox_after_the_diff_is_stale_and_the_edit_stays(
    harness: CliHarness, netbox: NetBox, nms: LabLibreNMS
) -> None:
    harness.configure(policies={"owns": ["interfaces.description"]})
    harness.ok("sync")
    harness.ok("approve", "nms", "--all-creates-and-updates", "--yes")
    harness.ok("apply", "nms", "--yes")
    nms.state.ports[1]["ifAlias"] = "scanner"
    assert harness.ok("sync").endswith("    interfaces  1 update\n")
    harness.ok("approve", "nms", "--field", "description", "--yes")
    interface = netbox.one("dcim/interfaces", name="Gi0/2")
    netbox.edit("dcim/interfaces", interface["id"], description="edited by hand")

    answer = harness.run("apply", "nms", "--yes")

    assert answer.code == 1
    assert '      description: "printer" -> "scanner"' in answer.out
    assert "  stale update interfaces sw1 Gi0/2 [" in answer.out
    assert "nms: 1 stale (" in answer.out
    assert answer.out.endswith(
        "  stale: the object was edited in NetBox after the diff: sync again and review the new diff\n"
    )
    assert netbox.one("dcim/interfaces", name="Gi0/2")["description"] == "edited by hand"


def test_what_somebody_deleted_after_the_apply_is_offered_again(synced: CliHarness, netbox: NetBox) -> None:
    synced.ok("approve", "nms", "--resource", "vlans", "--yes")
    synced.ok("apply", "nms", "--yes")
    question = "SELECT waiting, approved, applied FROM sync.status WHERE endpoint = 'nms'"
    assert synced.ok("sql", "--csv", question) == "waiting,approved,applied\n8,0,1\n"

    netbox.delete("ipam/vlans", netbox.one("ipam/vlans", vid=50)["id"])
    synced.ok("sync")

    # The same content is the same change, but its approval is used up.
    assert synced.ok("sql", "--csv", question) == "waiting,approved,applied\n9,0,0\n"
    assert synced.run("diff", "--resource", "vlans", "--exit-code").code == 2
    assert synced.ok("apply", "nms", "--yes").startswith("nms: nothing is approved; 9 changes")
    synced.ok("approve", "nms", "--resource", "vlans", "--yes")
    assert "nms: 1 applied (" in synced.ok("apply", "nms", "--yes")
    assert netbox.one("ipam/vlans", vid=50)["name"] == "DATA"


def test_policies_approve_after_the_sync(harness: CliHarness) -> None:
    harness.configure(policies={"auto_approve": ["vlans.create"]})

    synced = harness.ok("sync")

    assert synced.endswith("    approved by policy: 1; next: netbox-sync apply nms\n")
    assert "  + create 50 in paris  [" in harness.ok("diff", "--resource", "vlans")
    assert "]  approved\n" in harness.ok("diff", "--resource", "vlans")
    assert harness.ok("apply", "nms", "--yes").splitlines()[-1].startswith("nms: 1 applied (")


def test_the_database_answers_a_client_that_holds_it_through_a_sync(
    synced: CliHarness, nms: LabLibreNMS
) -> None:
    question = "SELECT hostname FROM librenms.devices ORDER BY 1"
    holder = f"""
import duckdb, sys
con = duckdb.connect({str(synced.folder / "data" / "netbox_sync.duckdb")!r}, read_only=True)
print(con.execute({question!r}).fetchall(), flush=True)
sys.stdin.readline()
print(con.execute({question!r}).fetchall(), flush=True)
"""
    command = [sys.executable, "-c", holder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "[('sw1',)]\n"
        nms.state.add_device("sw2", os="ios", hardware="C2960")
        synced.ok("sync")
        assert synced.ok("sql", "--csv", question) == "hostname\nsw1\nsw2\n"
        rest = client.communicate(input="\n", timeout=30)[0]
    assert rest == "[('sw1',), ('sw2',)]\n"

    with duckdb.connect(str(synced.folder / "data" / "netbox_sync.duckdb"), read_only=True) as con:
        fields = con.execute(
            "SELECT before, after, decision FROM diff.fields WHERE resource = 'vlans' AND field = 'name'"
        ).fetchall()
    assert fields == [(None, '"DATA"', "update")]


def test_one_guest_of_a_proxmox_endpoint(harness: CliHarness) -> None:
    state = ProxmoxState(cluster="paris")
    state.add_node("pve1", network=[])
    for vmid, name in ((101, "web"), (102, "mail")):
        state.add_qemu(vmid, node="pve1", name=name)
    with LabProxmox(state) as server:
        harness.environment["PVE_TOKEN"] = server.token_value
        harness.add_endpoint(
            name="pve-paris",
            kind="proxmox",
            url=server.url,
            tls={"ca": server.ca_path},
            user=server.user,
            token_name=server.token_name,
            token_env="PVE_TOKEN",
            cluster_type="access",
            policies={
                "create": ["clusters", "cluster_types", "devices", "custom_fields", "virtual_machines"]
            },
            defaults={"site": "paris", "role": "access", "device_type": "C2960"},
        )
        out = harness.ok("sync", "pve-paris", "--guest", "101")
        assert "pve-paris against NetBox\n    only guest web (101) and what it needs, read " in out
        assert "; the rest of pve-paris, never read, is not shown until the next whole sync: " in out
        shown = harness.ok("diff", "pve-paris")
        assert "web" in shown
        assert "mail" not in shown
        unknown = harness.run("sync", "pve-paris", "--guest", "999")
        assert (unknown.code, "no guest 999" in unknown.err) == (1, True)
        assert "only device sw1 (1) and what it needs" in harness.ok("sync", "nms", "--device", "1")
        assert "--device needs exactly one endpoint" in harness.run("sync", "--guest", "1").err


def test_a_server_that_shows_nothing_is_not_compared(synced: CliHarness, nms: LabLibreNMS) -> None:
    diffs = synced.folder / "data" / "diffs" / "nms"
    before = sorted(path.name for path in diffs.glob("[0-9]*"))
    nms.state.devices.clear()
    nms.state.ports.clear()

    answer = synced.run("sync")

    assert answer.code == 1
    assert answer.err.startswith(
        "error: endpoint 'nms': nothing was compared: LibreNMS shows no device at all; an empty answer does not prove "
        "that anything was removed; "
    )
    assert "against NetBox" not in answer.out
    assert sorted(path.name for path in diffs.glob("[0-9]*")) == before


def test_the_endpoint_is_locked_until_its_comparison_has_ended(
    synced: CliHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBRENMS_TOKEN", synced.environment["LIBRENMS_TOKEN"])
    warehouse = Warehouse(synced.folder / "data")
    config = load_config(synced.folder / "netbox_sync.yaml")
    held_at: list[str] = []

    def say(text: str) -> None:
        with pytest.raises(LockHeld, match=r"endpoint 'nms' is being synced already \(by alice, "):
            EndpointLock.for_sync(warehouse, "librenms", "nms", "bob").__enter__()
        held_at.append(text)

    with Comparer(warehouse, config) as comparer:
        outcome = sync_endpoint(warehouse, config.endpoint("nms"), comparer, who="alice", say=say)

    assert outcome.error is None
    # From the first request to the diff.
    assert held_at[0] == "LibreNMS 26.7.0"
    assert "comparing" in held_at[:-1]
    with EndpointLock.for_sync(warehouse, "librenms", "nms", "bob"):
        pass
