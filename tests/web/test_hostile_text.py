"""Names and descriptions of the source that try to be more than text."""

from __future__ import annotations

import csv
import io
import re

import pytest

from netbox_sync_lab.proxmox import ProxmoxState
from tests.compare.two_clusters import guest
from tests.web.conftest import Site, Visitor

SCRIPT = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
BIDI = "\u202eevil\u2066"


def _anna(site: Site) -> Visitor:
    anna = site.visitor()
    assert "paris" in anna.log_in()
    return anna


class TestHostileText:
    """Names and descriptions of the source that try to be more than text."""

    @pytest.fixture
    def cluster(self) -> ProxmoxState:
        state = ProxmoxState(cluster="paris")
        state.add_node("pve1", network=[])
        names = (SCRIPT, '=HYPERLINK("http://evil")', f"b{BIDI}", "two\nlines", "${7*7}{{7*7}}")
        for number, name in enumerate(names, 101):
            made = guest(
                state, number, name, number - 100, 8, f"{number:08d}-1111-4111-8111-111111111111", "pve1"
            )
            made.config["description"] = f"{name} {SCRIPT}"
            made.config["tags"] = "a;-1+1"
        state.guests[105].config["description"] = "\uff1dHYPERLINK(1)"
        return state

    def test_is_shown_as_text(self, site: Site) -> None:
        anna = _anna(site)
        rows = site.plan().rows
        pages = []
        for path in ("/", "/plans/paris", "/plans/paris?view=objects", "/plans/paris?view=causes"):
            anna.open(path)
            assert anna.status == 200, path
            pages.append(anna.page)
        for row in [row for row in rows if row.resource == "virtual_machines"][:2]:
            if row:
                anna.open("/plans/paris/row", resource=row.resource, key=row.key)
                assert anna.status == 200, row.key
                pages.append(anna.page)
                anna.open("/object", name=row.parent or row.key)
                pages.append(anna.page)
        ids = [row.change_id for row in site.plan().changes]
        anna.open("/plans/paris")
        anna.send("/plans/paris/review", id=ids, decision="approve", diff_id=anna.value("diff_id"))
        pages.append(anna.page)
        anna.send("/plans/paris/decide", key=anna.value("key"), comment=SCRIPT + BIDI)
        site.netbox.fail_next(
            2, status=400, path_prefix="/api/virtualization/virtual-machines/", method="POST"
        )
        anna.apply("paris")
        pages.append(anna.page)
        events = anna.http.get(f"{anna.path}/events").text
        assert "event: end" in events
        assert BIDI[0] not in events
        for path in (
            "/ledger",
            f"/ledger?endpoint={SCRIPT}",
            f"/plans/{SCRIPT[1:7]}",
            f"/plans/paris?text={SCRIPT}&cause={SCRIPT}",
        ):
            anna.open(path)
            pages.append(anna.page)
        for page in pages:
            for bad in ("<script>alert", "<img src=x", 'onerror=alert(2)>"', *BIDI[::5], "{{", "7*7=49"):
                assert bad not in page.replace("${7*7}{{7*7}}", ""), bad
        assert any("\\u202e" in page for page in pages)
        assert any("&lt;script&gt;alert(1)" in page for page in pages)

    def test_is_text_in_exports(self, site: Site) -> None:
        anna = _anna(site)
        table = anna.http.get("/plans/paris/export.csv").text
        for cells in csv.reader(io.StringIO(table)):
            assert len(cells) == 9
            assert not any(cell[:1] in tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20") for cell in cells if cell), (
                cells
            )
        assert BIDI[0] not in table
        text = anna.http.get("/plans/paris/export.md").text
        assert re.search(r"(?<!\\)[<>]", text) is None and BIDI[0] not in text
        plan = anna.http.get("/plans/paris/export.json")
        assert plan.headers["content-type"] == "application/json"
        assert plan.headers["content-disposition"].startswith('attachment; filename="paris-')
        assert BIDI[0] not in plan.text
        assert len(plan.json()["diffs"][0]) > 1
