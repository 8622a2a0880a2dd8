"""deploy/: what can be checked of units and containers without systemd and Docker."""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.load import location_origins_from_yaml_paths
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
BIN = Path(sys.executable).parent


def compose() -> dict:
    return YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_a_program_that_the_package_installs(path: Path) -> None:
    command = shlex.split(unit(path)["Service"]["ExecStart"])
    assert command[0].startswith("/opt/netbox-sync/.venv/bin/")
    assert (BIN / Path(command[0]).name).exists()


def test_containers_run_the_same_programs_as_the_units() -> None:
    services = compose()["services"]
    assert sorted(services) == ["code", "daemon", "review", "web"]
    for name, service in services.items():
        started = shlex.split(
            unit(DEPLOY / "systemd" / f"netbox-sync-{name}.service")["Service"]["ExecStart"]
        )
        there = shlex.split(service["command"])
        assert Path(started[0]).name == there[0]
        # But for the address to listen on; the review page's is in the configuration.
        assert [word for word in there if word not in ("0.0.0.0", "--host")] == [
            word for word in [there[0], *started[1:]] if word != "127.0.0.1"
        ]
    # Who has no secrets can lose none.
    assert [name for name, service in services.items() if "env_file" in service] == ["code", "review"]
    assert services["review"]["ports"] == ["127.0.0.1:8780:8780"]
    assert services["web"]["ports"] == ["127.0.0.1:3000:3000"]


def test_containers_see_the_configuration_as_a_folder_where_the_image_looks_for_it() -> None:
    """Of a single file that an editor replaces, a container goes on seeing the old one."""
    [mounted] = [item for item in compose()["x-netbox-sync"]["volumes"] if item.startswith("./")]
    assert mounted == "./config:/etc/netbox-sync/config:ro"
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "NETBOX_SYNC_CONFIG=/etc/netbox-sync/config/netbox_sync.yaml" in image
    # None of this may get into a commit or an image.
    for name in (".gitignore", ".dockerignore"):
        ignored = {item.rstrip("/") for item in (ROOT / name).read_text(encoding="utf-8").split()}
        assert ignored >= {"deploy/config", "deploy/secrets.env", "deploy/dagster.env"}


def test_daemon_and_page_wait_for_the_code_server() -> None:
    services = compose()["services"]
    assert "healthcheck" in services["code"]
    for name in ("daemon", "web"):
        assert services[name]["depends_on"] == {"code": {"condition": "service_healthy"}}


def test_the_workspace_file_names_the_code_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_CODE_HOST", "code")
    [origin] = location_origins_from_yaml_paths([str(DEPLOY / "workspace.yaml")])
    assert (origin.host, origin.port, origin.location_name) == ("code", 4000, "netbox_sync")


def test_the_image_is_made_of_files_that_are_there() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copies = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    copied = [word for words in copies for word in words]
    assert "requirements.lock" in copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert lines[-1] == 'CMD ["netbox-sync", "--help"]'


def test_the_image_leaves_out_the_packages_of_development_and_no_others() -> None:
    command = [sys.executable, str(DEPLOY / "unneeded.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    left_out = set(done.stdout.split())
    assert {"fakepve", "hatchling", "moto", "mypy", "pytest", "ruff"} <= left_out
    # Needed as such, by an extra, by a package with an extra, and by what pip is asked to run.
    wanted = {
        "netbox-sync-dagster",
        "dagster-webserver",
        "duckdb",
        "obstore",
        "psycopg2-binary",
        "docker",
        "kubernetes",
        "pip",
    }
    assert left_out & wanted == set()


def guide(first_line: str) -> dict:
    """The block of YAML that begins with this line, in the guide for several machines."""
    text = (ROOT / "docs" / "more-than-one-machine.md").read_text(encoding="utf-8")
    [block] = re.findall(rf"```yaml\n({first_line}\n.*?)```", text, re.DOTALL)
    return YAML(typ="safe").load(block)


def test_the_guide_for_runs_in_containers_is_taken_by_dagster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dagster_docker")
    settings = YAML(typ="safe").load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    launcher = guide("run_launcher:")
    YAML(typ="safe").dump({**settings, **launcher}, tmp_path / "dagster.yaml")
    for name in launcher["run_launcher"]["config"]["env_vars"]:
        monkeypatch.setenv(name, f"value of {name}")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        found = instance.run_launcher
    assert type(found).__name__ == "DockerRunLauncher"
    assert found.image == compose()["x-netbox-sync"]["image"]
    # As Compose names them: see the project's name in deploy/.env.
    project = (DEPLOY / ".env").read_text(encoding="utf-8").splitlines()[-1]
    assert project == "COMPOSE_PROJECT_NAME=netbox-sync"
    assert found.networks == ["netbox-sync_default"]
    [config, data] = found.container_kwargs["volumes"]
    assert config.endswith("/deploy/config:/etc/netbox-sync/config:ro")
    assert data == "netbox-sync_data:/data"


def test_the_guide_for_runs_in_containers_changes_services_that_there_are() -> None:
    changed = guide("services:")["services"]
    # The review page starts no runs.
    assert set(changed) == set(compose()["services"]) - {"review"}
    # Who starts runs hands them the secrets, and commands Docker; the page does neither.
    assert [name for name, service in changed.items() if "secrets.env" in service["env_file"]] == [
        "code",
        "daemon",
    ]
    socket = "/var/run/docker.sock:/var/run/docker.sock"
    assert [name for name, service in changed.items() if socket in service["volumes"]] == ["daemon"]
