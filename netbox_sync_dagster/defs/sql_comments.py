"""What the SQL says about tables and columns: the comments that people see in DuckDB, for Dagster."""

from __future__ import annotations

import re
from functools import cache

from netbox_sync_dagster.sources.registry import sources
from netbox_sync_dagster.sqlfiles import read_sql

_COMMENT = re.compile(r"comment on (?:view|column) ([\w.\"]+) is\s+'((?:[^']|'')*)';", re.IGNORECASE)


def comment_of(name: str) -> str | None:
    """The comment on ``schema.view`` or ``schema.view.column``; None if there is none."""
    return _comments().get(name)


@cache
def _comments() -> dict[str, str]:
    texts = [read_sql("views/comments.sql"), *(source.comments() for source in sources().values())]
    return {
        name.replace('"', ""): text.replace("''", "'")
        for script in texts
        for name, text in _COMMENT.findall(script)
    }
