"""What `netbox-sync check` asks of a Docker host before anything is read from it."""

from __future__ import annotations

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.check import Check
from netbox_sync_dagster.sources.docker.client import DockerClient
from netbox_sync_dagster.sources.docker.config import DockerEndpoint


def check_docker(endpoint: DockerEndpoint) -> list[Check]:
    """Reachability, TLS, version and each call that a sync makes, in this order; nothing is written.

    The list ends with the first check without which the next ones make no sense.
    """
    try:
        with DockerClient(endpoint) as client:
            return _checks(endpoint, client)
    except ServerError as error:
        return [Check(False, "reachable", error.what)]


def connects(endpoint: DockerEndpoint) -> str:
    """The daemon's version, by one request. Raises ServerError."""
    with DockerClient(endpoint) as client:
        client.attempts = 1
        version = client.negotiate()
    return f"Docker {version.get('Version') or '?'} answers"


def _checks(endpoint: DockerEndpoint, client: DockerClient) -> list[Check]:
    where = endpoint.socket or endpoint.base_url
    checks: list[Check] = []
    try:
        version = client.negotiate()
    except ServerError as error:
        if "API version" in error.what:
            return [Check(True, "reachable", f"{where} answers"), Check(False, "version", error.what)]
        if error.status is None and "TLS" in error.what and "does not speak" not in error.what:
            return [Check(True, "reachable", f"{where} answers"), Check(False, "tls", error.what)]
        return [Check(False, "reachable", error.what)]
    checks.append(Check(True, "reachable", f"{where} answers"))
    if endpoint.url.startswith("https://"):
        verified = "the certificate is valid"
        if not endpoint.tls.verify:
            verified = "the certificate is not checked (tls.verify is off)"
        checks.append(Check(True, "tls", verified))
    elif endpoint.socket is None:
        checks.append(Check(True, "tls", "none: whoever reaches this port commands the host; use https"))
    checks.append(
        Check(True, "version", f"Docker {version.get('Version') or '?'}, API {version['ApiVersion']}")
    )
    return [*checks, *_rights(endpoint, client)]


def _rights(endpoint: DockerEndpoint, client: DockerClient) -> list[Check]:
    checks = []
    for path, what, needed in (
        ("containers/json", "containers are visible", True),
        ("networks", "networks are visible", not endpoint.bridge_addresses),
        ("info", "the daemon tells its name", endpoint.cluster_name == "daemon"),
    ):
        name = f"rights: {path.partition('/')[0]}"
        try:
            client.ask(path)
        except ServerError as error:
            checks.append(Check(not needed, name, error.what if needed else f"optional: {error.what}"))
        else:
            checks.append(Check(True, name, what))
    return checks
