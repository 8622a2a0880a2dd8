"""What a lab Docker host holds: networks and containers, changed as people change them with ``docker``."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass, field
from typing import Any

# Docker's own three: (driver, subnet).
_BUILT_IN = {"bridge": ("bridge", "172.17.0.0/16"), "host": ("host", None), "none": ("null", None)}


def new_id(*parts: object) -> str:
    """64 hex digits, the same for the same parts."""
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()


@dataclass
class Network:
    """A network; subnet and subnet6 in CIDR notation."""

    name: str
    driver: str
    subnet: str | None = None
    subnet6: str | None = None

    @property
    def id(self) -> str:
        """The network's id."""
        # As Podman makes it; Docker's has no meaning.
        return hashlib.sha256(self.name.encode()).hexdigest()

    def address(self, number: int) -> tuple[str, int]:
        """The ``number``-th IPv4 address and its prefix length; an empty one where the network has none."""
        return _address(self.subnet, number)

    def address6(self, number: int) -> tuple[str, int]:
        """The same for IPv6."""
        return _address(self.subnet6, number)


def _address(subnet: str | None, number: int) -> tuple[str, int]:
    if subnet is None:
        return "", 0
    network = ipaddress.ip_network(subnet)
    return str(network[number]), network.prefixlen


@dataclass
class Container:
    """A container. ``networks``: name -> its number in that network. state as Docker says it. memory in bytes.

    ``made``: how often it was recreated; another time means another id. ``given_id``: one that it keeps whatever it is
    called.
    """

    name: str
    image: str = "nginx:1.27"
    state: str = "running"
    networks: dict[str, int] = field(default_factory=dict)
    network_mode: str = "bridge"
    hostname: str = ""
    domainname: str = ""
    memory: int = 0
    nano_cpus: int = 0
    cpu_quota: int = 0
    cpu_period: int = 0
    restart: str = "no"
    labels: dict[str, str] = field(default_factory=dict)
    env: list[str] = field(default_factory=list)
    macs: dict[str, str] = field(default_factory=dict)
    made: int = 1
    given_id: str = ""
    auto_remove: bool = False

    @property
    def id(self) -> str:
        """The container's id."""
        return self.given_id or new_id("container", self.name, self.made)

    @property
    def attached(self) -> bool:
        """Whether it has its addresses at the moment."""
        return self.state in ("running", "paused")


class DockerState:
    """A Docker host called ``name``. ``api`` and ``oldest_api``: the versions of the API that it speaks."""

    def __init__(
        self,
        name: str = "docker1",
        *,
        daemon_id: str | None = None,
        version: str = "28.3.2",
        api: str = "1.51",
        oldest_api: str = "1.24",
        swarm: str = "inactive",
    ) -> None:
        self.name = name
        self.daemon_id = daemon_id or new_id("daemon", name)[:36]
        self.version, self.api, self.oldest_api, self.swarm = version, api, oldest_api, swarm
        self.networks = {key: Network(key, *value) for key, value in _BUILT_IN.items()}
        self.containers: dict[str, Container] = {}
        # Rows that the list holds besides, and containers that it does not show though they exist.
        self.odd_rows: list[Any] = []
        self.hidden: set[str] = set()

    def add_network(
        self, name: str, subnet: str | None = None, *, subnet6: str | None = None, driver: str = "bridge"
    ) -> Network:
        """``docker network create``."""
        self.networks[name] = Network(name, driver, subnet, subnet6)
        return self.networks[name]

    def add(self, name: str, *networks: str, **settings: Any) -> Container:
        """``docker run``: in these networks, the first one first; without any in ``bridge``."""
        names = networks or ("bridge",)
        numbers = {network: self._free(network) for network in names}
        mode = settings.pop("network_mode", names[0])
        self.containers[name] = Container(name, networks=numbers, network_mode=mode, **settings)
        return self.containers[name]

    def remove(self, name: str) -> None:
        """``docker rm -f``."""
        del self.containers[name]

    def recreate(self, name: str, **settings: Any) -> Container:
        """``docker compose up``: the name stays, the id is another."""
        old = self.containers[name]
        content = {**old.__dict__, **settings, "made": old.made + 1, "given_id": ""}
        self.containers[name] = Container(**content)
        return self.containers[name]

    def rename(self, name: str, new_name: str) -> Container:
        """``docker rename``: the id stays."""
        one = self.containers.pop(name)
        one.given_id, one.name = one.id, new_name
        self.containers[new_name] = one
        return one

    def _free(self, network: str) -> int:
        used = {
            number for one in self.containers.values() for n, number in one.networks.items() if n == network
        }
        return next(number for number in range(2, 65_536) if number not in used)

    def find(self, key: str) -> Container | None:
        """The container with that name, id, or beginning of an id."""
        if key in self.containers:
            return self.containers[key]
        return next((one for one in self.containers.values() if one.id.startswith(key)), None)
