"""What `netbox-sync check` asks of a Proxmox endpoint before anything is read from it."""

from __future__ import annotations

from netbox_sync_dagster.config.secrets import MissingSecret
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.proxmox.client import ProxmoxClient
from netbox_sync_dagster.sources.proxmox.config import ProxmoxEndpoint
from netbox_sync_dagster.sources.proxmox.rights import MANDATORY, Rights, agent_right, major_version

_OLDEST_MAJOR = 7


def check_proxmox(endpoint: ProxmoxEndpoint) -> list[Check]:
    """Reachability, TLS, token, version and each right that a sync needs, in this order; nothing is written.

    The list ends with the first check without which the next ones make no sense.
    """
    try:
        with ProxmoxClient(endpoint) as client:
            return _checks(endpoint, client)
    except MissingSecret as error:
        return [Check(False, "token", f"{error}")]
    except ServerError as error:
        return [Check(False, "reachable", error.what)]


def connects(endpoint: ProxmoxEndpoint) -> str:
    """The server's version, by one request. Raises ServerError or MissingSecret."""
    with ProxmoxClient(endpoint) as client:
        answer = client.get("version", attempts=1)
    version = answer.get("version") if isinstance(answer, dict) else None
    return f"Proxmox VE {version or 'of an unknown version'} accepts the credentials"


def _checks(endpoint: ProxmoxEndpoint, client: ProxmoxClient) -> list[Check]:
    where = endpoint.base_url
    checks: list[Check] = []

    def passed(name: str, sentence: str) -> None:
        checks.append(Check(True, name, sentence))

    verified = (
        "the certificate is valid"
        if endpoint.tls.verify
        else "the certificate is not checked (tls.verify is off)"
    )
    try:
        answer = client.get("version", attempts=2)
    except ServerError as error:
        if error.status is None and "TLS" in error.what and "does not speak" not in error.what:
            passed("reachable", f"{where} answers")
            return [*checks, Check(False, "tls", error.what)]
        if error.status == 401:
            passed("reachable", f"{where} answers")
            passed("tls", verified)
            return [*checks, Check(False, "token", error.what)]
        return [*checks, Check(False, "reachable", error.what)]
    passed("reachable", f"{where} answers")
    passed("tls", verified)
    who = f"{endpoint.user}!{endpoint.token_name}" if endpoint.token_name else endpoint.user
    passed("token", f"{who} is accepted")
    version = str(answer.get("version") or "") if isinstance(answer, dict) else ""
    known = major_version(version) >= _OLDEST_MAJOR
    advice = "" if known else f"; {_OLDEST_MAJOR} or newer is needed"
    checks.append(Check(known, "version", f"Proxmox VE {version or 'of an unknown version'}{advice}"))
    return checks + _rights(client, version)


def _rights(client: ProxmoxClient, version: str) -> list[Check]:
    try:
        rights = Rights(client.get("access/permissions"))
    except ServerError as error:
        return [Check(False, "rights", error.what)]
    except (ValueError, TypeError) as error:
        return [Check(False, "rights", f"{error}")]
    on_root = rights.missing_on_root()
    checks = [
        Check(on_root is None, "rights: Sys.Audit on /", on_root or "the state of the cluster is visible")
    ]
    for needed in (*MANDATORY, agent_right(version)):
        name = needed.names[0]
        problem = rights.missing(needed)
        checks.append(
            Check(
                problem is None, f"rights: {name}", problem or f"{name} holds on {needed.path}: {needed.what}"
            )
        )
    backups = (
        "backups are visible"
        if rights.sees_backups()
        else "optional: without Datastore.AllocateSpace on /storage and VM.Backup on /vms Proxmox lists no backups"
    )
    vnets = (
        "zones and vnets are visible"
        if rights.sees_vnets()
        else "optional: without SDN.Audit on /sdn Proxmox lists no zones and vnets, so their VLANs are unknown"
    )
    pools = (
        "pools are visible"
        if rights.sees_pools()
        else "optional: without Pool.Audit on /pool Proxmox lists no pools; those of guests are known all the same"
    )
    return [
        *checks,
        Check(True, "rights: backups", backups),
        Check(True, "rights: SDN", vnets),
        Check(True, "rights: pools", pools),
    ]
