"""What a user gets from the built packages: everything that the product runs with, and nothing else."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def build(source: Path, target: str, folder: Path) -> Path:
    """Build a wheel or an sdist as pip does, with the build backend of this environment."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(unpacked: Path, folder: Path, code: str) -> str:
    """Run code in a clean directory, with the unpacked wheel before everything else."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(unpacked)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_carries_all_sql_and_says_that_it_is_typed(wheel: Path) -> None:
    files = names(wheel)

    wanted = {f"netbox_sync_dagster/_sql/{f.relative_to(ROOT / 'sql')}" for f in ROOT.glob("sql/**/*.sql")}
    assert "netbox_sync_dagster/_sql/diff/interfaces.sql" in wanted
    assert wanted <= files
    assert "netbox_sync_dagster/py.typed" in files


def test_the_wheel_carries_the_demos_configuration_and_no_server(wheel: Path) -> None:
    files = names(wheel)

    assert "netbox_sync_dagster/demo/configuration.yaml" in files
    assert [name for name in files if "lab" in name.split("/")[:-1] or name.endswith("filters.json")] == []


def test_the_labs_wheel_carries_the_data_that_its_servers_answer_from(tmp_path: Path) -> None:
    lab = ROOT / "lab"
    data = {str(f.relative_to(lab)) for f in lab.glob("netbox_sync_lab/**/*.json")}
    files = names(build(lab, "wheel", tmp_path))

    assert "netbox_sync_lab/netbox/filters.json" in data
    assert data <= files
    assert {name.split("/")[0] for name in files} == {"netbox_sync_lab", "netbox_sync_lab-0.1.0.dist-info"}


def test_the_lab_imports_nothing_of_the_product() -> None:
    lines = [
        f"{file.name}: {line}"
        for file in ROOT.glob("lab/**/*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*(from|import) netbox_sync_dagster", line)
    ]

    assert lines == []


def test_the_wheel_holds_one_package_and_no_tests(wheel: Path) -> None:
    top = {name.split("/")[0] for name in names(wheel)}

    assert top == {"netbox_sync_dagster", "netbox_sync_dagster-0.1.0.dist-info"}
    assert [name for name in names(wheel) if "test" in name or "benchmark" in name] == []


def test_the_wheel_names_its_licence_its_command_and_its_requirements(unpacked: Path) -> None:
    info = unpacked / "netbox_sync_dagster-0.1.0.dist-info"
    metadata = (info / "METADATA").read_text(encoding="utf-8").splitlines()

    assert (info / "licenses" / "LICENSE").is_file()
    assert "netbox-sync = netbox_sync_dagster.cli:main" in (info / "entry_points.txt").read_text("utf-8")
    assert "Requires-Python: <3.14,>=3.11" in metadata
    assert [line for line in metadata if line.startswith("Requires-Dist: dagster<")]


def test_an_unpacked_wheel_finds_its_sql_in_a_clean_directory(unpacked: Path, tmp_path: Path) -> None:
    code = """
from netbox_sync_dagster import sqlfiles
print(sqlfiles.sql_root())
print(len(sqlfiles.read_sql("diff/interfaces.sql")))
"""
    root, length = python(unpacked, tmp_path, code).split()

    assert Path(root) == unpacked / "netbox_sync_dagster" / "_sql"
    assert int(length) == len((ROOT / "sql/diff/interfaces.sql").read_text(encoding="utf-8"))


def test_the_command_runs_from_an_unpacked_wheel(unpacked: Path, tmp_path: Path) -> None:
    code = """
import netbox_sync_dagster.cli as cli
print(cli.__file__)
cli.main(["init"])
"""
    where, *said = python(unpacked, tmp_path, code).splitlines()

    assert Path(where).is_relative_to(unpacked)
    assert said[:5] == [
        f"wrote {name}"
        for name in (
            "netbox_sync.yaml",
            "netbox_sync.schema.json",
            "dagster.yaml",
            "workspace.yaml",
            ".gitignore",
        )
    ]
    assert (tmp_path / "netbox_sync.yaml").is_file()
    assert (tmp_path / "dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()


def test_dagster_finds_all_definitions_in_an_unpacked_wheel(unpacked: Path, tmp_path: Path) -> None:
    code = """
from netbox_sync_dagster import definitions
print(definitions.__file__)
found = definitions.definitions().get_repository_def()
print(len(found.assets_defs_by_key), "sync_group" in found.job_names, found.has_schedule_def("clean_up_schedule"))
"""
    where, counts = python(unpacked, tmp_path, code).splitlines()

    assert Path(where).is_relative_to(unpacked)
    assert counts == "285 True True"


def test_a_wheel_built_from_the_sdist_is_the_same(wheel: Path, tmp_path: Path) -> None:
    sdist = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()

    assert names(build(source, "wheel", tmp_path / "again")) == names(wheel)


def test_the_image_is_built_from_all_files_that_the_wheel_needs(wheel: Path, tmp_path: Path) -> None:
    """The build stage of the Dockerfile, as far as the package is concerned."""
    stage = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[1]
    source = tmp_path / "app"
    source.mkdir()
    for files in re.findall(r"^COPY (.+) \./\S*$", stage, re.MULTILINE):
        for name in files.split():
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, source)

    assert names(build(source, "wheel", tmp_path / "built")) == names(wheel)


def imported(folder: Path) -> set[str]:
    """The top modules that the Python files below a folder import."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {item.name.split(".")[0] for item in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").split(".")[0])
    return found


def test_the_package_imports_what_it_requires_and_requires_what_it_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = lambda lines: {re.split(r"[<>=\[]", line)[0].replace("-", "_").lower() for line in lines}  # noqa: E731
    required = names(project["dependencies"])
    optional = names(line for extra in project["optional-dependencies"].values() for line in extra)
    distributions = {
        module: {name.replace("-", "_").lower() for name in found}
        for module, found in packages_distributions().items()
    }
    used = imported(ROOT / "netbox_sync_dagster") - set(sys.stdlib_module_names) - {"netbox_sync_dagster", ""}
    known = {name for module in used for name in distributions.get(module, {module})}
    # A program of Dagster's, and what DuckDB loads for times with a zone.
    assert required - known == {"dagster_webserver", "pytz"}
    assert known - required - optional == set()
