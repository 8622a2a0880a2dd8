"""The notebook in docs/notebooks, on a warehouse in which something differs, was written and was refused."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CliHarness
from tests.support import NetBox

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "ten_questions.py"


def answers(home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], list[str]]:
    """What the notebook's cells define, after all ran, and the titles of its plots."""
    monkeypatch.setenv("NETBOX_SYNC_HOME", str(home))
    spec = importlib.util.spec_from_file_location("ten_questions", NOTEBOOK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shown, defined = module.app.run()
    plots = [one.to_dict() for one in shown if hasattr(one, "mark_bar")]
    return dict(defined), [plot["title"] for plot in plots]


def test_the_notebook_answers_its_questions(
    synced: CliHarness, netbox: NetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, plots = answers(synced.folder / "data", monkeypatch)
    assert "2. What differs from NetBox?" in plots
    assert found["status"].set_index("endpoint").loc["nms", "state"] == "changes waiting"
    assert int(found["drift"]["rows"].sum()) == 9
    assert found["written"].empty

    synced.ok("approve", "nms", "--all-creates-and-updates", "--yes", "--who", "ada")
    synced.ok("apply", "nms", "--yes")
    netbox.http.patch(
        f"dcim/interfaces/{netbox.one('dcim/interfaces', name='Gi0/1')['id']}/",
        json={"description": "by hand"},
    )
    synced.ok("sync")
    found, plots = answers(synced.folder / "data", monkeypatch)
    assert plots == [
        "2. What differs from NetBox?",
        "5. How many days have differences been there?",
        "6. How much was written, and by whom?",
        "8. Does the drift grow or shrink?",
        "10. What did netbox-sync create?",
    ]
    assert found["written"]["changes"].tolist() == [9]
    assert found["created"].set_index("object_type").loc["dcim/interfaces", "objects"] == 2
    assert found["course"]["rows"].tolist()[0] == 9
    assert found["drift"][["resource", "action", "rows"]].values.tolist() == [["interfaces", "drifted", 1]]
    assert found["refused"].empty
