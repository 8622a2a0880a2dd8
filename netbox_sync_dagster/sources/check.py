"""What `netbox-sync check` says about one server: one line per thing that must work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One thing that was tried on a server.

    ``name``: ``reachable``, ``tls``, ``token``, ``version``, ``rights: <what>``. ``sentence``: what was seen
    and, where ``ok`` is false, what to do about it; never a secret.
    """

    ok: bool
    name: str
    sentence: str
