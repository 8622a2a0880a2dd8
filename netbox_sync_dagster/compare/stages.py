"""What the stages of a comparison share: the shapes of their rows, and what large estates need."""

from __future__ import annotations

# The desired tables that grow with the estate go straight into their file, and later stages read that: DuckDB
# reads only the columns that are asked for, and nothing is held twice.
SPILLED_TO_PARQUET = frozenset({"interfaces"})
# A stage that runs in slices takes so many rows at a time: all fields of half a million new interfaces are more than
# DuckDB may hold at once.
SLICE_ROWS = 50_000
# The fields of a row on its way through the stages: a reason holds the cause, its parameters and what it leads to in one
# text (compare/causes.py) until the row is written.
_FIELDS = "STRUCT(field VARCHAR, before VARCHAR, after VARCHAR, decision VARCHAR, reason VARCHAR)[]"
# The columns of every diff table.
DIFF_SHAPE = (
    "(resource VARCHAR, key VARCHAR, parent VARCHAR, object_type VARCHAR, netbox_id BIGINT, target VARCHAR,"
    f" last_updated VARCHAR, action VARCHAR, reason VARCHAR, fields {_FIELDS})"
)
# Those of what sql/plan/evaluated.sql says of the updates.
EVALUATED_SHAPE = f"(resource VARCHAR, key VARCHAR, fields {_FIELDS}, any_update BOOLEAN, any_conflict BOOLEAN, reasons VARCHAR)"
# Those of diff.rule_values: what the user's rules set.
RULE_VALUES_SHAPE = (
    "(resource VARCHAR, key VARCHAR, parent VARCHAR, object_type VARCHAR, netbox_id BIGINT, last_updated VARCHAR,"
    " field VARCHAR, before VARCHAR, after VARCHAR, problem VARCHAR)"
)
