"""Snapshot of a Docker host: the daemon, its networks and the list of containers, then each container."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.docker.client import DockerClient
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.sources.docker.containers import (
    Listed,
    container_row,
    in_slots,
    interface_rows,
    listed,
    listed_row,
)
from netbox_sync_dagster.sources.docker.reading import Reading
from netbox_sync_dagster.sources.last_snapshot import LastSnapshot, keep_gaps, keep_rows, last_snapshot
from netbox_sync_dagster.sources.reading import MALFORMED, UnknownObject, workers
from netbox_sync_dagster.storage.parquet import Row
from netbox_sync_dagster.storage.snapshots import Manifest, write_snapshot
from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_dagster.text import visible

SYSTEM = "docker"
# One container that the daemon hangs on must not cost the time of four tries.
_INSPECT_ATTEMPTS = 2
# The column that says whose a row is; the other tables are always read.
_TABLES_OF_A_CONTAINER = {
    "containers": "name",
    "container_interfaces": "container",
    "container_addresses": "container",
}


def snapshot_docker(
    endpoint: DockerEndpoint,
    warehouse: Warehouse,
    *,
    progress: Callable[[str], None] | None = None,
    accept_shrink: bool = False,
    only: str | None = None,
) -> Manifest:
    """Read the whole host into the tables of ``storage.tables.DOCKER`` and make them current.

    With ``only``, a container's name, only that container is read; the others are taken from the last snapshot.

    Parts that could not be read are rows of ``docker.scopes`` (see ``reading.SCOPES``). Raises ServerError where
    the host as a whole cannot be read (socket, address, TLS, no answer, no list of containers): the last snapshot
    stays current then. ``accept_shrink``: that the host has far fewer containers, or none, is right.
    """
    folder = warehouse.snapshots(SYSTEM, endpoint.name)
    last = last_snapshot(warehouse, folder)
    with (
        write_snapshot(warehouse, SYSTEM, endpoint.name, accept_shrink=accept_shrink) as writer,
        DockerClient(endpoint) as client,
    ):
        reading = Reading(endpoint, client, writer, progress or (lambda _: None))
        with workers(endpoint.fetch_max_concurrency, "docker", client.who) as pool:
            _read(reading, pool, last, accept_shrink=accept_shrink, only=only)
        if client.echoed:
            reading.incomplete("table", "*", client.echoed)
        reading.progress(f"{client.calls} calls")
    return Manifest(**warehouse.manifest(folder))


def _known_containers(last: LastSnapshot) -> set[str]:
    """The containers that the last snapshot lists or could not read; empty where there is none."""
    names = {row["name"] for row in last.rows("containers")}
    # A container that was out of sight last time has no row, but it is still to be asked for.
    return names | {row["scope_id"] for row in last.rows("scopes") if row["scope"] == "container"}


def _read(
    reading: Reading, pool: ThreadPoolExecutor, last: LastSnapshot, *, accept_shrink: bool, only: str | None
) -> None:
    client, writer = reading.client, reading.writer
    # Alone and first: where the address or TLS is wrong, one call says so.
    version = client.negotiate()
    writer.source_version = str(version.get("Version") or "of an unknown version")
    rows = _list(client)
    info, total = _host(reading, version)
    if total is not None and len(rows) < total:
        # One may have been made between the two calls.
        rows = _list(client)
        if len(rows) < total:
            what = f"the daemon says that it has {total} containers, and lists {len(rows)}"
            reading.incomplete("containers", "*", what)
    _networks(reading)
    containers = _listed(reading, rows)
    reading.progress(f"{info}, {len(containers)} containers")
    if not rows and not accept_shrink:
        reading.unknown(
            "containers",
            "*",
            "the daemon lists no container at all; if that is right, sync with --accept-shrink",
        )
    known, listed_names = _known_containers(last), {one.name for one in containers}
    if only is not None:
        _check_known(reading, last, only, known | listed_names)
        reading.writer.only_object(only, last.whole_started)
        containers = [one for one in containers if one.name == only]
        known &= {only}
    calls: list[Future[None]] = [pool.submit(_read_container, reading, one) for one in containers]
    calls += [pool.submit(_probe, reading, name) for name in sorted(known - listed_names)]
    for number, call in enumerate(calls, 1):
        call.result()
        if number % 200 == 0:
            reading.progress(f"{number} of {len(calls)} containers")
    if only is not None:
        _keep_the_rest(reading, last, only)


def _check_known(reading: Reading, last: LastSnapshot, only: str, known: set[str]) -> None:
    """Raise UnknownObject for a container that nobody knows, ServerError where the others are those of another daemon."""
    who, name = reading.client.who, visible(only, 80)
    if only not in known:
        raise UnknownObject(who, f"the daemon lists no container '{name}'; check the name")
    before = {row["id"] for row in last.rows("host")} - {None}
    if before and reading.daemon is not None and reading.daemon not in before:
        again = f"run: netbox-sync sync {reading.endpoint.name}"
        raise ServerError(who, f"this is another daemon than the one that was read last; {again}")


def _is(column: str, name: str, row: Row) -> bool:
    return bool(row[column] == name)


def _keep_the_rest(reading: Reading, last: LastSnapshot, only: str) -> None:
    """The rows of the last snapshot that are not this container's, its gaps among them."""
    if last.folder is None:
        reason = f"only container {only} was read; run: netbox-sync sync {reading.endpoint.name}"
        reading.writer.incomplete("containers", "*", reason, unseen=False)
        return
    for table, column in _TABLES_OF_A_CONTAINER.items():
        keep_rows(reading.writer, last, table, partial(_is, column, only))
    keep_gaps(
        reading.writer,
        last,
        lambda scope, scope_id: scope in ("host", "networks") or scope_id == only,
        lambda row: row["source_table"] == "networks" or row["row_key"] == only,
    )


def _list(client: DockerClient) -> list[Any]:
    # Nothing but running containers is listed without `all`; the daemon knows no pages.
    rows = client.ask("containers/json", all=1)
    if not isinstance(rows, list):
        raise ServerError(client.who, "GET /containers/json answered something else than a list")
    return rows


def _host(reading: Reading, version: dict[str, Any]) -> tuple[str, int | None]:
    """Write the daemon's row; returns its name, or the endpoint's, and how many containers it says it has, where it
    does. Raises ServerError where the cluster would have no name."""
    info = reading.fetch("info", "host", needed=False)
    if info is not None and not isinstance(info, dict):
        reading.incomplete("host", "*", "GET /info answered something else than an object")
        info = None
    info = info or {}
    if not info.get("Name") and reading.endpoint.cluster_name == "daemon":
        raise ServerError(
            reading.client.who, "GET /info names no host; allow that call, or set cluster_name: endpoint"
        )
    row = {
        "name": info.get("Name") or None,
        # Podman gives another id each time.
        "id": None if _is_podman(version) else info.get("ID") or None,
        "version": version.get("Version"),
        "api_version": version.get("ApiVersion"),
        "os": info.get("OperatingSystem") or version.get("Os"),
        "kernel": version.get("KernelVersion"),
        "architecture": info.get("Architecture") or version.get("Arch"),
        "ncpu": info.get("NCPU"),
        "memtotal": info.get("MemTotal"),
        "swarm": (info.get("Swarm") or {}).get("LocalNodeState") or None,
    }
    reading.writer.rows("host", [row])
    reading.daemon = row["id"]
    total = info.get("Containers")
    known = isinstance(total, int) and not isinstance(total, bool)
    return str(row["name"] or reading.endpoint.name), total if known else None


def _is_podman(version: dict[str, Any]) -> bool:
    components = version.get("Components") or []
    return any(isinstance(one, dict) and one.get("Name") == "Podman Engine" for one in components)


def _networks(reading: Reading) -> None:
    answer = reading.fetch("networks", "networks", needed=not reading.endpoint.bridge_addresses)
    if answer is None:
        return
    for item in answer if isinstance(answer, list) else [answer]:
        try:
            row = {
                "id": item["Id"],
                "name": item["Name"],
                "driver": item["Driver"],
                "scope": item["Scope"],
                "internal": bool(item.get("Internal")),
                "subnets": [
                    part["Subnet"] for part in item["IPAM"].get("Config") or [] if part.get("Subnet")
                ],
            }
        except MALFORMED as error:
            reading.refuse("networks", _label(item, "Name"), error, item, scope="networks", scope_id="*")
        else:
            reading.writer.rows("networks", [row])


def _label(item: Any, field: str) -> str:
    return str(item.get(field) or "?") if isinstance(item, dict) else "?"


def _listed(reading: Reading, rows: list[Any]) -> list[Listed]:
    found: dict[str, Listed] = {}
    for item in rows:
        try:
            container = listed(item)
            if container.name in found:
                raise ValueError(f"the name {container.name} is listed twice")
        except MALFORMED as error:
            key = _label(item, "Id")
            reading.refuse("containers", key, error, item, scope="containers", scope_id="*")
        else:
            found[container.name] = container
    return in_slots(found.values())


def _read_container(reading: Reading, container: Listed) -> None:
    """Read one container and write its rows; one that is gone meanwhile has none."""
    answer = _inspect(reading, container, container.id)
    if answer is None:
        # A recreated container has the same name and another id.
        answer = _inspect(reading, container, container.given_name)
    if answer is None:
        return
    if not answer:
        reading.writer.rows("containers", [listed_row(container)])
        return
    try:
        row = container_row(container, answer)
        interfaces, addresses = interface_rows(container, answer)
    except MALFORMED as error:
        reading.refuse(
            "containers", container.name, error, answer, scope="container", scope_id=container.name
        )
        return
    reading.writer.rows("containers", [row])
    reading.writer.rows("container_interfaces", interfaces)
    reading.writer.rows("container_addresses", addresses)


def _inspect(reading: Reading, container: Listed, key: str) -> dict[str, Any] | None:
    """The daemon's answer; empty where it gave none, None where it knows no such container."""
    try:
        answer = reading.client.ask(f"containers/{key}/json", attempts=_INSPECT_ATTEMPTS)
    except ServerError as error:
        if error.unreachable or error.whole:
            raise
        if is_gone(error):
            return None
        reading.incomplete("container", container.name, error.what)
        return {}
    if isinstance(answer, dict) and answer:
        return answer
    reading.incomplete(
        "container", container.name, f"GET /containers/{key}/json answered something else than an object"
    )
    return {}


def _probe(reading: Reading, name: str) -> None:
    """Ask for a container that is no longer listed: gone, or only kept from our sight by something before the
    daemon. What is not certainly gone is recorded as a gap."""
    try:
        reading.client.ask(f"containers/{name}/json", attempts=_INSPECT_ATTEMPTS)
    except ServerError as error:
        if error.unreachable or error.whole:
            raise
        if not is_gone(error):
            reading.incomplete("container", name, f"container {name} is no longer listed, but: {error.what}")
    else:
        reading.incomplete("container", name, f"container {name} is not listed, but it exists")


def is_gone(error: ServerError) -> bool:
    """Whether the daemon itself said that it has no such container."""
    return error.status == 404 and "no such container" in error.body.lower()
