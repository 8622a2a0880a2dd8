"""Code references of assets: the SQL files of a diff, in addition to the function that Dagster finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg

from netbox_sync_dagster.compare.graph import desired_stages
from netbox_sync_dagster.defs.keys import Kind
from netbox_sync_dagster.defs.lineage import diff_files
from netbox_sync_dagster.sqlfiles import sql_root


def with_functions(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """The assets, each with a reference to its function."""
    found = dg.with_source_code_references(list(assets))
    return [item for item in found if isinstance(item, dg.AssetsDefinition)]


def sql_references(kind: Kind, resource: str) -> dict[str, Any]:
    """Definition metadata of a diff: the file that compares, then the kind's file for the desired table."""
    desired = [
        stage.file
        for stage in desired_stages(kind)
        if stage.makes == ("desired", resource) and not stage.adds
    ]
    references: list[Any] = [
        dg.LocalFileCodeReference(file_path=str(sql_root() / file), line_number=1, label=f"sql/{file}")
        for file in (*diff_files(resource), *desired)
    ]
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=references)}
