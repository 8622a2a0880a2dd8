"""The three lab servers over the demo's estate, and the configuration that reads them."""

from __future__ import annotations

import contextlib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from netbox_sync_dagster.lab.certs import make_certificates
from netbox_sync_dagster.lab.estate import build_librenms, build_proxmox, seed
from netbox_sync_dagster.lab.librenms import LabLibreNMS
from netbox_sync_dagster.lab.netbox import LabNetBox
from netbox_sync_dagster.lab.proxmox import LabProxmox

# They open nothing but the lab's own servers on this machine.
NETBOX_TOKEN = "0123456789abcdef0123456789abcdef01234567"
LIBRENMS_TOKEN = "lab-librenms-token"


@dataclass(frozen=True)
class Ports:
    """TCP ports on 127.0.0.1; 0 takes a free one. Proxmox clusters take ``proxmox``, ``proxmox`` + 1, ..."""

    netbox: int = 0
    librenms: int = 0
    proxmox: int = 0


class Lab:
    """A LibreNMS, two Proxmox VE clusters and a NetBox on loopback, the NetBox seeded with part of the estate.

    ``folder`` receives ``netbox_sync.yaml``, ``lab.env`` (the credentials as shell exports) and the lab's own
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
            LabProxmox(state, port=ports.proxmox and ports.proxmox + number, certificates=certificates)
            for number, state in enumerate(build_proxmox())
        ]
        self._netbox_url = netbox_url
        self.netbox_token = netbox_token or NETBOX_TOKEN
        self._running = contextlib.ExitStack()

    @property
    def netbox_url(self) -> str:
        """The NetBox that is kept."""
        return self._netbox_url or (self.netbox.url if self.netbox else "")

    @property
    def config_path(self) -> Path:
        """The configuration that reads this lab."""
        return self.folder / "netbox_sync.yaml"

    @property
    def environment(self) -> dict[str, str]:
        """The credentials, by environment variable."""
        return {
            "NETBOX_TOKEN": self.netbox_token,
            "LIBRENMS_TOKEN": self.librenms.token,
            "PROXMOX_TOKEN": self.proxmox[0].token_value,
        }

    def __enter__(self) -> Self:
        try:
            for server in (*filter(None, [self.netbox]), self.librenms, *self.proxmox):
                self._running.enter_context(server)
            if self._seeded:
                seed(self.netbox_url, self.netbox_token)
            self.config_path.write_text(config_yaml(self), encoding="utf-8")
            exports = [f"export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
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
    paris, lyon = lab.proxmox
    return f"""\
# The lab's configuration. Credentials come from the environment: see lab.env beside this file.
netbox:
  url: {lab.netbox_url}
  token_env: NETBOX_TOKEN

# Where two endpoints see one object (a hypervisor that LibreNMS polls), the first of these has the last word.
precedence: [pve-paris, pve-lyon, librenms]

endpoints:
  - name: librenms
    kind: librenms
    url: {lab.librenms.url}
    token_env: LIBRENMS_TOKEN
    import_devices: all
    defaults:
      role: access-switch
    mappings:
      sites:
        "12 Promenade des Anglais, Nice": nice
      roles:
        N9K-C93180YC-FX3: core-switch
        DCS-7050SX3-48YC8: core-switch
        "Juniper EX4300-48T Ethernet Switch": core-switch
        C9500-48Y4C: distribution-switch
        fortigate: firewall
        iosxe: access-switch
        "ISR4331/K9": router
        "Juniper MX204 Internet Backbone Router": router
        CCR2004-16G-2S+: router
        proxmox: hypervisor
      device_types:
        "6300M 48G 4SFP56 Swch (JL663A)": JL663A
      platforms:
        arista_eos: eos
        arubaos-cx: aos-cx
        proxmox: Proxmox VE 9
      manufacturers:
        routeros: MikroTik
    policies:
      # The MikroTik types of Nice are not in NetBox: they may be created, once somebody approves it.
      create: [tags, custom_fields, device_types, platforms, devices, vlans, interfaces, mac_addresses,
               primary_macs, ip_addresses, primary_ips]

  - name: pve-paris
    kind: proxmox
    url: {paris.url}
    tls:
      ca: certificates/{Path(paris.ca_path).name}
    user: {paris.user}
    token_name: {paris.token_name}
    token_env: PROXMOX_TOKEN
    defaults: &proxmox
      site: paris-dc1
      role: hypervisor
      device_type: PowerEdge R650
    mappings: &guests
      platforms: {{l26: Linux, win11: Windows, win10: Windows, debian: Linux, ubuntu: Linux, alpine: Linux}}
    policies: &policies
      create: [tags, custom_fields, device_roles, platforms, cluster_types, clusters, devices, virtual_machines,
               vlans, interfaces, vm_interfaces, mac_addresses, primary_macs, ip_addresses, primary_ips,
               virtual_disks]
      delete: [virtual_machines, vm_interfaces, virtual_disks, ip_addresses, mac_addresses]

  - name: pve-lyon
    kind: proxmox
    url: {lyon.url}
    tls:
      ca: certificates/{Path(lyon.ca_path).name}
    user: {lyon.user}
    token_name: {lyon.token_name}
    token_env: PROXMOX_TOKEN
    defaults:
      <<: *proxmox
      site: lyon-dc2
    mappings: *guests
    policies: *policies
"""


def _write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, also while it is written."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
