"""The writes of an apply once more as a bare loop sends them: plain bodies, batches of 100, no guard, no order to find.

Used by first_sync.py; it is not run on its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import httpx
import orjson

BATCH = 100
READS_BY_POST = "/graphql/"

Request = tuple[str, str, list[dict[str, Any]]]


@dataclass
class Traffic:
    """Requests of this process to NetBox, as they leave httpx."""

    origin: str
    calls: Counter[str] = field(default_factory=Counter)
    written: list[tuple[Request, list[dict[str, Any]]]] = field(default_factory=list)

    @property
    def reads(self) -> int:
        return self.calls["read"]

    @property
    def writes(self) -> int:
        return self.calls["write"]

    def saw(self, request: httpx.Request, response: httpx.Response) -> None:
        if f"{request.url.scheme}://{request.url.netloc.decode()}" != self.origin:
            return
        if request.method in ("GET", "OPTIONS") or request.url.path == READS_BY_POST:
            self.calls["read"] += 1
            return
        self.calls["write"] += 1
        sent = (request.method, request.url.path, orjson.loads(request.content))
        self.written.append((sent, response.json() if response.is_success and response.content else []))


@contextmanager
def watched(url: str) -> Iterator[Traffic]:
    """Count what is sent to NetBox meanwhile."""
    traffic = Traffic(url)
    send = httpx.Client.send

    def counting(client: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
        response = send(client, request, **more)
        traffic.saw(request, response)
        return response

    with patch.object(httpx.Client, "send", counting):
        yield traffic


# Where the object lives that a field's id names.
REFERENCES = {
    "cluster": "/api/virtualization/clusters/",
    "virtual_machine": "/api/virtualization/virtual-machines/",
    "vminterface": "/api/virtualization/interfaces/",
    "device": "/api/dcim/devices/",
    "interface": "/api/dcim/interfaces/",
    "lag": "/api/dcim/interfaces/",
    "parent": "/api/dcim/interfaces/",
    "bridge": "/api/dcim/interfaces/",
    "platform": "/api/dcim/platforms/",
    "role": "/api/dcim/device-roles/",
    "type": "/api/virtualization/cluster-types/",
    "primary_mac_address": "/api/dcim/mac-addresses/",
    "primary_ip4": "/api/ipam/ip-addresses/",
    "primary_ip6": "/api/ipam/ip-addresses/",
    "untagged_vlan": "/api/ipam/vlans/",
}


class Ids:
    """Which object a body of the apply means, and which one stands for it in the bare loop."""

    def __init__(self) -> None:
        # The id of the apply's object by (path, body as sent), and the new one by (path, old id).
        self._old: dict[tuple[str, bytes], int] = {}
        self.new: dict[tuple[str, int], int] = {}

    def old(self, path: str, body: dict[str, Any]) -> tuple[str, int]:
        """The object that the apply created from this body."""
        return path, self._old[path, orjson.dumps(body)]

    def remember(self, path: str, bodies: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
        for body, row in zip(bodies, rows, strict=True):
            self._old[path, orjson.dumps(body)] = row["id"]

    def learn(self, path: str, bodies: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
        for body, row in zip(bodies, rows, strict=True):
            self.new[self.old(path, body)] = row["id"]

    def renewed(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The body with every id of the apply's objects replaced."""
        means = references(path, body)
        return body | {name: self.new.get(meant, meant[1]) for name, meant in means.items()}


def references(path: str, body: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """The objects that a body names by id, by field."""
    found = {}
    for name, value in body.items():
        target = REFERENCES.get(name)
        if name == "id":
            target = path
        elif name == "assigned_object_id":
            target = REFERENCES[body["assigned_object_type"].partition(".")[2]]
        if target and isinstance(value, int):
            found[name] = (target, value)
    return found


def batched(written: list[tuple[Request, list[dict[str, Any]]]], ids: Ids) -> list[Request]:
    """The writes of an apply as the bare loop sends them: in the same order, in batches of 100, unguarded."""
    merged: list[Request] = []
    inside: set[tuple[str, int]] = set()
    for (method, path, bodies), rows in written:
        plain = [{name: value for name, value in b.items() if name != "changelog_message"} for b in bodies]
        if method == "POST":
            ids.remember(path, plain, rows)
        for body in plain:
            # An object that another one of the same request names would not be there yet.
            needs = not inside.isdisjoint(references(path, body).values())
            if not merged or merged[-1][:2] != (method, path) or len(merged[-1][2]) == BATCH or needs:
                merged.append((method, path, []))
                inside = set()
            merged[-1][2].append(body)
            if method == "POST":
                inside.add(ids.old(path, body))
    return merged
