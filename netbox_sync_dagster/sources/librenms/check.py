"""What `netbox-sync check` tries on a LibreNMS server: cheap calls, nothing is stored."""

from __future__ import annotations

import difflib
import tempfile
from pathlib import Path

from netbox_sync_dagster.http import JsonClient
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.librenms.bulk_calls import PARTIAL_VIEW
from netbox_sync_dagster.sources.librenms.client import Download, connect, get_list
from netbox_sync_dagster.sources.librenms.config import ImportFilter, LibreNMSEndpoint
from netbox_sync_dagster.sources.librenms.snapshot import read_system
from netbox_sync_dagster.sources.librenms.version import (
    MEMBERSHIPS_BY_DEVICE,
    MEMBERSHIPS_BY_PORT,
    Version,
)

# The oldest release whose answers this reader knows.
_OLDEST = (23, 11)


def check_librenms(endpoint: LibreNMSEndpoint) -> list[Check]:
    """Try reachability, TLS, token, version and rights of an endpoint; stops where nothing more can work."""
    try:
        client = connect(endpoint)
    except ServerError as error:
        return [Check(False, "tls" if "tls.ca" in error.what else "token", error.what)]
    with client:
        try:
            system = read_system(client)
        except ServerError as error:
            return _no_answer(endpoint, client, error)
        version = Version.parse(str(system.get("local_ver") or ""))
        return [
            *_connection(endpoint, client),
            Check(True, "token", "the server takes the token"),
            _version(version),
            *_rights(client),
            *_device_groups(endpoint, client),
        ]


def connects(endpoint: LibreNMSEndpoint) -> str:
    """The server's release, by one request. Raises ServerError."""
    with connect(endpoint) as client:
        client.attempts = 1
        version = Version.parse(str(read_system(client).get("local_ver") or ""))
    return f"LibreNMS {version} accepts the token"


def _no_answer(endpoint: LibreNMSEndpoint, client: JsonClient, error: ServerError) -> list[Check]:
    if error.what.startswith("TLS"):
        return [Check(True, "reachable", f"something answers at {client.base_url}"), _failed("tls", error)]
    if error.status == 401:
        return [*_connection(endpoint, client), _failed("token", error)]
    return [_failed("reachable", error)]


def _connection(endpoint: LibreNMSEndpoint, client: JsonClient) -> list[Check]:
    if endpoint.url.scheme != "https":
        tls = "not used: the token travels in clear text; give the url with https:// where the server has it"
    elif endpoint.tls.verify:
        tls = "the server's certificate is valid"
    else:
        tls = "the server's certificate is not checked (tls.verify is false)"
    return [Check(True, "reachable", f"{client.base_url} answers"), Check(True, "tls", tls)]


def _version(version: Version) -> Check:
    if version.release is None:
        return Check(
            True, "version", f"LibreNMS says '{version.text}', no release; what it can do is tried out"
        )
    if version.release[:2] < _OLDEST:
        return Check(
            False,
            "version",
            f"LibreNMS {version} is older than 23.11, the oldest release that is read; update it",
        )
    if version.has(MEMBERSHIPS_BY_DEVICE) is not False:
        text = f"LibreNMS {version}"
    elif version.has(MEMBERSHIPS_BY_PORT) is not False:
        text = f"LibreNMS {version}; VLAN memberships are read of trunks only (26.2 and newer: of all ports)"
    else:
        text = f"LibreNMS {version} gives no VLAN memberships; tagged VLANs need 26.2 or newer"
    return Check(True, "version", text)


def _rights(client: JsonClient) -> list[Check]:
    checks = []
    forbidden = []
    try:
        # A device that cannot exist: an empty list says that the list may be read.
        get_list(client, "/devices", "devices", {"type": "device_id", "query": "0"})
        checks.append(Check(True, "rights: devices", "the token may read devices"))
    except ServerError as error:
        checks.append(_failed("rights: devices", error))
    for name, path, key in (
        ("vlans", "/resources/vlans", "vlans"),
        ("addresses", "/resources/ip/addresses", "ip_addresses"),
    ):
        try:
            Download(client, path, key, Path(tempfile.gettempdir())).close()
            checks.append(Check(True, f"rights: {name}", f"the token may read {name}"))
        except ServerError as error:
            checks.append(_failed(f"rights: {name}", error))
            if error.status == 403:
                forbidden.append(path)
    if forbidden:
        what = PARTIAL_VIEW.format(evidence=f"{' and '.join(forbidden)} answered 403")
        checks.append(Check(False, "rights: global-read", what))
    else:
        checks.append(Check(True, "rights: global-read", "nothing that only global-read may see is refused"))
    checks.append(_poller_groups(client))
    return checks


def _poller_groups(client: JsonClient) -> Check:
    name = "rights: poller groups"
    try:
        get_list(client, "/poller_group", "get_poller_group")
    except ServerError as error:
        if error.status == 403:
            return Check(True, name, "the token may not read them; no table needs them")
        return _failed(name, error)
    return Check(True, name, "the token may read poller groups")


def _device_groups(endpoint: LibreNMSEndpoint, client: JsonClient) -> list[Check]:
    """Whether LibreNMS has the groups of ``import_devices``."""
    wanted = endpoint.import_devices.group if isinstance(endpoint.import_devices, ImportFilter) else []
    if not wanted:
        return []
    name = "import_devices.group"
    try:
        rows = get_list(client, "/devicegroups", "groups")
    except ServerError as error:
        return [_failed(name, error)]
    known = {str(row.get("name")) for row in rows if isinstance(row, dict)}
    checks = []
    for group in wanted:
        if group not in known:
            near = difflib.get_close_matches(group, sorted(known), n=2, cutoff=0.5)
            meant = f"; did you mean {' or '.join(near)}?" if near else ""
            checks.append(Check(False, name, f"LibreNMS has no device group '{group}'{meant}"))
    return checks or [Check(True, name, f"LibreNMS has {', '.join(wanted)}")]


def _failed(name: str, error: ServerError) -> Check:
    return Check(False, name, error.what)
