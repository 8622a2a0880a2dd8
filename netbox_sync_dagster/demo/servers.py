"""The three lab servers over the demo's estate, and the configuration that reads them."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Self

import httpx
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from netbox_sync_lab.certs import make_certificates
from netbox_sync_lab.estate import build_librenms, build_proxmox, seed
from netbox_sync_lab.librenms import LabLibreNMS
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox

# They open nothing but the lab's own servers on this machine.
NETBOX_TOKEN = "0123456789abcdef0123456789abcdef01234567"
LIBRENMS_TOKEN = "lab-librenms-token"
PAGE_LOGIN = ("demo", "demo")
# The Proxmox VE clusters, in the order of their ports.
CLUSTERS = ("paris", "lyon")


@dataclass(frozen=True)
class Ports:
    """TCP ports on 127.0.0.1; 0 takes a free one. Proxmox clusters take ``proxmox``, ``proxmox`` + 1, ..."""

    netbox: int = 0
    librenms: int = 0
    proxmox: int = 0

    def proxmox_of(self, number: int) -> int:
        """The port of a cluster, the first one has the number 0."""
        return self.proxmox and self.proxmox + number


class Lab:
    """A LibreNMS, two Proxmox VE clusters and a NetBox on loopback, the NetBox seeded with part of the estate.

    ``folder`` receives ``netbox_sync.yaml``, ``lab.env`` (shell exports of the credentials, the
    configuration, the warehouse and the program's folder) and the lab's own
    certificate authority. ``netbox_url`` and ``netbox_token`` name another NetBox to be used instead of the
    lab's; it is seeded too and should be empty.
    """

    def __init__(
        self,
        folder: Path,
        ports: Ports = Ports(),
        *,
        netbox_url: str | None = None,
        netbox_token: str | None = None,
        seeded: bool = True,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._seeded = seeded
        self.netbox = None if netbox_url else LabNetBox(port=ports.netbox, token=NETBOX_TOKEN)
        self.librenms = LabLibreNMS(build_librenms(), port=ports.librenms, token=LIBRENMS_TOKEN)
        certificates = make_certificates(folder / "certificates", common_name="Lab CA")
        self.proxmox = [
            LabProxmox(state, port=ports.proxmox_of(number), certificates=certificates)
            for number, state in enumerate(build_proxmox())
        ]
        self._netbox_url = netbox_url
        self.netbox_token = netbox_token or NETBOX_TOKEN
        self._running = contextlib.ExitStack()

    @property
    def netbox_url(self) -> str:
        """The NetBox to keep in sync."""
        return self._netbox_url or (self.netbox.url if self.netbox else "")

    @property
    def config_path(self) -> Path:
        """The configuration that reads this lab."""
        return self.folder / "netbox_sync.yaml"

    @property
    def environment(self) -> dict[str, str]:
        """The credentials, the configuration and the warehouse, by environment variable."""
        return {
            "NETBOX_TOKEN": self.netbox_token,
            "LIBRENMS_TOKEN": self.librenms.token,
            "PROXMOX_TOKEN": self.proxmox[0].token_value,
            "NETBOX_SYNC_CONFIG": str(self.config_path.absolute()),
            "NETBOX_SYNC_HOME": str((self.folder / "data").absolute()),
        }

    @property
    def page_login(self) -> str:
        """How to log in on the review page."""
        if self.netbox is None:
            return "log in with your name and password of NetBox"
        return f"log in as {PAGE_LOGIN[0]} with the password {PAGE_LOGIN[1]}"

    def __enter__(self) -> Self:
        try:
            for server in (*filter(None, [self.netbox]), self.librenms, *self.proxmox):
                self._running.enter_context(server)
            if self._seeded:
                seed(self.netbox_url, self.netbox_token)
            self.config_path.write_text(config_yaml(self), encoding="utf-8")
            if self.netbox is not None:
                self.netbox.add_user(*PAGE_LOGIN, superuser=True)
            exports = [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
            program = Path(sys.executable).parent
            if (program / "netbox-sync").exists():
                exports.append(f'export PATH={shlex.quote(str(program))}:"$PATH"')
            _write_private(self.folder / "lab.env", "\n".join(exports) + "\n")
        except BaseException:
            self._running.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()


def config_yaml(lab: Lab) -> str:
    """The configuration of the demo: one LibreNMS, both clusters, into one NetBox."""
    text = files("netbox_sync_dagster.demo").joinpath("configuration.yaml").read_text(encoding="utf-8")
    values = {"netbox_url": lab.netbox_url, "librenms_url": lab.librenms.url}
    for place, server in zip(CLUSTERS, lab.proxmox, strict=True):
        values[f"{place}_url"] = server.url
        values[f"{place}_ca"] = Path(server.ca_path).name
        values[f"{place}_user"] = server.user
        values[f"{place}_token_name"] = server.token_name
    return Template(text).substitute(values)


def lab_runs_in(folder: Path) -> bool:
    """Whether the LibreNMS of an earlier lab in this folder still answers."""
    try:
        text = (folder / "netbox_sync.yaml").read_text(encoding="utf-8")
        url = next(
            one["url"] for one in YAML(typ="safe").load(text)["endpoints"] if one["kind"] == "librenms"
        )
        answer = httpx.get(f"{url}/api/v0/system", headers={"X-Auth-Token": LIBRENMS_TOKEN}, timeout=2)
    except (OSError, YAMLError, LookupError, TypeError, StopIteration, httpx.HTTPError, httpx.InvalidURL):
        return False
    return answer.status_code == 200


def _write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, also while it is written."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
