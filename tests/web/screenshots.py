"""Makes the pictures of docs/images from the demo's estate: ``python -m tests.web.screenshots [FOLDER [WIDTH ...]]``.

Needs Chromium. With widths, every page is made in light and dark, to be looked at; without, only the pictures of the docs.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.compare.plan import load_plan
from netbox_sync_dagster.demo.servers import PAGE_LOGIN, Lab
from netbox_sync_dagster.storage import Warehouse
from tests.defs import browser
from tests.web.conftest import Visitor, served

DOCS = Path(__file__).parents[2] / "docs" / "images"
# Name of the picture, address.
PAGES = {
    "overview": "/",
    "plan": "/plans/pve-paris?state=waiting",
    "causes": "/plans/librenms?view=causes",
    "objects": "/plans/librenms?view=objects",
    "changes": "/changes?action=conflict",
    "row": "/plans/librenms/row?" + urlencode({"resource": "devices", "key": "par-acc1"}),
    "object": "/object?name=par-acc1",
    "decide": "",
    "apply": "",
    "ledger": "/ledger",
    "login": "/login",
    "error": "/nothing",
}
# Pixels of a page that are looked at.
_TALLEST = 1_800
_IN_DOCS = ("overview", "plan", "decide", "row")


@contextmanager
def demo_page(folder: Path) -> Iterator[tuple[str, Warehouse]]:
    """The review page over the demo's estate after its first sync, with one endpoint applied: its address."""
    with Lab(folder) as lab:
        home = folder / "data"
        os.environ.update(lab.environment)
        for words in (
            ["sync"],
            ["approve", "pve-lyon", "--all-creates-and-updates", "--override-limit", "first sync", "--yes"],
            ["apply", "pve-lyon", "--yes"],
            ["sync"],
        ):
            assert run(words) == 0
        with served(lab.config_path, Warehouse(home)) as url:
            yield url, Warehouse(home)


def take(folder: Path, widths: list[int]) -> None:
    """Write the pictures into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, demo_page(Path(place) / "demo") as (url, warehouse):
        visitor = Visitor(url)
        visitor.log_in(*PAGE_LOGIN)
        ids = [row.change_id for row in load_plan(warehouse, "pve-paris").changes]
        with browser.page("about:blank", Path(place) / "browser") as tab:
            _log_in(tab, url)
            for theme in ("light", "dark") if widths else ("light",):
                for width in widths or [1200]:
                    tab.call(
                        "Emulation.setDeviceMetricsOverride",
                        width=width,
                        height=900,
                        deviceScaleFactor=1,
                        mobile=width < 600,
                    )
                    for name, path in PAGES.items():
                        if not widths and name not in _IN_DOCS:
                            continue
                        _open(tab, url, name, path, ids, theme)
                        file = f"{name}-{theme}-{width}.png" if widths else f"{name}.png"
                        _picture(tab, folder / file, whole=bool(widths))


def _log_in(tab: browser.Page, url: str) -> None:
    tab.call("Page.enable")
    _go(tab, f"{url}/login")
    user, password = PAGE_LOGIN
    tab.run(
        f"user.value = '{user}', password.value = '{password}',"
        "document.querySelector('form[action=\"/login\"] button').click()"
    )
    tab.wait("document.querySelector('#waiting') && document.readyState === 'complete'")


def _go(tab: browser.Page, url: str) -> None:
    tab.call("Page.navigate", url=url)
    tab.wait(f"location.href === '{url}' && document.readyState === 'complete'")


def _open(tab: browser.Page, url: str, name: str, path: str, ids: list[str], theme: str) -> None:
    tab.run(f"localStorage.setItem('theme', '{theme}')")
    if name == "decide":
        _go(tab, f"{url}/plans/pve-paris?resource=virtual_machines")
        tab.run(
            "[...document.querySelectorAll('#rows input[name=id]')].slice(0, 4).forEach((box) => box.click()),"
            "document.querySelector('#decide button[value=approve]').click()"
        )
        tab.wait("document.querySelector('#record') && document.readyState === 'complete'")
    elif name == "apply":
        tab.run("record.click()")
        tab.wait("document.body.innerText.includes('approved ')")
        tab.run("document.querySelector('#apply').click()")
        tab.wait(
            "document.body.innerText.includes('Back to the plan')"
            " || document.body.innerText.includes('No approved change')"
        )
    else:
        _go(tab, f"{url}{path}")


def _picture(tab: browser.Page, file: Path, *, whole: bool) -> None:
    width, height = tab.run("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, _TALLEST if whole else 900), "scale": 1}
    shot = tab.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole, clip=clip)
    file.write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS, [int(width) for width in sys.argv[2:]])
