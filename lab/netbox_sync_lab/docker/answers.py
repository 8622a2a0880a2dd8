"""The Docker Engine API's answers over a ``DockerState``, field for field as a daemon gives them."""

from __future__ import annotations

from typing import Any

from netbox_sync_lab.docker.state import Container, DockerState, Network, new_id

_CREATED = 1_795_272_659
_MOMENT = "2026-11-21T14:50:59.308148919Z"
_NEVER = "0001-01-01T00:00:00Z"
_STATUS = {
    "running": "Up 2 hours",
    "paused": "Up 2 hours (Paused)",
    "restarting": "Restarting (1) 3 seconds ago",
    "exited": "Exited (0) 2 hours ago",
    "created": "Created",
    "removing": "Removal In Progress",
    "dead": "Dead",
}


def version(state: DockerState) -> dict[str, Any]:
    """``GET /version``"""
    return {
        "Platform": {"Name": "Docker Engine - Community"},
        "Components": [{"Name": "Engine", "Version": state.version, "Details": {"ApiVersion": state.api}}],
        "Version": state.version,
        "ApiVersion": state.api,
        "MinAPIVersion": state.oldest_api,
        "GitCommit": "e77ff99",
        "GoVersion": "go1.24.5",
        "Os": "linux",
        "Arch": "amd64",
        "KernelVersion": "6.1.0-42-amd64",
        "BuildTime": "2026-07-09T16:13:55.000000000+00:00",
    }


def info(state: DockerState) -> dict[str, Any]:
    """``GET /info``: what a reader may look at; a daemon says more."""
    states = [one.state for one in state.containers.values()]
    return {
        "ID": state.daemon_id,
        "Containers": len(states),
        "ContainersRunning": states.count("running"),
        "ContainersPaused": states.count("paused"),
        "ContainersStopped": sum(one not in ("running", "paused") for one in states),
        "Images": 3,
        "Driver": "overlay2",
        "KernelVersion": "6.1.0-42-amd64",
        "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
        "OSVersion": "12",
        "OSType": "linux",
        "Architecture": "x86_64",
        "NCPU": 8,
        "MemTotal": 33_567_109_120,
        "DockerRootDir": "/var/lib/docker",
        "Name": state.name,
        "Labels": [],
        "ServerVersion": state.version,
        "Swarm": {
            "NodeID": "",
            "NodeAddr": "",
            "LocalNodeState": state.swarm,
            "ControlAvailable": False,
            "Error": "",
            "RemoteManagers": None,
        },
        "Warnings": None,
    }


def networks(state: DockerState) -> list[dict[str, Any]]:
    """``GET /networks``"""
    return [_network(one) for one in state.networks.values()]


def _network(one: Network) -> dict[str, Any]:
    return {
        "Name": one.name,
        "Id": one.id,
        "Created": _MOMENT,
        "Scope": "swarm" if one.driver == "overlay" else "local",
        "Driver": one.driver,
        "EnableIPv6": one.subnet6 is not None,
        "IPAM": {
            "Driver": "default",
            "Options": None,
            "Config": [{"Subnet": subnet} for subnet in (one.subnet, one.subnet6) if subnet],
        },
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {},
        "Options": {},
        "Labels": {},
    }


def container_list(state: DockerState, *, everything: bool) -> list[Any]:
    """``GET /containers/json``; without ``all=1`` only what runs."""
    shown = [
        one
        for one in state.containers.values()
        if one.name not in state.hidden and (everything or one.attached or one.state == "restarting")
    ]
    return [*(_summary(state, one) for one in shown), *state.odd_rows]


def _summary(state: DockerState, one: Container) -> dict[str, Any]:
    return {
        "Id": one.id,
        "Names": [f"/{one.name}"],
        "Image": one.image,
        "ImageID": f"sha256:{new_id('image', one.image)}",
        "Command": "/docker-entrypoint.sh nginx -g 'daemon off;'",
        "Created": _CREATED,
        "Ports": [],
        "Labels": one.labels,
        "State": one.state,
        "Status": _STATUS.get(one.state, one.state),
        "HostConfig": {"NetworkMode": one.network_mode},
        "NetworkSettings": {"Networks": _endpoints(state, one)},
        "Mounts": [],
    }


def container(state: DockerState, one: Container) -> dict[str, Any]:
    """``GET /containers/{id}/json``"""
    running = one.attached or one.state == "restarting"
    return {
        "Id": one.id,
        "Created": _MOMENT,
        "Path": "/docker-entrypoint.sh",
        "Args": ["nginx", "-g", "daemon off;"],
        "State": {
            "Status": one.state,
            "Running": running,
            "Paused": one.state == "paused",
            "Restarting": one.state == "restarting",
            "OOMKilled": False,
            "Dead": one.state == "dead",
            "Pid": 4711 if running else 0,
            "ExitCode": 0,
            "Error": "",
            "StartedAt": _NEVER if one.state == "created" else _MOMENT,
            "FinishedAt": _NEVER,
        },
        "Image": f"sha256:{new_id('image', one.image)}",
        "Name": f"/{one.name}",
        "RestartCount": 0,
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "docker-default",
        "ExecIDs": None,
        "HostConfig": {
            "NetworkMode": one.network_mode,
            "RestartPolicy": {"Name": one.restart, "MaximumRetryCount": 0},
            "AutoRemove": one.auto_remove,
            "Privileged": False,
            "CpuShares": 0,
            "Memory": one.memory,
            "NanoCpus": one.nano_cpus,
            "CpuPeriod": one.cpu_period,
            "CpuQuota": one.cpu_quota,
            "CpusetCpus": "",
            "MemoryReservation": 0,
            "MemorySwap": 2 * one.memory,
        },
        "Mounts": [],
        "Config": {
            "Hostname": one.hostname or one.id[:12],
            "Domainname": one.domainname,
            "User": "",
            "Tty": False,
            "Env": one.env,
            "Cmd": ["nginx", "-g", "daemon off;"],
            "Image": one.image,
            "Volumes": None,
            "WorkingDir": "",
            "Entrypoint": ["/docker-entrypoint.sh"],
            "Labels": one.labels,
        },
        "NetworkSettings": {
            "SandboxID": new_id("sandbox", one.id) if running else "",
            "SandboxKey": "",
            "Ports": {},
            "Networks": _endpoints(state, one),
        },
    }


def _endpoints(state: DockerState, one: Container) -> dict[str, Any]:
    # One that uses another container's interfaces has none.
    if one.network_mode.startswith("container:"):
        return {}
    return {name: endpoint(state.networks[name], one) for name in sorted(one.networks)}


def endpoint(network: Network, one: Container) -> dict[str, Any]:
    """What a container shows of one of its networks."""
    number = one.networks[network.name]
    (ip, length), (ip6, length6) = network.address(number), network.address6(number)
    if not one.attached:
        ip, length, ip6, length6 = "", 0, "", 0
    mac = one.macs.get(network.name)
    if mac is None:
        mac = "02:42:" + ":".join(f"{int(part):02x}" for part in ip.split(".")) if ip else ""
    return {
        "IPAMConfig": None,
        "Links": None,
        "Aliases": None,
        "MacAddress": mac if one.attached else "",
        "DriverOpts": None,
        "NetworkID": "" if one.state == "created" else network.id,
        "EndpointID": new_id("endpoint", one.id, network.name) if one.attached else "",
        "Gateway": network.address(1)[0] if ip else "",
        "IPAddress": ip,
        "IPPrefixLen": length,
        "IPv6Gateway": network.address6(1)[0] if ip6 else "",
        "GlobalIPv6Address": ip6,
        "GlobalIPv6PrefixLen": length6,
        "DNSNames": [one.name, one.id[:12]] if one.attached else None,
    }
