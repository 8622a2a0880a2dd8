"""Who is logged in. Sessions are kept in memory only: a token of NetBox is never written to disk."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

# Sessions of one process at once; beyond it the one that was silent longest ends.
MOST = 1_000


@dataclass
class WebSession:
    """One login. ``login_by``: password, token or proxy. ``token`` is the person's NetBox token, empty behind a proxy;
    ``token_id`` where it was provisioned for this session and is deleted with it. Times are seconds of a monotonic clock.
    """

    user: str
    user_id: int | None
    login_by: str
    token: str = field(default="", repr=False)
    token_id: int | None = None
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    began: float = field(default_factory=time.monotonic)
    seen: float = field(default_factory=time.monotonic)
    # What NetBox said of the person's rights, and when (``rights``).
    known: dict[object, tuple[float, object]] = field(default_factory=dict, repr=False)
    # A sentence for the next page.
    notice: str = ""
    # What the person has picked and not decided on yet (``decide``), by a key that the form holds.
    picked: dict[str, object] = field(default_factory=dict, repr=False)


class Sessions:
    """The sessions of this process, by a secret id that only the browser has. Thread-safe.

    ``ended`` is called with every session that ends, however it does.
    """

    def __init__(self, *, hours: float, idle_minutes: float, ended: Callable[[WebSession], None]) -> None:
        self._longest = hours * 3_600
        self._idle = idle_minutes * 60
        self._ended = ended
        self._lock = Lock()
        self._by_digest: dict[str, WebSession] = {}

    def begin(self, session: WebSession) -> str:
        """Keep the session; returns its id, which was never used before: a login takes no id that a browser brings."""
        identity = secrets.token_urlsafe(32)
        dropped: list[WebSession] = []
        with self._lock:
            self._by_digest[_digest(identity)] = session
            while len(self._by_digest) > MOST:
                silent = min(self._by_digest, key=lambda digest: self._by_digest[digest].seen)
                dropped.append(self._by_digest.pop(silent))
        for old in dropped:
            self._ended(old)
        return identity

    def find(self, identity: str | None) -> WebSession | None:
        """The session with this id, if it has not ended."""
        self.sweep()
        if not identity:
            return None
        with self._lock:
            session = self._by_digest.get(_digest(identity))
            if session is not None:
                session.seen = time.monotonic()
        return session

    def end(self, identity: str | None) -> None:
        """End the session with this id."""
        with self._lock:
            session = self._by_digest.pop(_digest(identity or ""), None)
        if session is not None:
            self._ended(session)

    def sweep(self) -> None:
        """End the sessions whose time is over."""
        now = time.monotonic()
        with self._lock:
            over = [
                digest
                for digest, session in self._by_digest.items()
                if now - session.began > self._longest or now - session.seen > self._idle
            ]
            sessions = [self._by_digest.pop(digest) for digest in over]
        for session in sessions:
            self._ended(session)

    def end_all(self) -> None:
        """End every session, e.g. where the server stops."""
        with self._lock:
            sessions = list(self._by_digest.values())
            self._by_digest.clear()
        for session in sessions:
            self._ended(session)


def _digest(identity: str) -> str:
    # A look-up by digest takes no longer for an id that is nearly right.
    return hashlib.sha256(identity.encode()).hexdigest()
