"""What an endpoint's policies allow."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from netbox_sync_dagster.config.policies import CREATED_BY_DEFAULT, Policies


def test_also_create_adds_to_the_default_and_create_replaces_it() -> None:
    assert "device_types" not in CREATED_BY_DEFAULT
    assert set(Policies(also_create=["device_types"]).may_create) == {*CREATED_BY_DEFAULT, "device_types"}
    assert Policies(create=["device_types"]).may_create == ["device_types"]
    both = Policies(create=["devices"], also_create=["device_types"])
    assert set(both.may_create) == {"devices", "device_types"}


def test_a_resource_that_is_nearly_named_is_suggested() -> None:
    with pytest.raises(ValidationError, match="'device_type' is not a resource; did you mean 'device_types'"):
        Policies(also_create=["device_type"])
