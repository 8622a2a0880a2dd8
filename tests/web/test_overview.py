"""The overview: what waits for the person who looks, and when endpoints are synced next."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.web.conftest import PASSWORD, Site


def configure(site: Site, **changes: Any) -> None:
    content = json.loads(site.config_path.read_text())
    content["endpoints"][0] |= changes
    site.config_path.write_text(json.dumps(content))


def test_open_changes_are_those_that_the_person_may_write(site: Site) -> None:
    anna = site.visitor()
    number = len(site.plan().changes)
    text = anna.log_in()
    assert f"What waits for me {number} changes of paris to decide on 1 row of paris asks something" in text
    site.netbox.add_user("vms", PASSWORD, permissions={"virtualization.virtualmachine": {"view", "add"}})
    assert "What waits for me 2 changes of paris to decide on" in site.visitor().log_in("vms")
    site.netbox.add_user("eve", PASSWORD, permissions={"virtualization.virtualmachine": {"view"}})
    assert "What waits for me Nothing." in site.visitor().log_in("eve")


def test_approvals_that_need_another_person(site: Site) -> None:
    policies = {"create": ["virtual_machines"], "second_approver": True}
    configure(site, policies=policies)
    site.netbox.add_user("bob", PASSWORD, superuser=True)
    anna, bob = site.visitor(), site.visitor()
    anna.log_in()
    bob.log_in("bob")
    [vm] = [
        row.change_id
        for row in site.plan().changes
        if row.key == "web1" and row.resource == "virtual_machines"
    ]
    anna.open("/plans/paris")
    anna.send("/plans/paris/review", id=[vm], decision="approve", diff_id=anna.value("diff_id"))
    anna.send("/plans/paris/decide", key=anna.value("key"))
    assert "1 approved change of paris needs another person" in bob.open("/")
    assert "needs another person" not in anna.open("/")
    # Only members of the groups are asked where groups are named.
    configure(site, policies={"create": ["virtual_machines"], "approvers": {"groups": ["net-team"]}})
    assert "another person" not in bob.open("/")


def test_when_it_is_synced_next(site: Site) -> None:
    anna = site.visitor()
    assert "by hand" in anna.log_in()
    configure(site, interval=36_000)
    # The offset in the interval depends on the endpoint's name, so the time left depends on the time of day.
    assert re.search(r" (in \d+ (h|min|s)|due) ", anna.open("/"))
