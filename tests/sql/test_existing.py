"""What the limit of a plan is a share of: everything of the endpoint that NetBox has, shown or removed."""

from __future__ import annotations

import pytest

from tests.sql.kinds import guest, machine, paris


@pytest.mark.parametrize("shown", [0, 4])
def test_machines_that_the_source_no_longer_shows_count(shown: int) -> None:
    estate = paris()
    for number in range(101, 161):
        machine(estate, number, f"web{number}", number)
        estate.ours("virtualization/virtual-machines", number)
    for number in range(101, 101 + shown):
        guest(estate, number, f"web{number}")
    deletes = [r for r in estate.rows() if (r.resource, r.action) == ("virtual_machines", "delete")]
    assert len(deletes) == 60 - shown
    # With fewer than ten there is no limit, and four are left.
    assert estate.existing()["virtual_machines"] == 60


def test_the_plugins_records_of_this_endpoints_guests_count() -> None:
    estate = paris()
    guest(estate, 101, "web")
    machine(estate, 1, "web", 101)
    machine(estate, 2, "elsewhere", 999, cluster_id=2)
    for number, owner in ((1, 1), (2, 1), (3, 2)):
        estate.add(
            "netbox.proxbox_backups", id=number, virtual_machine_id=owner, storage="s", volume_id=f"v{number}"
        )
    estate.add("netbox.proxbox_snapshots", id=1, virtual_machine_id=1, name="before")
    estate.add("netbox.proxbox_storages", id=1, cluster_id=1, name="s")
    estate.add("netbox.proxbox_storages", id=2, cluster_id=2, name="s")
    found = estate.existing()
    assert {name: found[name] for name in ("backups", "snapshots", "storages")} == {
        "backups": 2,
        "snapshots": 1,
        "storages": 1,
    }
