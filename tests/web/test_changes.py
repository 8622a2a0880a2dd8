"""The list of all endpoints' rows."""

from __future__ import annotations

from tests.web.conftest import PASSWORD, Site


def test_rows_of_all_endpoints_with_filters_and_a_way_to_decide(site: Site) -> None:
    anna = site.visitor()
    anna.log_in()
    text = anna.open("/changes", resource="virtual_machines", state="waiting")
    assert "paris + create virtual machines web1" in text
    assert "Decide in: paris 2" in text
    assert 'href="/plans/paris?resource=virtual_machines&amp;state=waiting"' in anna.page
    assert 'href="/plans/paris/row?resource=virtual_machines&amp;key=web1"' in anna.page
    assert "2 rows" in text
    assert "No rows match these filters." in anna.open("/changes", endpoint="lyon")
    assert "web1" in anna.open("/changes", view="objects")
    assert anna.status == anna.http.get("/changes?view=causes&sort=endpoint").status_code == 200
    anna.approve("paris", *[row.change_id for row in site.plan().changes if row.key == "web1"])
    assert "web1" not in anna.open("/changes", resource="virtual_machines", state="waiting")
    assert "web1" in anna.open("/changes", resource="virtual_machines", state="approved")


def test_nothing_of_what_a_person_may_not_view(site: Site) -> None:
    site.netbox.add_user("eve", PASSWORD, permissions={"virtualization.cluster": {"view"}})
    eve = site.visitor()
    eve.log_in("eve")
    assert "web1" not in eve.open("/changes")
    assert "You may not view" in eve.text


def test_before_the_first_sync(site: Site) -> None:
    anna = site.visitor()
    anna.log_in()
    (site.warehouse.diffs("paris") / "current").unlink()
    assert "No differences." in anna.open("/changes")
