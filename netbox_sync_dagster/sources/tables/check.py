"""What `netbox-sync check` says about an endpoint of tables; no row is stored."""

from __future__ import annotations

from netbox_sync_dagster.config.secrets import MissingSecret
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.tables.config import TablesEndpoint
from netbox_sync_dagster.sources.tables.database import opened
from netbox_sync_dagster.sources.tables.folder import FolderError, find_files
from netbox_sync_dagster.sources.tables.snapshot import check_files
from netbox_sync_dagster.sources.tables.statements import SqlError


def check_tables(endpoint: TablesEndpoint) -> list[Check]:
    """The folder, the databases, and every SQL file with its columns."""
    try:
        folder = find_files(endpoint)
    except FolderError as error:
        return [Check(False, "folder", problem) for problem in error.problems]
    found = ", ".join(file.name for file in folder.files.values())
    checks = [Check(True, "folder", f"{endpoint.sql} has {found}")]
    try:
        with opened(endpoint) as con:
            if endpoint.attach:
                names = ", ".join(f"{one.name} ({one.type})" for one in endpoint.attach)
                checks.append(Check(True, "databases", f"attached: {names}"))
            check_files(endpoint, con, folder)
    except FolderError as error:
        return [*checks, *(Check(False, "sql", problem) for problem in error.problems)]
    except (SqlError, MissingSecret) as error:
        return [*checks, Check(False, "databases", str(error))]
    return [*checks, Check(True, "sql", "all files run, and their columns are right")]
