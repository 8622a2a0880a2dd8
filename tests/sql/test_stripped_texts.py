"""Texts that NetBox strips when it saves them are compared as it has them: nothing differs for ever."""

from __future__ import annotations

import pytest

from tests.sql.kinds import guest, interface, machine, paris, port, switch
from tests.sql.test_primary_addresses import wrote


@pytest.mark.parametrize("space", ["\xa0", " ", "\u3000", "\t"])
def test_a_description_that_ends_with_a_space_is_in_step(space: str) -> None:
    estate = switch()
    estate.change("netbox.devices", status="active")
    port(estate, 1, "Gi0/1", ifAlias=f"nbsp{space}")
    interface(estate, 11, "Gi0/1", port=1, description="nbsp")
    wrote(estate, "dcim/interfaces", 11, "description", f"nbsp{space}")
    assert estate.rows() == []


def test_so_are_the_texts_of_a_guest() -> None:
    estate = paris()
    estate.change("netbox.clusters", status="active")
    guest(estate, 101, "web\xa0", description="nbsp\xa0")
    machine(estate, 1, "web", 101, description="nbsp", start_on_boot="off")
    wrote(estate, "virtualization/virtual-machines", 1, "description", "nbsp\xa0")
    assert estate.rows() == []
