"""A Docker daemon on loopback: a port, TLS with client certificates, or a socket file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from netbox_sync_lab.docker import answers, podman
from netbox_sync_lab.docker.podman import PodmanState
from netbox_sync_lab.docker.state import DockerState
from netbox_sync_lab.serving import LabServer

_VERSIONED = re.compile(r"^/v(\d+)\.(\d+)(/.*)$")
_CONTAINER = re.compile(r"^/containers/([^/]+)/json$")


class LabDocker(LabServer):
    """The Docker Engine API over ``state``: what a reader asks, and the daemon's errors.

    ``replace`` gives a path below the version (``/containers/json``) another answer, for malformed ones; an
    integer is an HTTP status.
    """

    def __init__(
        self,
        state: DockerState,
        *,
        port: int = 0,
        certfile: Path | str | None = None,
        keyfile: Path | str | None = None,
        client_ca: Path | str | None = None,
        socket_path: Path | str | None = None,
    ) -> None:
        super().__init__(
            port=port, certfile=certfile, keyfile=keyfile, client_ca=client_ca, socket_path=socket_path
        )
        self.state = state
        self.replace: dict[str, Any] = {}

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        path = request.url.path
        state = self.state
        if match := _VERSIONED.match(path):
            asked, path = (int(match[1]), int(match[2])), match[3]
            newest, oldest = (tuple(map(int, text.split("."))) for text in (state.api, state.oldest_api))
            said = f"client version {match[1]}.{match[2]} is too"
            if asked > newest:
                return _error(400, f"{said} new. Maximum supported API version is {state.api}")
            if asked < oldest:
                return _error(400, f"{said} old. Minimum supported API version is {state.oldest_api}")
        if path in self.replace:
            given = self.replace[path]
            return _error(given, "refused") if isinstance(given, int) else _json(given)
        if request.method != "GET":
            return _error(403, "this lab is only read")
        if path == "/_ping":
            return Response("OK", media_type="text/plain", headers={"Api-Version": state.api})
        return self._answer(request, path)

    def _answer(self, request: Request, path: str) -> Response:
        state = self.state
        if path == "/version":
            return _json(podman.version(state) if isinstance(state, PodmanState) else answers.version(state))
        if path == "/info":
            return _json(podman.info(state) if isinstance(state, PodmanState) else answers.info(state))
        if path == "/networks":
            return _json(
                podman.networks(state) if isinstance(state, PodmanState) else answers.networks(state)
            )
        if path == "/containers/json":
            everything = request.query_params.get("all", "") in ("1", "true", "True")
            if isinstance(state, PodmanState):
                return _json(podman.container_list(state, everything=everything))
            return _json(answers.container_list(state, everything=everything))
        if match := _CONTAINER.match(path):
            found = state.find(match[1])
            if found is None:
                return _missing(state, match[1])
            if isinstance(state, PodmanState):
                return _json(podman.container(state, found))
            return _json(answers.container(state, found))
        return _error(404, "page not found")


def _missing(state: DockerState, key: str) -> Response:
    if isinstance(state, PodmanState):
        cause = "no such container"
        message = f'no container with name or ID "{key}" found: {cause}'
        text = json.dumps({"cause": cause, "message": message, "response": 404})
        return Response(text, status_code=404, media_type="application/json")
    return _error(404, f"No such container: {key}")


def _json(content: Any) -> Response:
    return Response(json.dumps(content), media_type="application/json")


def _error(status: int, message: str) -> Response:
    text = json.dumps({"message": message})
    return Response(text, status_code=status, media_type="application/json")
