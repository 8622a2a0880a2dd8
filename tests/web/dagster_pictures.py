"""Makes the picture of Dagster's UI in docs/images from the demo: ``python -m tests.web.dagster_pictures [FOLDER]``.

Needs Chromium, and takes a minute or two.
"""

from __future__ import annotations

import base64
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.defs import browser

DOCS = Path(__file__).parents[2] / "docs" / "images"
# Name of the picture: path, and what is there when the page is complete.
PAGES = {
    "dagster-diff": ("/assets/diff/proxmox/virtual_machines?view=events", "differences"),
}


@contextmanager
def dagster_ui(folder: Path) -> Iterator[str]:
    """The address of Dagster's UI over the demo."""
    command = [sys.executable, "-c", "from netbox_sync_dagster.cli import main; main()"]
    options = ["demo", "--ui", "--dir", str(folder), "--ui-port", "0", "--page-port", "0"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.match(r"Dagster UI: (http://\S+)", line):
                    yield found[1]
                    break
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()


def take(folder: Path) -> None:
    """Write the pictures into ``folder``."""
    with (
        tempfile.TemporaryDirectory() as place,
        dagster_ui(Path(place) / "demo") as url,
        browser.page("about:blank", Path(place) / "browser") as tab,
    ):
        tab.call("Page.enable")
        tab.call(
            "Emulation.setDeviceMetricsOverride", width=1300, height=900, deviceScaleFactor=1, mobile=False
        )
        for name, (path, word) in PAGES.items():
            tab.call("Page.navigate", url=url + path)
            tab.wait(f"document.body.innerText.includes('{word}')")
            # Tables move to their places.
            time.sleep(4)
            shot = tab.call("Page.captureScreenshot", format="png")
            (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
