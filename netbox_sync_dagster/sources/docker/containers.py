"""One container: its row, networks and addresses, from ``GET /containers/{id}/json``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from netbox_sync_dagster.sources.addresses import canonical_address, canonical_mac
from netbox_sync_dagster.sources.lengths import short_list, short_text
from netbox_sync_dagster.storage.parquet import Row

# What Docker itself takes as a name and gives as an id: both become part of a path.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ID = re.compile(r"[0-9a-f]{12,64}")
# CpuQuota is per CpuPeriod; without a period the kernel's own holds.
_CPU_PERIOD = 100_000
# Docker calls a task service.slot.id, in a global service service.node.id.
_TASK = re.compile(r"(.+\..+)\.[0-9a-z]{25}")
# Podman's modes for users who may not make networks.
_USERS_OWN = ("pasta", "slirp4netns")
_TASK_NAME = "com.docker.swarm.task.name"
# Labels that say where a container comes from; others may hold secrets.
_ORIGIN = {
    "compose_project": "com.docker.compose.project",
    "compose_service": "com.docker.compose.service",
    "swarm_service": "com.docker.swarm.service.name",
}


@dataclass(frozen=True)
class Listed:
    """A container as ``GET /containers/json`` lists it.

    ``slot``: service.slot of a task of a swarm service; ``created``: seconds since 1970. ``name`` is the slot's where this
    task holds it (``in_slots``), else as given.
    """

    name: str
    id: str
    state: str
    image: str
    given_name: str = ""
    slot: str | None = None
    created: int = 0
    replaced_by: str | None = None


def listed(item: dict[str, Any]) -> Listed:
    """The container in a row of the list. Raises ValueError, KeyError or TypeError for a malformed one."""
    name = _name(item["Names"])
    task = _TASK.fullmatch(name) if (item.get("Labels") or {}).get(_TASK_NAME) == name else None
    created = item.get("Created")
    found = Listed(
        name,
        _text(item, "Id"),
        _text(item, "State"),
        _image(item),
        name,
        task[1] if task else None,
        created if isinstance(created, int) else 0,
    )
    if not _NAME.fullmatch(found.name) or not _ID.fullmatch(found.id):
        raise ValueError(f"no container has the name {found.name!r} and the id {found.id!r}")
    return found


def in_slots(containers: Iterable[Listed]) -> list[Listed]:
    """The same containers, each slot of a swarm service held by one task: a running one, of several the newest."""
    found = list(containers)
    taken = {one.name for one in found}
    best: dict[str, Listed] = {}
    for one in found:
        if one.slot is not None and one.slot not in taken:
            rival = best.get(one.slot)
            if rival is None or _rank(one) > _rank(rival):
                best[one.slot] = one
    return [_placed(one, best) for one in found]


def _placed(one: Listed, best: dict[str, Listed]) -> Listed:
    if one.slot is None or one.slot not in best:
        return one
    return replace(one, name=one.slot) if best[one.slot] is one else replace(one, replaced_by=one.slot)


def _rank(one: Listed) -> tuple[bool, int, str]:
    return one.state == "running", one.created, one.id


def _name(names: Any) -> str:
    """``web`` of ``["/web", "/proxy/web"]``: the second is the name that a link gives it."""
    own = [name[1:] for name in names if name.startswith("/") and "/" not in name[1:] and len(name) > 1]
    if len(own) != 1:
        raise ValueError(f"the container has {len(own)} own names: {names}")
    return str(own[0])


def _text(item: dict[str, Any], field: str) -> str:
    value = item[field]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field} is {value!r}")
    return short_text(value, field)


def _image(item: dict[str, Any]) -> str:
    """The image's name; empty for a container without an image, such as the first one of a Podman pod."""
    return "" if item["Image"] == "" else _text(item, "Image")


def listed_row(container: Listed) -> Row:
    """The row of ``docker.containers`` where only the list is known."""
    return {
        "name": container.name,
        "given_name": container.given_name,
        "replaced_by": container.replaced_by,
        "id": container.id,
        "image": container.image or None,
        "state": container.state,
        "inspected": False,
    }


def container_row(container: Listed, answer: dict[str, Any]) -> Row:
    """The row of ``docker.containers``. Raises what a malformed answer makes it raise."""
    config, host, state = answer["Config"], answer["HostConfig"], answer["State"]
    labels = config.get("Labels") or {}
    row = {
        "name": container.name,
        "given_name": container.given_name,
        "replaced_by": container.replaced_by,
        "auto_remove": bool(host.get("AutoRemove")),
        "id": _text(answer, "Id"),
        # As it was named when the container was made; the list shows an id once another image has the name.
        "image": _image(config) or None,
        "image_id": answer.get("Image"),
        "state": _text(state, "Status"),
        "created": _moment(answer.get("Created"), "Created"),
        "started": _moment(state.get("StartedAt"), "StartedAt"),
        "hostname": config.get("Hostname") or None,
        "domainname": config.get("Domainname") or None,
        "network_mode": host.get("NetworkMode") or None,
        "cpus": _cpus(host),
        "memory": _amount(host, "Memory"),
        "restart_policy": (host.get("RestartPolicy") or {}).get("Name") or "no",
        **{column: labels.get(label) for column, label in _ORIGIN.items()},
        "inspected": True,
    }
    for column, value in row.items():
        if isinstance(value, str):
            short_text(value, column)
    return row


def _cpus(host: dict[str, Any]) -> float:
    """The CPUs that the container may use at most; 0: no limit."""
    if nano := _amount(host, "NanoCpus"):
        return nano / 1e9
    quota = _amount(host, "CpuQuota")
    return quota / (_amount(host, "CpuPeriod") or _CPU_PERIOD) if quota > 0 else 0.0


def _amount(item: dict[str, Any], field: str) -> int:
    value = item.get(field) or 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{field} is not a number: {value!r}")
    return value


def _moment(value: Any, field: str) -> datetime | None:
    """A moment in UTC without a zone; None for null and for the year 1, by which Docker says never."""
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
        return None if found.year == 1 else found.astimezone(UTC).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{field} is not a time: {value!r}") from None


def interface_rows(container: Listed, answer: dict[str, Any]) -> tuple[list[Row], list[Row]]:
    """(rows of ``docker.container_interfaces``, rows of ``docker.container_addresses``), one interface per network.

    ``position``: the network that the container was started with comes first, the others by their name. A
    container that does not run has its networks, but neither MAC nor address in them.
    """
    mode = answer["HostConfig"].get("NetworkMode") or "default"
    first = "bridge" if mode == "default" else mode
    networks = answer["NetworkSettings"].get("Networks") or {}
    # Podman shows the networks of the container whose interfaces it uses, and a stopped rootless container in a
    # network that is called like its mode.
    if mode.startswith("container:"):
        networks = {}
    networks = {name: settings for name, settings in networks.items() if name not in _USERS_OWN}
    short_list(list(networks), "Networks")
    interfaces: list[Row] = []
    addresses: list[Row] = []
    order = sorted(networks.items(), key=lambda item: (first not in (item[0], item[1]["NetworkID"]), item[0]))
    for position, (network, settings) in enumerate(order):
        place = {"container": container.name, "network": short_text(network, "the name of a network")}
        interfaces.append(
            {
                **place,
                "position": position,
                "network_id": settings["NetworkID"] or None,
                "mac": canonical_mac(settings.get("MacAddress")),
                # Podman gives no id of an endpoint.
                "attached": bool(
                    settings["EndpointID"] or settings.get("IPAddress") or settings.get("GlobalIPv6Address")
                ),
            }
        )
        addresses += ({**place, **address} for address in _addresses(settings))
    return interfaces, addresses


def _addresses(settings: dict[str, Any]) -> Iterator[Row]:
    for family, field, length in (
        (4, "IPAddress", "IPPrefixLen"),
        (6, "GlobalIPv6Address", "GlobalIPv6PrefixLen"),
    ):
        text = settings.get(field)
        if text:
            yield {
                "family": family,
                "address": text,
                "prefixlen": _amount(settings, length),
                "canonical": canonical_address(text),
            }
