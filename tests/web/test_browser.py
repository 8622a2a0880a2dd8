"""The page in a real browser: log in, tick by key, approve, apply, watch; labels, width and what the browser refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.defs import browser
from tests.web.conftest import PASSWORD, Site

# Kept over pages: what the browser refused or what a script threw.
_WATCH = """
for (const name of ["error", "securitypolicyviolation"])
  addEventListener(name, (e) => localStorage.setItem("faults", (localStorage.getItem("faults") || "") + name + " "
    + (e.message || e.violatedDirective || e.target?.src) + "; "), true);
"""
# Neither the page nor a table in it is wider than the window.
_NARROW = (
    "[document.documentElement, ...document.querySelectorAll('.table-responsive')]"
    ".every((part) => part.scrollWidth <= part.clientWidth)"
)


_VIEWS = ("?view=causes", "?view=objects", "/answers", "/row?resource=virtual_machines&key=web1")


@pytest.mark.skipif(browser.CHROMIUM is None, reason="no Chromium here")
def test_the_whole_way(site: Site, tmp_path: Path) -> None:
    def key(name: str) -> str:
        return f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: '{name}', bubbles: true}}))"

    with browser.page("about:blank", tmp_path / "browser") as tab:

        def go(path: str) -> None:
            tab.call("Page.navigate", url=f"{site.url}{path}")
            tab.wait(f"location.href.startsWith('{site.url}') && document.readyState === 'complete'")

        tab.call("Page.enable")
        tab.call("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
        go("/login?next=/plans/paris%3Fresource%3Dvirtual_machines")
        unlabelled = (
            "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
            ".filter((e) => !e.labels?.length && !e.ariaLabel).map((e) => e.outerHTML).join()"
        )
        assert tab.run(unlabelled) == ""
        tab.run(
            f"user.value = 'anna', password.value = '{PASSWORD}',"
            "document.querySelector('form[action=\"/login\"] button').click()"
        )
        tab.wait("document.querySelector('#rows') && document.readyState === 'complete'")
        assert tab.run(unlabelled) == ""
        rows = "[...document.querySelectorAll('#rows tbody tr')]"
        assert tab.run(f"{rows}.length") == 2
        tab.call(
            "Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=True
        )
        narrow = {"plan": tab.run(_NARROW)}
        # Nothing can be decided before something is ticked.
        able = "[...document.querySelectorAll('#decide button')].filter((b) => !b.disabled && !b.hidden).map((b) => b.value)"
        assert tab.run(able) == []
        # The second row by keys, then its page and back: the tick is kept.
        tab.run(f"{key('j')}, {key('j')}, {key('x')}")
        assert tab.run("ticked.textContent") == "1 ticked"
        assert tab.run(able) == ["approve", "reject"]
        for path in ("/", "/ledger", *(f"/plans/paris{view}" for view in _VIEWS)):
            go(path)
            narrow[path] = tab.run(_NARROW)
            assert tab.run(unlabelled) == ""
        # Rows that cannot be approved, and the one that is ticked elsewhere.
        go("/plans/paris?action=blocked")
        assert tab.run(f"[ticked.textContent, {able}]") == ["1 ticked", ["approve", "reject", "withdraw"]]
        go("/plans/paris?resource=virtual_machines")
        assert tab.run("ticked.textContent") == "1 ticked"
        tab.run(f"{key('a')}")
        tab.wait("document.querySelector('#record') && document.readyState === 'complete'")
        narrow["decide"] = tab.run(_NARROW)
        tab.run("record.click()")
        tab.wait("document.body.innerText.includes('approved ')")
        tab.run("document.querySelector('form[action$=\"/apply\"] button').click()")
        tab.wait("document.body.innerText.includes('Back to the plan')")
        assert tab.run("document.body.innerText").count("applied") > 1
        narrow["apply"] = tab.run(_NARROW)
        assert tab.run("localStorage.getItem('faults')") is None
        assert [name for name, fits in narrow.items() if not fits] == []
    assert len(list(site.netbox.store.rows("virtualization.virtualmachine"))) == 1
