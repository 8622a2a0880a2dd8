"""Texts that NetBox strips when it saves them are compared as it has them: nothing differs for ever."""

from __future__ import annotations

from functools import cache

import pytest

from tests.sql.kinds import guest, interface, machine, paris, port, switch
from tests.sql.test_primary_addresses import wrote

SPACES = ["\xa0", " ", "\u3000", "\t"]


@cache
def of_ports() -> list[str]:
    """The keys of all rows: port Gi0/1, Gi0/2 ... has a description that ends with the first, second ... of SPACES."""
    estate = switch()
    estate.change("netbox.devices", status="active")
    for number, space in enumerate(SPACES, 1):
        port(estate, number, f"Gi0/{number}", ifAlias=f"nbsp{space}")
        interface(estate, 10 + number, f"Gi0/{number}", port=number, description="nbsp")
        wrote(estate, "dcim/interfaces", 10 + number, "description", f"nbsp{space}")
    return [r.key for r in estate.rows()]


@pytest.mark.parametrize("number", range(1, len(SPACES) + 1), ids=lambda number: repr(SPACES[number - 1]))
def test_a_description_that_ends_with_a_space_is_in_step(number: int) -> None:
    assert f"sw1 Gi0/{number}" not in of_ports()


def test_so_are_the_texts_of_a_guest() -> None:
    estate = paris()
    estate.change("netbox.clusters", status="active")
    guest(estate, 101, "web\xa0", description="nbsp\xa0")
    machine(estate, 1, "web", 101, description="nbsp", start_on_boot="off")
    wrote(estate, "virtualization/virtual-machines", 1, "description", "nbsp\xa0")
    assert estate.rows() == []
