"""Which rights a token needs, and what is out of its sight without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Needed:
    """A right that a sync needs: any of ``names`` on ``path`` and below; ``what`` is hidden without it."""

    names: tuple[str, ...]
    path: str
    what: str


SYS_AUDIT = Needed(("Sys.Audit",), "/nodes", "nodes, their networks and tasks")
VM_AUDIT = Needed(("VM.Audit",), "/vms", "guests")
DATASTORE_AUDIT = Needed(("Datastore.Audit", "Datastore.Allocate"), "/storage", "storages")
_AGENT_OLD = Needed(("VM.Monitor",), "/vms", "addresses that only the guest agent knows")
_AGENT_NEW = Needed(("VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"), "/vms", _AGENT_OLD.what)

# Without these a snapshot is incomplete.
MANDATORY = (SYS_AUDIT, VM_AUDIT, DATASTORE_AUDIT)


def major_version(version: str) -> int:
    """8 of ``8.2.4``; 0 where there is none."""
    head = version.partition(".")[0]
    return int(head) if head.isdigit() else 0


def agent_right(version: str) -> Needed:
    """The right to ask guest agents: Proxmox VE 9 took VM.Monitor apart."""
    return _AGENT_NEW if major_version(version) >= 9 else _AGENT_OLD


class Rights:
    """The token's rights, from ``/access/permissions``: {path: {right: 1 if it holds below that path, else 0}}.

    Proxmox lists the top-level paths, every path of an access rule and every pool member, each with what
    really holds there. Raises ValueError for another answer.
    """

    def __init__(self, answer: Any) -> None:
        # Proxmox writes an empty answer as [] or {}.
        if not isinstance(answer, dict) and answer != []:
            raise ValueError("GET /access/permissions answered something else than an object")
        self._paths: dict[str, dict[str, bool]] = {
            path: {name: bool(int(below or 0)) for name, below in rights.items()}
            for path, rights in dict(answer or {}).items()
            if isinstance(rights, dict)
        }

    def below(self, path: str, names: tuple[str, ...]) -> bool:
        """Whether one of ``names`` holds for everything below ``path``."""
        while path not in self._paths and path != "/":
            path = path.rpartition("/")[0] or "/"
        return any(self._paths.get(path, {}).get(name) for name in names)

    def exceptions(self, path: str, names: tuple[str, ...]) -> list[str]:
        """Paths below ``path`` where none of ``names`` holds."""
        return sorted(
            other
            for other, rights in self._paths.items()
            if other.startswith(f"{path}/") and not any(name in rights for name in names)
        )

    def somewhere(self, name: str) -> list[str]:
        """The paths where ``name`` holds."""
        return sorted(path for path, rights in self._paths.items() if name in rights)

    def missing_on_root(self) -> str | None:
        """A sentence if the token lacks Sys.Audit on / itself, without which ``/cluster/status`` answers 403."""
        if "/" in self.somewhere("Sys.Audit"):
            return None
        return (
            "Sys.Audit is missing on /, which the state of the cluster (/cluster/status) needs;"
            " give it to the user and to the token on /"
        )

    def missing(self, needed: Needed) -> str | None:
        """A sentence on what is missing, or None."""
        right = needed.names[0]
        if self.below(needed.path, needed.names):
            hidden = self.exceptions(needed.path, needed.names)
            if not hidden:
                return None
            return f"{right} does not hold on {_some(hidden)}, so {needed.what} there are out of sight"
        held = [path for path in self.somewhere(right) if path.startswith(needed.path + "/")]
        only = f" (it holds on {_some(held)} only)" if held else ""
        return (
            f"{right} is missing on {needed.path}{only}, so {needed.what} are out of sight; "
            f"give it to the user and to the token on {needed.path} or on /, with propagation"
        )

    def sees_pools(self) -> bool:
        """Whether all pools are listed with their comments."""
        return self.below("/pool", ("Pool.Audit", "Pool.Allocate"))

    def sees_vnets(self) -> bool:
        """Whether all zones and vnets are listed."""
        return self.below("/sdn", ("SDN.Audit", "SDN.Allocate"))

    def sees_backups(self) -> bool:
        """Whether backups are listed: Proxmox hides them, without an error, from everybody else."""
        return self.below("/storage", ("Datastore.Allocate",)) or (
            self.below("/storage", ("Datastore.AllocateSpace",)) and self.below("/vms", ("VM.Backup",))
        )


def _some(paths: list[str]) -> str:
    shown = ", ".join(paths[:5])
    return shown if len(paths) <= 5 else f"{shown} and {len(paths) - 5} more"
