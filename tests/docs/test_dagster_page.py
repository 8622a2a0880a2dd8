"""The configurations on docs/dagster.md are ones that the jobs take."""

from __future__ import annotations

import re

from ruamel.yaml import YAML

from netbox_sync_dagster.defs.jobs.approve_job import Decide
from netbox_sync_dagster.defs.jobs.resolve_job import Resolve
from tests.docs.commands import ROOT

OPS = {"decide": Decide, "answer_question": Resolve}


def test_the_jobs_take_what_the_page_shows() -> None:
    page = (ROOT / "docs/dagster.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n( *ops:\n.*?)```", page, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        ((name, op),) = YAML(typ="safe").load(block)["ops"].items()
        assert OPS[name](**op["config"]).model_extra in ({}, None)
        assert set(op["config"]) <= set(OPS[name].model_fields)
