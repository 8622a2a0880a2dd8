"""Natural order: lists for people are sorted as people count, in SQL and in Python alike."""

from __future__ import annotations

import duckdb
import pytest

from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.text import natural_key

LISTS = [
    ["Ethernet1/1", "Ethernet1/2", "Ethernet1/10", "Ethernet1/10/1", "Ethernet2/1"],
    ["sw1 Gi1/0/9", "sw1 Gi1/0/48", "sw2 Gi1/0/1", "sw10 Gi1/0/1"],
    ["10.0.0.9", "10.0.0.10", "10.0.0.100", "10.0.1.1", "192.0.2.1"],
    ["eth", "eth0", "eth0.5", "eth0.100", "eth1"],
    ["vlan 9", "VLAN 10", "vlan 11"],
    ["port 007", "port 7", "port 08"],
    ["9" * 40, "1" + "0" * 40],
    ["", "0", "1"],
]


@pytest.mark.parametrize("names", LISTS, ids=lambda names: names[-1][:20])
def test_numbers_count_as_numbers(names: list[str]) -> None:
    with duckdb.connect() as con:
        con.execute(read_sql("natural.sql"))
        rows = con.execute(
            "SELECT name FROM (SELECT unnest(?) AS name) ORDER BY natural_order(name), name", [names[::-1]]
        ).fetchall()
    assert [name for (name,) in rows] == names
    shuffled = names[::-1]
    assert sorted(shuffled, key=natural_key) == names
