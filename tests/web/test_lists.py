"""Lists of rows and the pages that they lead to: headings, titles, and words that stay apart."""

from __future__ import annotations

import re

from tests.support import NetBox
from tests.web.conftest import Site, Visitor

# A letter, quote or bracket on each side of the tags of inline elements, without a space.
_JOINED = re.compile(r'[\w")](?:</?(?:a|b|code|del|em|ins|small|span|strong)\b[^>]*>)+[\w("]')
# The sign of an action has a width, and buttons and badges of a header have a gap between them.
_APART = re.compile(r'<span class="sign"[^>]*>.</span>|<a class="(?:btn|badge)[^>]*>')


def _anna(site: Site) -> Visitor:
    anna = site.visitor()
    anna.log_in()
    return anna


def test_each_card_of_a_row_has_its_own_title(drifted: Site) -> None:
    anna = _anna(drifted)
    anna.open("/plans/paris/row", resource="virtual_machines", key="web1")
    titles = re.findall(r'class="card-title">([^<]*)<', anna.page)
    changed = "memory: changed in NetBox since netbox-sync wrote it; the source is unchanged"
    assert titles == [
        changed,
        "The row as a whole",
        "Fields",
        "What it is based on",
        "History of this object",
    ]


def test_lists_say_what_rows_belong_to(site: Site) -> None:
    """Rows belong to device types and VLAN groups too."""
    anna = _anna(site)
    for path in ("/plans/paris", "/changes"):
        assert "Object Belongs to Fields" in anna.open(path)
        assert "By device, VM, … By cause" in anna.text
        assert "Belongs to Rows By action" in anna.open(path, view="objects")
    assert anna.http.get("/plans/paris/export.csv").text.startswith("action,resource,key,belongs to,")


def test_words_stay_apart(drifted: Site) -> None:
    anna = _anna(drifted)
    pages = {
        "/": "",
        "/plans/paris": "memory 1024 → 2048 (drifted, not written)",
        "/plans/paris?view=causes": "",
        "/plans/paris?view=objects": "",
        "/plans/paris/row?resource=virtual_machines&key=web1": "",
        "/plans/paris/questions": "",
        "/plans/paris/answers": "",
        "/changes": "",
        "/object?name=web1": "",
        "/ledger": "",
    }
    for path, sentence in pages.items():
        assert sentence in anna.open(path), anna.text
        assert _JOINED.findall(_APART.sub(" ", anna.page)) == [], path


def test_the_page_of_a_row_says_each_cause_once(drifted: Site) -> None:
    anna = _anna(drifted)
    shown = anna.open("/plans/paris/row", resource="virtual_machines", key="web1")
    assert shown.count("changed in NetBox since netbox-sync wrote it") == 1
    assert "What helps: " in shown
    assert "cause: changed_in_netbox" in shown
    assert "{" not in shown.partition("What it is based on")[0]


def test_the_history_of_a_row_names_the_endpoint_and_the_values(drifted: Site) -> None:
    anna = _anna(drifted)
    shown = anna.open("/plans/paris/row", resource="virtual_machines", key="web1")
    history = shown.partition("History of this object")[2]
    applied, _, approved = history.partition("approve create")
    assert re.search(
        r"applied create on [-\d]+ [:\d]+ UTC, endpoint paris ?, approved by anna: apply", applied
    )
    assert 'name: "web1"' in applied
    assert re.search(r" by anna through cli on [-\d]+ [:\d]+ UTC, endpoint paris$", approved.rstrip())


def test_a_row_without_fields_and_without_an_object_in_the_source(drifted: Site) -> None:
    netbox = NetBox(drifted.netbox.url, drifted.netbox.token)
    web1 = netbox.one("virtualization/virtual-machines", name="web1")
    netbox.create("virtualization/interfaces", virtual_machine=web1["id"], name="spare")
    drifted.sync()
    anna = _anna(drifted)
    anna.open("/plans/paris/row", resource="vm_interfaces", key="web1 spare (gone)")
    assert "The source shows no object of this name." in anna.text
    assert re.findall(r'class="card-title">([^<]*)<', anna.page) == [
        "Your answer",
        "What it is based on",
        "History of this object",
    ]
    assert "<table" not in anna.page
