"""Custom fields that NetBox (4.7 and newer) is still deleting or providing in the background: rules on rows."""

from __future__ import annotations

import pytest

from tests.sql.kinds import port, switch, told


@pytest.mark.parametrize("status", ["deleting", "provisioning"])
def test_nothing_is_written_to_a_field_until_netbox_has_finished_with_it(status: str) -> None:
    estate = switch()
    estate.change(
        "netbox.custom_fields", "librenms_id", status=status, object_types=["dcim.device", "dcim.interface"]
    )
    port(estate, 1, "Gi0/1")
    said = told(estate, "custom_fields", "interfaces")
    pending = f"NetBox is still {status} the custom field librenms_id in the background"
    assert said == {
        "librenms_id": ("blocked", pending),
        "sw1 Gi0/1": ("blocked", f'needs custom_fields "librenms_id", which is blocked ({pending})'),
    }


def test_an_active_field_is_written() -> None:
    estate = switch()
    estate.change(
        "netbox.custom_fields", "librenms_id", status="active", object_types=["dcim.device", "dcim.interface"]
    )
    port(estate, 1, "Gi0/1")
    assert told(estate, "custom_fields", "interfaces") == {}
    assert [r.action for r in estate.rows() if r.resource == "interfaces"] == ["create"]
