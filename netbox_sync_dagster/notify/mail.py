"""A mail client with a deadline: smtplib's timeout limits only the time between two bytes."""

from __future__ import annotations

import smtplib
import socket
import time
from typing import Any

from netbox_sync_dagster.config.limits import ANSWER_TIMEOUTS

# Maximum number of bytes of a mail server's answers for one message.
_MOST_BYTES = 256 << 10
_PIECE = 4096


class _Lines:
    """A file for smtplib that reads lines up to a deadline and a size. Raises OSError, like a file."""

    def __init__(self, sock: socket.socket, timeout: float, until: float, left: int) -> None:
        self._sock, self._timeout, self._until = sock, timeout, until
        self._left = left
        self._buffer = b""

    def readline(self, limit: int) -> bytes:
        """A line, or ``limit`` bytes of a longer one; empty at the end."""
        while b"\n" not in self._buffer[:limit] and len(self._buffer) < limit:
            seconds = self._until - time.monotonic()
            if seconds <= 0:
                raise TimeoutError("the mail server takes too long")
            self._sock.settimeout(min(self._timeout, seconds))
            piece = self._sock.recv(_PIECE)
            if not piece:
                break
            self._left -= len(piece)
            if self._left < 0:
                raise OSError("the mail server's answers are too long")
            self._buffer += piece
        end = self._buffer.find(b"\n", 0, limit)
        cut = limit if end < 0 else end + 1
        line, self._buffer = self._buffer[:cut], self._buffer[cut:]
        return line

    def close(self) -> None:
        """smtplib closes the socket."""


class _Bounded:
    """Mixin for smtplib's clients: one deadline for the whole conversation."""

    sock: socket.socket | None
    file: Any
    timeout: float
    _until: float | None = None

    def getreply(self) -> tuple[int, bytes]:
        """The server's reply. Raises smtplib.SMTPServerDisconnected if the conversation takes too long."""
        if self._until is None:
            self._until = time.monotonic() + ANSWER_TIMEOUTS * self.timeout
        if self.file is None and self.sock is not None:
            self.file = _Lines(self.sock, self.timeout, self._until, _MOST_BYTES)
        return super().getreply()  # type: ignore[misc,no-any-return]


class MailServer(_Bounded, smtplib.SMTP):
    """A mail server over plain TCP, or STARTTLS."""


class TlsMailServer(_Bounded, smtplib.SMTP_SSL):
    """A mail server over TLS."""
