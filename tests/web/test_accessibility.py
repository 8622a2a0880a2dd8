"""axe-core finds no serious or critical fault on any page, in light and in dark."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.defs import browser
from tests.web.conftest import PASSWORD, Site

AXE = find_spec("axe_playwright_python")
_FAULTS = """axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations
  .filter((fault) => ["serious", "critical"].includes(fault.impact))
  .map((fault) => `${fault.id}: ${fault.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`))"""
_PAGES = {
    "/": "#waiting",
    "/plans/paris": "#rows",
    "/plans/paris?view=objects": "table",
    "/plans/paris?view=causes": "table",
    "/changes": "#rows",
    "/plans/paris/row?" + urlencode({"resource": "virtual_machines", "key": "web1"}): "table",
    "/plans/paris/questions?action=blocked": ".list-group",
    "/plans/paris/answers": "table",
    "/object?name=web1": "table",
    "/ledger": "#freeze",
    "/nothing": "h1",
}


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no Chromium here")
@pytest.mark.skipif(AXE is None, reason="the package axe-playwright-python is not installed")
def test_no_page_has_a_serious_fault(site: Site, tmp_path: Path) -> None:
    assert AXE is not None
    assert AXE.origin is not None
    script = Path(AXE.origin).with_name("axe.min.js").read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    with browser.page("about:blank", tmp_path / "browser") as tab:

        def go(path: str, ready: str) -> None:
            tab.call("Page.navigate", url=f"{site.url}{path}")
            tab.wait(
                f"location.href === '{site.url}{path}' && document.readyState === 'complete'"
                f" && !!document.querySelector('{ready}')"
            )

        def look(name: str) -> None:
            for theme in ("light", "dark"):
                tab.run(f"document.documentElement.dataset.bsTheme = '{theme}'")
                # Colours change over a moment.
                tab.run("new Promise((done) => setTimeout(done, 500))")
                found[f"{name} ({theme})"] = tab.run(_FAULTS)

        tab.call("Page.enable")
        # As a user script of the browser, which the page's policy does not forbid.
        tab.call("Page.addScriptToEvaluateOnNewDocument", source=script)
        go("/login", "#user")
        look("/login")
        # It finds faults where there are some.
        bad = "<img src=x><p id=faint>faint</p>"
        tab.run(f"document.querySelector('form').insertAdjacentHTML('afterbegin', '{bad}')")
        tab.run("faint.style.cssText = 'color: #bbb; background: #ccc'")
        assert sorted(fault.partition(":")[0] for fault in tab.run(_FAULTS)) == [
            "color-contrast",
            "image-alt",
        ]
        go("/login?next=/", "#user")
        tab.run(
            f"user.value = 'anna', password.value = '{PASSWORD}',"
            "document.querySelector('form[action=\"/login\"] button').click()"
        )
        tab.wait("document.querySelector('#waiting') && document.readyState === 'complete'")
        for path, ready in _PAGES.items():
            go(path, ready)
            look(path)
        go("/plans/paris?resource=virtual_machines", "#rows")
        tab.run(
            "document.querySelector('#rows input[name=id]').click(),"
            "document.querySelector('#decide button[value=approve]').click()"
        )
        tab.wait("document.querySelector('#record') && document.readyState === 'complete'")
        look("decide")
        tab.run("record.click()")
        tab.wait("document.body.innerText.includes('approved ')")
        tab.run("apply.click()")
        tab.wait("document.body.innerText.includes('Back to the plan')")
        look("apply")
        tab.run("[...document.querySelectorAll('a')].find((a) => a.textContent === 'In the ledger').click()")
        tab.wait("location.pathname.startsWith('/ledger/applies') && document.readyState === 'complete'")
        look("one apply")
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert len(found) == 2 * (len(_PAGES) + 4)
