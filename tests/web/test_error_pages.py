"""Pages that say what went wrong: with the way back, and only what the plan has to choose from."""

from __future__ import annotations

import re

import pytest

from netbox_sync_dagster.web.security import way_back
from tests.web.conftest import Site


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (None, None),
        ("http://127.0.0.1/", None),
        ("http://127.0.0.1/plans/a/row?resource=devices&key=b", "/plans/a/row?resource=devices&key=b"),
        ("http://127.0.0.1/plans/a/review", "/plans/a"),
        ("http://127.0.0.1/plans/a/answer", "/plans/a"),
        ("http://127.0.0.1//evil.example.com/x", None),
        ("javascript:alert(1)", None),
    ],
)
def test_the_way_back_is_a_page_of_this_site(referer: str | None, back: str | None) -> None:
    assert way_back(referer) == back


def test_pages_that_are_not_found_have_the_navigation(site: Site) -> None:
    visitor = site.visitor()
    assert visitor.open("/nothing").endswith("There is no such page. Overview")
    visitor.log_in()
    for path in ("/nothing", "/plans/nowhere", "/plans/paris/row?resource=devices&key=none"):
        text = visitor.open(path)
        assert visitor.status == 404
        assert "Overview Changes Ledger" in text and "Log out" in text


def test_a_wrong_token_leaves_the_field_of_the_token_open(site: Site) -> None:
    visitor = site.visitor()
    visitor.open("/login")
    assert '<details class="mb-3">' in visitor.page
    visitor.send("/login", token="wrong")
    assert visitor.status == 401
    assert '<details class="mb-3" open>' in visitor.page
    visitor.open("/login")
    visitor.send("/login", user="anna", password="wrong")
    assert '<details class="mb-3">' in visitor.page


def test_the_filter_offers_the_resources_of_the_plan(site: Site) -> None:
    visitor = site.visitor()
    visitor.log_in()
    for path in ("/plans/paris", "/plans/paris?action=create"):
        visitor.open(path)
        [select] = re.findall(r'<select class="form-select" name="resource".*?</select>', visitor.page, re.S)
        tabs = re.findall(
            r"resource=(\w+)", visitor.page.partition('class="resource-tabs"')[2].partition("</nav>")[0]
        )
        assert sorted(re.findall(r'value="(\w+)"', select)) == sorted(set(tabs))
        assert "virtual_machines" in tabs
        assert "cables" not in tabs
