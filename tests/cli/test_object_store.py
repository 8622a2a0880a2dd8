"""sync, diff, approve and apply, each on another machine; they share an object store and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from netbox_sync_lab.netbox import LabNetBox
from tests.cli.conftest import CliHarness
from tests.object_store import BUCKET_URL, s3_server


def test_every_step_on_another_machine(bare: CliHarness, lab: LabNetBox, tmp_path: Path) -> None:
    with s3_server() as environment:

        def machine(name: str) -> CliHarness:
            there = {"NETBOX_SYNC_HOME": BUCKET_URL, "NETBOX_SYNC_CACHE": str(tmp_path / name)}
            return replace(bare, environment={**bare.environment, **environment, **there})

        assert machine("a").ok("sync").startswith("NetBox: read ")
        assert machine("b").ok("diff").endswith("7 create, 2 update\n")
        assert "approved 9 changes" in machine("b").ok("approve", "nms", "--all-creates-and-updates", "--yes")
        applied = machine("c").ok("apply", "nms", "--yes")
        assert "nms: 9 applied (" in applied
        lab.reset_requests()
        # Every machine knows what the others have done.
        for name in ("a", "b", "c", "d"):
            assert machine(name).ok("apply", "nms", "--yes") == "nms: all approved changes are applied\n"
        assert [request for request in lab.requests if request.method != "GET"] == []
        assert machine("d").ok("sync").endswith("\nnms against NetBox: no differences\n")
        counted = machine("d").ok(
            "sql", "--csv", "SELECT verdict, count(*) AS n FROM ledger.verdicts GROUP BY ALL"
        )
        assert counted == "verdict,n\napplied,9\n"
        read = machine("e").ok(
            "sql", "--csv", "SELECT count(DISTINCT snapshot_id) AS n FROM history.librenms_devices"
        )
        assert read == "n\n2\n"
        apply_id = machine("d").ok("sql", "--csv", "SELECT apply_id FROM ledger.applies").split()[1]
        machine("a").ok("undo", apply_id)
        assert f"undo-{apply_id}" in machine("b").ok("diff", f"undo-{apply_id}")
    assert not (bare.folder / "data").exists()
