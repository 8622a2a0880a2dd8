"""What Dagster knows of the SQL behind a diff: what it reads, its version, and what its fields are made from."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import dagster as dg
import pytest

from netbox_sync_dagster.config.resources import RESOURCES
from netbox_sync_dagster.defs import diff_sql, lineage
from netbox_sync_dagster.defs.keys import KINDS
from netbox_sync_dagster.defs.lineage import sql_version, tables_read
from netbox_sync_dagster.sqlfiles import sql_root
from tests.defs.conftest import definitions


def test_a_diff_depends_on_what_its_sql_reads() -> None:
    source, target = tables_read("librenms", "interfaces")
    assert {"devices", "ports", "port_vlans"} <= set(source)
    assert {"interfaces", "vlans"} <= set(target)
    assert "guests" in tables_read("proxmox", "virtual_machines")[0]
    assert "containers" in tables_read("docker", "virtual_machines")[0]
    assert tables_read("librenms", "sites")[1] == ["sites"]
    specs = {spec.key: spec for spec in definitions().resolve_all_asset_specs()}
    deps = {dep.asset_key for dep in specs[dg.AssetKey(["diff", "librenms", "interfaces"])].deps}
    assert {dg.AssetKey(["librenms", "ports"]), dg.AssetKey(["netbox", "interfaces"])} <= deps
    [apply_dep] = specs[dg.AssetKey(["apply", "librenms", "interfaces"])].deps
    assert apply_dep.asset_key == dg.AssetKey(["diff", "librenms", "interfaces"])


def test_a_diffs_code_version_is_that_of_its_own_sql() -> None:
    versions = {name: sql_version("librenms", name) for name in ("devices", "vlans", "interfaces")}
    assert len(set(versions.values())) == 3
    # One file makes all prerequisites; sites have coordinates beside.
    assert (
        sql_version("proxmox", "tags")
        == sql_version("proxmox", "platforms")
        != sql_version("proxmox", "sites")
    )
    assert sql_version("proxmox", "devices") != versions["devices"]


@pytest.mark.parametrize("kind", ["librenms", "proxmox", "docker", "tables"])
def test_every_sql_file_of_a_comparison_counts_in_the_version_of_a_diff(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    monkeypatch.setattr(lineage, "code_version", lambda *files: seen.update(files) or "")
    for resource in RESOURCES:
        sql_version(kind, resource)
    root = sql_root()
    other = {"views", "evidence", *({"librenms", "proxmox", "docker", "tables"} - {kind})}
    files = {path.relative_to(root) for path in root.rglob("*.sql")}
    assert {str(file) for file in files if not other & set(file.parts)} == seen


@pytest.mark.parametrize(
    ("resource", "file"),
    [
        ("primary_ips", "diff/oob_ips.sql"),
        ("virtual_machines", "diff/missing_virtual_machines.sql"),
        ("modules", "diff/missing_kept.sql"),
        ("sites", "diff/sites.sql"),
        ("tasks", "diff/missing_tasks.sql"),
    ],
)
def test_a_diff_knows_all_files_that_make_its_rows(resource: str, file: str) -> None:
    assert file in lineage.diff_files(resource)


def test_a_diff_names_its_sql_and_what_its_fields_are_made_from() -> None:
    specs = {spec.key: spec for spec in definitions().resolve_all_asset_specs()}
    metadata = specs[dg.AssetKey(["diff", "librenms", "interfaces"])].metadata
    references = metadata["dagster/code_references"].code_references
    assert [item.label for item in references[:-1]] == [
        "sql/diff/interfaces.sql",
        "sql/diff/missing_interfaces.sql",
        "sql/diff/missing_kept.sql",
        "sql/desired/librenms/interfaces.sql",
    ]
    assert all(Path(item.file_path).is_file() for item in references)
    assert Path(references[-1].file_path).name == "sync_assets.py"
    columns = metadata["dagster/column_lineage"].deps_by_column
    assert columns["fields.mtu"] == [
        dg.TableColumnDep(dg.AssetKey(["librenms", "ports"]), "ifMtu"),
        dg.TableColumnDep(dg.AssetKey(["netbox", "interfaces"]), "mtu"),
    ]
    assert set(columns) <= {column.name for column in metadata["dagster/column_schema"].columns}
    # Only columns that the assets have.
    for spec in specs.values():
        lineage = spec.metadata.get("dagster/column_lineage")
        for dep in [dep for deps in lineage.deps_by_column.values() for dep in deps] if lineage else ():
            known = specs[dep.asset_key].metadata["dagster/column_schema"].columns
            assert dep.column_name in {column.name for column in known}, dep


def test_lineage_is_kept_per_state_of_the_sql_and_computed_again_where_the_file_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "netbox_sync"
    folder.mkdir()
    for number in range(6):
        (folder / f"diff_sql_{number}.json").write_text("{}", encoding="utf-8")
        os.utime(folder / f"diff_sql_{number}.json", (number, number))
    # All are of the same SQL, whose columns take most of a second to follow.
    monkeypatch.setattr(diff_sql, "_with_columns", cache(diff_sql._with_columns))
    clear()
    try:
        first = diff_sql.sql_of("librenms", "interfaces")
        assert dg.AssetKey(["librenms", "ports"]) in first.upstream
        [file] = [path for path in folder.iterdir() if len(path.stem) > len("diff_sql_1")]
        assert sorted(path.name for path in folder.iterdir() if path != file) == [
            f"diff_sql_{number}.json" for number in (2, 3, 4, 5)
        ]
        # Read from the file, then computed again from each damaged one.
        for damage in (file.read_text(encoding="utf-8"), "", "[]", "{}", '{"librenms"'):
            file.write_text(damage, encoding="utf-8")
            clear()
            again = diff_sql.sql_of("librenms", "interfaces")
            assert (again.version, again.files, again.upstream) == (
                first.version,
                first.files,
                first.upstream,
            )
            assert again.column_lineage == first.column_lineage
            assert json.loads(file.read_text(encoding="utf-8")).keys() == set(KINDS)
    finally:
        clear()


def test_what_the_sql_says_is_the_same_without_a_cache_but_for_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = diff_sql.sql_of("proxmox", "virtual_machines")
    (tmp_path / "a file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    clear()
    try:
        derived = diff_sql.sql_of("proxmox", "virtual_machines")
        assert (derived.version, derived.files, derived.upstream) == (kept.version, kept.files, kept.upstream)
        assert kept.column_lineage is not None
        assert derived.column_lineage is None
    finally:
        clear()


def clear() -> None:
    diff_sql.sql_of.cache_clear()
    diff_sql._cached.cache_clear()
