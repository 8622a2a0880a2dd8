"""There is one way out: whoever adds a client that follows redirects or has no limit fails here."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "netbox_sync_dagster"
# The lab's own clients talk to its own servers.
FILES = [file for file in PRODUCT.rglob("*.py") if "demo" not in file.relative_to(PRODUCT).parts]
# Modules that send HTTP themselves.
CLIENTS = {"requests", "urllib3", "pynetbox", "aiohttp", "http.client", "urllib.request", "httpcore"}
# httpx's functions that make their own client, without this product's transport.
ONE_SHOT = {"get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "AsyncClient"}


def test_only_the_transport_opens_connections() -> None:
    found = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = (
                [item.name for item in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found |= {(file.relative_to(PRODUCT).as_posix(), name) for name in names if name in CLIENTS}
    # urllib.request: the names of the environment's proxies. pynetbox and its session are given this product's client.
    assert found == {
        ("wire.py", "httpcore"),
        ("wire.py", "urllib.request"),
        ("sources/netbox/api.py", "pynetbox"),
        ("sources/netbox/api.py", "requests"),
        # Its type, for mypy alone.
        ("sources/netbox/client.py", "pynetbox"),
    }


def test_every_httpx_client_has_the_transport_and_follows_nothing() -> None:
    wrong = []
    clients = []
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if not isinstance(node.func.value, ast.Name) or node.func.value.id != "httpx":
                continue
            if node.func.attr in ONE_SHOT:
                wrong.append(f"{file.name}:{node.lineno}")
            if node.func.attr == "Client":
                given = {item.arg: ast.unparse(item.value) for item in node.keywords}
                clients.append(file.name)
                safe = given.get("trust_env") == "False" and given.get("follow_redirects", "False") == "False"
                if "transport" not in given or not safe:
                    wrong.append(f"{file.name}:{node.lineno}")
    assert wrong == []
    assert sorted(clients) == ["channels.py", "http.py"]


def test_proxmoxer_sends_nothing_itself() -> None:
    """Its backend logs in and asks with `requests`, which follows redirects with everything that it has."""
    text = (PRODUCT / "sources" / "proxmox" / "client.py").read_text(encoding="utf-8")
    assert "from proxmoxer import ProxmoxResource, ResourceException\n" in text
    assert "ProxmoxAPI" not in text
