"""NetBox 4.7 names every object that it refuses a request for, and misses none in silence: the same verdicts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from netbox_sync_lab.netbox import LabNetBox
from tests.apply.conftest import ApplyHarness, NetBoxFixtures
from tests.apply.drafts import Draft
from tests.apply.test_apply import test_a_name_is_freed_before_it_is_taken as a_name_is_freed
from tests.apply.test_refusals import (
    test_a_create_whose_key_is_taken_fails_with_netbox_message as key_is_taken,
)
from tests.apply.test_refusals import test_a_protected_object_is_not_deleted_and_the_others_are as protected
from tests.apply.test_refusals import (
    test_one_invalid_create_among_200_fails_with_netbox_message as one_create,
)
from tests.apply.test_refusals import test_one_invalid_update_among_100_is_found as one_update
from tests.apply.test_stale import test_an_object_that_is_gone_is_stale_for_updates_and_deletes as gone
from tests.support import NetBox

pytestmark = pytest.mark.parametrize("server", ["4.7.0"], indirect=True)


@pytest.mark.parametrize("same", [a_name_is_freed, key_is_taken, protected, one_create, one_update, gone])
def test_as_with_4_6(
    lab_harness: ApplyHarness,
    lab_netbox: NetBox,
    lab_fixtures: NetBoxFixtures,
    same: Callable[[ApplyHarness, NetBox, NetBoxFixtures], None],
) -> None:
    same(lab_harness, lab_netbox, lab_fixtures)


def test_two_requests_find_all_bad_updates_of_a_batch(
    server: LabNetBox, lab_harness: ApplyHarness, lab_netbox: NetBox, lab_fixtures: NetBoxFixtures
) -> None:
    draft = Draft()
    for n in range(40):
        port = lab_netbox.create(
            "dcim/interfaces", device=lab_fixtures.device["id"], name=f"p{n}", type="other"
        )
        draft.update("interfaces", f"p{n}", port, {"mtu": (None, 0 if n in (7, 31) else 9000)})
    result = lab_harness.approve_and_apply(draft.publish(lab_harness.warehouse))

    assert result.counts == {"applied": 38, "stale": 0, "failed": 2, "blocked": 0, "uncertain": 0}
    said = {v.key: v.message for v in result.verdicts if v.verdict == "failed"}
    assert said == dict.fromkeys(("p7", "p31"), "mtu: Ensure this value is greater than or equal to 1.")
    assert server.count("PATCH", "/api/dcim/interfaces/") == 2
