"""Ports to listen on: opened, or refused in a sentence that says how to choose another."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from typing import NamedTuple

from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.text import visible

LOOPBACK = "127.0.0.1"
_BACKLOG = 2_048
_TAKEN = (errno.EADDRINUSE,)
# This machine has no such address, e.g. no IPv6.
_NO_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class CannotListen(UserError):
    """An address cannot be listened on; the sentence says why and what chooses another."""


class Choice(NamedTuple):
    """Options or settings that choose the port and the host, as in ``choose another with <port>``."""

    port: str
    host: str = ""


def listen(host: str, port: int, choice: Choice) -> list[socket.socket]:
    """A listening socket for each address of ``host``; port 0 takes a free one. Raises CannotListen."""
    opened: list[socket.socket] = []
    missing: OSError | None = None
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise CannotListen(
            f"this machine does not know the host '{visible(host)}'; choose another with {choice.host}"
        ) from None
    with ExitStack() as stack:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            try:
                opened.append(_opened(stack, socket.socket(family, kind, protocol), address))
            except OSError as error:
                if error.errno not in _NO_ADDRESS:
                    raise CannotListen(_sentence(error, host, port, choice)) from None
                missing = error
        if not opened and missing is not None:
            raise CannotListen(_sentence(missing, host, port, choice))
        stack.pop_all()
    return opened


def _opened(stack: ExitStack, one: socket.socket, address: tuple[object, ...]) -> socket.socket:
    stack.enter_context(one)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if one.family == socket.AF_INET6:
        # As asyncio does: IPv4 has its own socket.
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    one.bind(address)
    # Two programs may bind a port until one of them listens.
    one.listen(_BACKLOG)
    return one


def _sentence(error: OSError, host: str, port: int, choice: Choice) -> str:
    shown = visible(host)
    if error.errno in _TAKEN:
        return f"port {port} on {shown} is used by another program; choose another with {choice.port}"
    if error.errno == errno.EACCES:
        return (
            f"port {port} on {shown} may not be opened by this user; choose one above 1023 with {choice.port}"
        )
    if error.errno in _NO_ADDRESS:
        return f"this machine does not have the address {shown}; choose another with {choice.host}"
    return f"cannot listen on port {port} of {shown}: {error.strerror or error}; choose another with {choice.port}"


def check_free(wanted: Iterable[tuple[str, int]]) -> None:
    """Raise CannotListen for the first (option, port of loopback) that is taken, also by one before it."""
    with ExitStack() as stack:
        for option, port in wanted:
            for one in listen(LOOPBACK, port, Choice(option)):
                stack.enter_context(one)


def free_port(preferred: int = 0) -> int:
    """This port of loopback, or another one if it is taken."""
    try:
        opened = listen(LOOPBACK, preferred, Choice(""))
    except CannotListen:
        opened = listen(LOOPBACK, 0, Choice(""))
    with ExitStack() as stack:
        for one in opened:
            stack.enter_context(one)
        return int(opened[0].getsockname()[1])
