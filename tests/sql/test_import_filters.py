"""Which devices of LibreNMS may be imported."""

from __future__ import annotations

import pytest

from netbox_sync_dagster.sqlfiles import read_sql
from tests.sql.rules import Rules


@pytest.mark.parametrize(
    "chosen",
    [
        {"location": ["Paris"]},
        {"type": ["network"]},
        {"hardware": ["C9300-48P"]},
        {"hostname": ["sw[0-9]+"]},
        {"location": ["Paris", "Nice"], "os": ["ios"]},
    ],
)
def test_import_filters(chosen: dict[str, list[str]]) -> None:
    """Each line must match; a hostname as a whole."""
    rules = Rules("librenms", import_devices=chosen)
    for number, name, place, kind, hardware, os in (
        (1, "sw1", "Paris", "network", "C9300-48P", "ios"),
        (2, "old-sw2", "Lyon", "server", "X", "linux"),
    ):
        content = {"location": place, "type": kind, "hardware": hardware, "os": os}
        rules.put("librenms.devices", device_id=number, hostname=name, sysName=name, **content)
    found = rules.rows(
        f"SELECT key, not_imported FROM ({read_sql('desired/librenms/devices.sql')}) ORDER BY key"
    )
    assert found == [
        ("old-sw2", "not in NetBox, and the import filter of this endpoint leaves it out"),
        ("sw1", None),
    ]
