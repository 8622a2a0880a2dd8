"""Who did something: the given name, and what the operating system knows. Decides who counts as a second person."""

from __future__ import annotations

import os
import pwd
import socket
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Callers that are not people: policies, sensors and schedules.
PROGRAMS = ("policy", "sensor", "schedule", "dagster run")
# Here everybody is the same user, and the host's name is arbitrary.
_CONTAINER_FILES = (Path("/.dockerenv"), Path("/run/.containerenv"))
_NO_LOGIN = 4_294_967_295


@dataclass(frozen=True)
class Actor:
    """``name`` is the given name, ``through`` the caller (CLI, Dagster, ...). The rest is what the operating system
    knows: ``user``, ``uid``, ``login`` (who logged in, if the kernel records it: sudo does not change it), ``host``,
    whether it is in a ``container``; ``run`` is the Dagster run. ``login_by``: how the review page verified the name, with
    NetBox's ``password`` or ``token``, or by a trusted ``proxy``; ``groups``: the groups of ``policies.approvers`` that the
    actor was known to be in. Empty if not recorded."""

    name: str
    through: str
    user: str = ""
    uid: int | None = None
    login: str = ""
    host: str = ""
    container: bool = False
    run: str = ""
    login_by: str = ""
    groups: tuple[str, ...] = ()

    @property
    def is_program(self) -> bool:
        """Whether no person's name was given."""
        return self.through in PROGRAMS

    @property
    def person(self) -> str:
        """The person's user in the operating system, or in NetBox for the review page; empty if unknown.

        In a container and in Dagster everybody is the same user; so is root, unless the kernel knows who logged in.
        """
        if self.through == "web":
            return self.name if self.login_by else ""
        if self.through != "cli" or self.container:
            return ""
        return self.login or (self.user if self.uid else "")

    def to_json(self) -> dict[str, Any]:
        """The fields of a line of the ledger besides the name and the caller."""
        return {
            "user": self.user,
            "uid": self.uid,
            "login": self.login,
            "host": self.host,
            "container": self.container,
            "run": self.run,
            "login_by": self.login_by,
            **({"groups": list(self.groups)} if self.groups else {}),
        }

    @classmethod
    def from_json(cls, name: str, through: str, by: dict[str, Any] | None) -> Actor:
        """From a line; lines of older versions have no ``by``."""
        known = {key: by[key] for key in cls(name, through).to_json() if key in by} if by else {}
        return cls(name, through, **known, groups=tuple((by or {}).get("groups") or ()))


def me(name: str, through: str, run: str | None = None, login_by: str = "") -> Actor:
    """The user of this process, under this name."""
    uid = os.getuid()
    return Actor(
        name=name.strip(),
        through=through,
        user=_user(uid),
        uid=uid,
        login=_login(),
        host=socket.gethostname(),
        container=any(path.exists() for path in _CONTAINER_FILES) or "KUBERNETES_SERVICE_HOST" in os.environ,
        run=run or "",
        login_by=login_by,
    )


def os_user() -> str:
    """The user of this process, whatever its environment says."""
    return _login() or _user(os.getuid())


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _login() -> str:
    try:
        uid = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return ""
    return "" if uid == _NO_LOGIN else _user(uid)


def why_alone(approvers: Iterable[Actor], applier: Actor, *, trusted_names: bool) -> str | None:
    """Why no second person has agreed to what ``applier`` is about to write; None if two different people have.

    A second person also approves, or starts the apply. A policy's approval counts in addition to a person, a program
    that starts an apply does not. ``trusted_names``: different names are different people.
    """
    voices = list(approvers)
    pairs = [(voice, other) for at, voice in enumerate(voices) for other in voices[at + 1 :]]
    if not applier.is_program:
        pairs = [(voice, applier) for voice in reversed(voices)] + pairs
    reasons = [_why_same(one, other, trusted_names) for one, other in pairs]
    if None in reasons:
        return None
    names = ", ".join(dict.fromkeys(voice.name for voice in voices))
    if applier.is_program and all(reason is _SAME_NAME for reason in reasons):
        return (
            f"approved by {names} alone, and no person is named who started this apply; policies.second_approver asks for "
            "another person to approve it, or to start the apply under his name (--who, in Dagster the run's config `who`)"
        )
    if all(reason is _SAME_NAME for reason in reasons):
        return (
            f"approved by {names} alone; policies.second_approver asks for another person to approve or "
            "to apply it"
        )
    first = next(reason for reason in reasons if reason is not None and reason is not _SAME_NAME)
    return (
        f"approved by {names}, applied by {applier.name}; policies.second_approver asks for two people, and {first}; where "
        "names are checked before they are given, policies.trusted_names says so"
    )


def may_be_one(one: Actor, other: Actor, trusted_names: bool) -> bool:
    """Whether these two may be one person."""
    return _why_same(one, other, trusted_names) is not None


_SAME_NAME = "both have one name"


def _why_same(one: Actor, other: Actor, trusted_names: bool) -> str | None:
    """Why these two may be one person; None if they are two."""
    programs = [actor for actor in (one, other) if actor.is_program]
    if programs:
        return None if len(programs) == 1 else _SAME_NAME
    if _read_as(one.name) == _read_as(other.name):
        return _SAME_NAME
    if trusted_names:
        return None
    if one.person and one.person == other.person and one.through == other.through:
        return f"{one.name} and {other.name} are both the user {one.person} of {_realm(one)}"
    unknown = [actor for actor in (one, other) if not actor.person]
    if unknown:
        return f"that {unknown[0].name} is who he says is only a name that was given ({_how(unknown[0])})"
    return _why_unlike(one, other)


def _why_unlike(one: Actor, other: Actor) -> str | None:
    """Why two persons, each with a verified name, may be one: their names come from different systems."""
    if one.through == other.through:
        return None
    return (
        f"whether {one.name}, a user of {_realm(one)}, and {other.name}, a user of {_realm(other)}, are two people is not "
        "known"
    )


def _realm(actor: Actor) -> str:
    """Who has checked the name."""
    return "NetBox" if actor.through == "web" else "the operating system"


def _read_as(name: str) -> str:
    """A name in comparable form: without invisible characters, and with look-alike letters unified."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(character for character in folded if character.isprintable() and character != " ")


def _how(actor: Actor) -> str:
    if actor.through == "dagster":
        return "in Dagster, which knows no users"
    if not actor.user:
        return "recorded by a version that did not keep more"
    where = f"{actor.user} on {actor.host}"
    return f"by {where}, a container" if actor.container else f"by {where}"
