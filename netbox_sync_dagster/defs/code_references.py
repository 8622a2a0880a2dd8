"""Code references of assets: the function that makes them, and the SQL files of a diff."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import dagster as dg

from netbox_sync_dagster.sqlfiles import sql_root


def code_references(function: Callable[..., Any], sql: Iterable[str] = ()) -> dict[str, Any]:
    """Definition metadata: the SQL files of an asset, then the function that defines it.

    ``with_source_code_references`` parses the function's file for each definition, and copies all specs.
    """
    references: list[Any] = [
        *(
            dg.LocalFileCodeReference(file_path=str(sql_root() / file), line_number=1, label=f"sql/{file}")
            for file in sql
        ),
        _reference(function),
    ]
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=references)}


@cache
def _reference(function: Callable[..., Any]) -> dg.LocalFileCodeReference:
    code = function.__code__
    return dg.LocalFileCodeReference(file_path=code.co_filename, line_number=code.co_firstlineno)
