"""A source of another package: installed beside the product, from its own server to objects in NetBox."""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
import threading
import time
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from netbox_sync_lab.netbox import LabNetBox

PACKAGE = Path(__file__).parent / "register"
COMMAND = [sys.executable, "-c", "from netbox_sync_dagster.cli import main; main()"]
# Several commands in one process, each a list of arguments in JSON; it ends at the first that fails.
COMMANDS = """
import json, sys
from netbox_sync_dagster.cli import main
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
    print(end="\\0")
"""


class Register:
    """An HTTP server with a list of machines."""

    def __init__(self) -> None:
        self.machines: list[dict[str, Any]] = []
        register = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps({"owner": "shop", "machines": register.machines}).encode()
                self.send_response(200 if self.path == "/machines" else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Register:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def build_wheel(folder: Path) -> Path:
    """The package as a wheel: its files, and what its pyproject.toml says."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    about = f"{project['name'].replace('-', '_')}-{project['version']}"
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    wheel = folder / f"{about}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in sorted((PACKAGE / "netbox_sync_register").rglob("*")):
            if file.suffix in (".py", ".sql"):
                archive.write(file, file.relative_to(PACKAGE))
        head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        archive.writestr(f"{about}.dist-info/METADATA", head)
        archive.writestr(
            f"{about}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}.dist-info/entry_points.txt", points)
        archive.writestr(f"{about}.dist-info/RECORD", "")
    return wheel


class Installation:
    """A folder with the package installed for it alone, and a configuration."""

    def __init__(self, folder: Path, register: Register, netbox: LabNetBox) -> None:
        self.folder = folder
        self.site = folder / "site"
        with zipfile.ZipFile(build_wheel(folder)) as archive:
            archive.extractall(self.site)
        content = {
            "netbox": {"url": netbox.url},
            "endpoints": [
                {
                    "name": "shop",
                    "kind": "register",
                    "url": register.url,
                    "policies": {
                        "create": ["custom_fields", "cluster_types", "clusters", "virtual_machines"]
                    },
                }
            ],
        }
        (folder / "netbox_sync.yaml").write_text(json.dumps(content), encoding="utf-8")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "USER": "alice",
            "NETBOX_TOKEN": netbox.token,
            "PYTHONPATH": str(self.site),
        }

    def run(self, *arguments: str) -> str:
        """Run netbox-sync as a separate process, for which the package is installed."""
        return self.run_all(arguments)[0]

    def run_all(self, *commands: tuple[str, ...]) -> list[str]:
        """Run netbox-sync with each of these arguments, in one process; what each printed."""
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, json.dumps(commands)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.split("\0")[:-1]

    @contextmanager
    def serving(self, **secrets: str) -> Iterator[str]:
        """The address of netbox-sync web, as a separate process."""
        server = subprocess.Popen(
            [*COMMAND, "web"],
            cwd=self.folder,
            env={**self.environment, **secrets},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            yield server.stdout.readline().split()[-1].rstrip("/")
        finally:
            server.terminate()
            server.communicate(timeout=30)


def rows_of(netbox: LabNetBox, path: str) -> list[dict[str, Any]]:
    """What NetBox has, by name."""
    answer = httpx.get(f"{netbox.url}/api/{path}/", headers={"Authorization": f"Token {netbox.token}"})
    found: list[dict[str, Any]] = sorted(answer.json()["results"], key=lambda row: str(row["name"]))
    return found


@pytest.fixture
def register() -> Iterator[Register]:
    with Register() as server:
        server.machines = [
            {"name": "app1", "state": "up", "cpus": 2, "memory": 4096},
            {"name": "app2", "state": "down", "cpus": 1, "memory": 2048},
        ]
        yield server


def test_an_installed_source_goes_from_its_server_to_netbox(tmp_path: Path, register: Register) -> None:
    with LabNetBox() as netbox:
        installation = Installation(tmp_path, register, netbox)
        options = ("--try", "--netbox-url", netbox.url, "--endpoint", f"register,url={register.url}")
        checked, written, *_ = installation.run_all(
            ("check",),
            ("init", "mine.yaml", *options),
            ("sync", "shop"),
            ("approve", "shop", "--all-creates-and-updates", "--yes"),
            ("apply", "shop", "--yes"),
        )
        assert "answers" in checked
        assert "wrote mine.yaml" in written
        assert f"  - name: register\n    kind: register\n    url: {register.url}\n" in (
            tmp_path / "mine.yaml"
        ).read_text(encoding="utf-8")

        machines = rows_of(netbox, "virtualization/virtual-machines")
        assert [
            (m["name"], m["status"]["value"], float(m["vcpus"]), m["memory"], m["cluster"]["name"])
            for m in machines
        ] == [("app1", "active", 2.0, 4096, "shop"), ("app2", "offline", 1.0, 2048, "shop")]

        register.machines = [{"name": "app1", "state": "up", "cpus": 4, "memory": 4096}]
        _, changes, machines_read = installation.run_all(
            ("sync", "shop", "--accept-shrink"),
            ("sql", "--json", "SELECT action, key, reason, cause FROM diff.changes ORDER BY ALL"),
            ("sql", "--json", "SELECT name, memory FROM register.machines"),
        )
        assert json.loads(changes) == [
            {
                "action": "blocked",
                "key": "app2 [machine app2]",
                "reason": "machine app2 is no longer in Register, but policies.delete does not name virtual_machines",
                "cause": "may_not_delete",
            },
            {"action": "update", "key": "app1", "reason": None, "cause": None},
        ]
        assert json.loads(machines_read) == [{"name": "app1", "memory": 4096}]


def test_its_hook_is_signed_in_its_own_way(tmp_path: Path, register: Register) -> None:
    with LabNetBox() as netbox:
        installation = Installation(tmp_path, register, netbox)
        content = json.loads((tmp_path / "netbox_sync.yaml").read_text(encoding="utf-8"))
        content["endpoints"][0]["hook_secret_env"] = "REGISTER_SECRET"
        content["web"] = {"port": 0}
        (tmp_path / "netbox_sync.yaml").write_text(json.dumps(content), encoding="utf-8")
        with installation.serving(REGISTER_SECRET="known-to-the-register") as url:
            body = b'{"changed": "app1"}'
            for secret, status in (("not-that-of-the-register", 401), ("known-to-the-register", 202)):
                signature = hmac.new(secret.encode(), body, "sha256").hexdigest()
                answer = httpx.post(
                    f"{url}/hooks/shop", content=body, headers={"X-Register-Signature": signature}, timeout=60
                )
                assert answer.status_code == status
            assert answer.text == "accepted: the whole endpoint\n"
            until = time.monotonic() + 30
            while not list(tmp_path.glob("data/diffs/shop/current")) and time.monotonic() < until:
                time.sleep(0.1)
        who, machines = installation.run_all(
            ("sql", "--json", "SELECT DISTINCT who FROM sync.comparisons"),
            ("sql", "--json", "SELECT key FROM diff.virtual_machines ORDER BY key"),
        )
        assert json.loads(who) == [{"who": "netbox-sync hook"}]
        assert json.loads(machines) == [{"key": "app1"}, {"key": "app2"}]


def test_dagster_has_its_assets(tmp_path: Path, register: Register) -> None:
    with LabNetBox() as netbox:
        installation = Installation(tmp_path, register, netbox)
    code = (
        "from netbox_sync_dagster.definitions import definitions\n"
        "keys = {spec.key.to_user_string() for spec in definitions().resolve_all_asset_specs()}\n"
        "print(sorted(key for key in keys if 'register' in key))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path,
        env={**installation.environment, "NETBOX_SYNC_CONFIG": str(tmp_path / "netbox_sync.yaml")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "diff/register/virtual_machines" in done.stdout
    assert "register/machines" in done.stdout
    assert "apply/register/virtual_machines" in done.stdout
