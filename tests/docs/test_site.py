"""The documentation site: it builds without a warning, every link leads somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests.docs.commands import ROOT

# What zensical does with links to pages and anchors is its own; this looks at what it makes of all of them.
_ELSEWHERE = re.compile(r"^(?:https?:|mailto:|data:|#$)")
# Markdown that was not taken as such, usually for a missing empty line or an indentation that is not four spaces.
_LEFT = re.compile(r"```|<p>[^<]*\n(?:[-*] |\d+\. )")


class _Page(HTMLParser):
    """Anchors, links, and what the page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.add(given["href"])
        elif "src" in given:
            self.loads.add(given["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, _Page]:
    return {
        file: _Page(file.read_text(encoding="utf-8"))
        for file in site.glob("*.html")
        if file.name != "404.html"
    }


def broken(pages: dict[Path, _Page]) -> list[str]:
    """Links to files and anchors of the site that do not exist, with their pages."""
    found = []
    for file, page in pages.items():
        for link in page.links | page.loads:
            if _ELSEWHERE.match(link):
                continue
            path, anchor = urldefrag(link)
            target = (file.parent / unquote(path)).resolve() if path else file
            there = target in pages and (not anchor or unquote(anchor) in pages[target].anchors)
            if not there and (anchor or not target.is_file()):
                found.append(f"{file.name}: {link}")
    return sorted(found)


def test_every_link_leads_to_a_page_an_anchor_or_a_file(pages: dict[Path, _Page]) -> None:
    assert broken(pages) == []


def test_a_broken_link_is_found(site: Path) -> None:
    bad = _Page(
        '<a href="nowhere.html">a</a> <a href="sql.html#nowhere">b</a> <img src="images/nowhere.png">'
    )
    sql = _Page((site / "sql.html").read_text(encoding="utf-8"))
    assert broken({site / "index.html": bad, site / "sql.html": sql})[:3] == [
        "index.html: images/nowhere.png",
        "index.html: nowhere.html",
        "index.html: sql.html#nowhere",
    ]


def test_the_site_loads_nothing_from_elsewhere(pages: dict[Path, _Page]) -> None:
    assert {
        load for page in pages.values() for load in page.loads if re.match(r"(?:https?:)?//", load)
    } == set()


def test_all_markdown_is_rendered(site: Path) -> None:
    for file in site.glob("*.html"):
        left = _LEFT.search(file.read_text(encoding="utf-8"))
        assert left is None, f"{file.name}: {left[0]}"


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert {file.name for file in ROOT.glob("docs/*.md")} == set(
        re.findall(r"[\w-]+\.md$", menu, re.MULTILINE)
    )


def test_nothing_of_the_text_is_taken_as_markup(site: Path) -> None:
    """`{because}` was an attribute list, and `<vmid>` would be a tag that no browser shows."""
    for file in ROOT.glob("docs/*.md"):
        text = re.sub(r"<!--.*?-->", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        shown = unescape(re.sub(r"<[^>]+>", "", (site / f"{file.stem}.html").read_text(encoding="utf-8")))
        lost = {word for word in re.findall(r"\{[a-z_:]+\}", text) if text.count(word) > shown.count(word)}
        assert lost == set(), file.name
        plain = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
        assert re.findall(r"<[a-z/][^>]*>", plain) == [], file.name
