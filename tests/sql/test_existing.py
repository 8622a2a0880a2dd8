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
