"""A server on loopback whose answers are set byte by byte: raw sockets, so that no library tidies them up."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from netbox_sync_lab.certs import LabCertificates


@dataclass(frozen=True)
class Asked:
    """One request as it came: the first line's method and target, all headers and the body as text."""

    method: str
    target: str
    head: str
    body: str


# What to send for a request, piece by piece. After the last piece the connection is closed.
Behaviour = Callable[[Asked], Iterator[bytes]]


class Reset(Exception):
    """Raised by a behaviour: drop the connection with a TCP reset."""


class HostileServer:
    """Answers every request with ``behaviour``; ``asked`` is what came. HTTPS with certificates, or a socket file."""

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        certificates: LabCertificates | None = None,
        path: Path | None = None,
    ) -> None:
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self._path = path
        self._tls: ssl.SSLContext | None = None
        if certificates is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificates.certfile, certificates.keyfile)
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        if self._path is not None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(self._path))
        else:
            self._listener = socket.socket()
            self._listener.bind(("127.0.0.1", 0))
            self._port = self._listener.getsockname()[1]
        self._listener.listen(64)
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for one in (self._listener, *list(self._connections)):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(timeout=0.1)

    @property
    def url(self) -> str:
        if self._path is not None:
            return f"unix://{self._path}"
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://127.0.0.1:{self._port}"

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.add(connection)
            self._start(lambda connection=connection: self._serve(connection))

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._connections.add(connection)
            asked = _read(connection)
            self.asked.append(asked)
            try:
                for piece in self.behaviour(asked):
                    if self._stopping.is_set():
                        break
                    connection.sendall(piece)
            except Reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()


def _read(connection: socket.socket) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise ValueError("no request came")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    length = next(
        (
            int(line.split(":")[1])
            for line in text.lower().split("\r\n")
            if line.startswith("content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    method, target, _ = text.split("\r\n")[0].split(" ")
    return Asked(method, target, text, body.decode("latin-1"))


def answer(
    body: bytes = b"",
    *,
    status: str = "200 OK",
    headers: tuple[str, ...] = ("Content-Type: application/json",),
) -> Behaviour:
    """A whole, correct answer of HTTP."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]

    def behave(_: Asked) -> Iterator[bytes]:
        yield "\r\n".join(lines).encode("latin-1") + body

    return behave


def routes(answers: dict[str, bytes | Behaviour], otherwise: bytes | Behaviour = b"{}") -> Behaviour:
    """By path, without the query: the JSON of an answer, or what else is done."""

    def behave(asked: Asked) -> Iterator[bytes]:
        found = answers.get(asked.target.partition("?")[0], otherwise)
        yield from (answer(found) if isinstance(found, bytes) else found)(asked)

    return behave
