"""The columns of the desired tables, from ``sql/desired/tables.sql``."""

from __future__ import annotations

import re
from functools import cache

from netbox_sync_dagster.sqlfiles import read_sql
from netbox_sync_dagster.storage.tables import Columns

_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(r"create table desired\.(\w+) \(([^;]*)\);")


@cache
def desired_columns() -> dict[str, Columns]:
    """{table: columns} of the desired tables, endpoint first, as the comparison keeps them.

    Read from the text, which has one name and one type per column: every command needs them, and a database that
    creates the tables takes ten times as long.
    """
    found: dict[str, Columns] = {}
    for table, columns in _TABLE.findall(_COMMENT.sub("", read_sql("desired/tables.sql"))):
        pairs = (column.split() for column in columns.split(","))
        found[table] = {"endpoint": "VARCHAR", **{name: kind.upper() for name, kind in pairs}}
    return dict(sorted(found.items()))
