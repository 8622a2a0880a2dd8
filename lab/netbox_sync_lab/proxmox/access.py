"""Users, tokens, tickets and privileges of the lab's Proxmox VE."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netbox_sync_lab.proxmox.state import ProxmoxState

Privileges = Mapping[str, Iterable[str]] | Iterable[str]

# Paths that /access/permissions always names, besides those with an entry.
_TOP = ("/", "/access", "/nodes", "/pool", "/sdn", "/storage", "/vms")


class PveError(Exception):
    """An answer that is not 200: `message` becomes the reason phrase, as pveproxy does."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def reader_privileges(major: int) -> list[str]:
    """What a token needs to see everything a snapshot reads, in that major release.

    Backups are listed only to who may use them: Datastore.AllocateSpace on the storage and VM.Backup on the
    guest. The agent asks for VM.Monitor up to 8, VM.GuestAgent.Audit from 9.
    """
    agent = "VM.GuestAgent.Audit" if major >= 9 else "VM.Monitor"
    return [
        "Datastore.AllocateSpace",
        "Datastore.Audit",
        "Pool.Audit",
        "SDN.Audit",
        "Sys.Audit",
        "VM.Audit",
        "VM.Backup",
        agent,
    ]


@dataclass
class Identity:
    """Who asks. acl: path -> privileges; the entry of the longest path counts, as a PVE role on it would."""

    user: str
    acl: dict[str, frozenset[str]]

    def at(self, path: str) -> frozenset[str]:
        parts = path.rstrip("/").split("/")
        for length in range(len(parts), 0, -1):
            candidate = "/".join(parts[:length]) or "/"
            if candidate in self.acl:
                return self.acl[candidate]
        return frozenset()

    def permissions(self) -> dict[str, dict[str, int]]:
        """The answer of /access/permissions."""
        paths = sorted({*_TOP, *self.acl})
        return {p: dict.fromkeys(sorted(self.at(p)), 1) for p in paths if self.at(p)}


def acl(privileges: Privileges) -> dict[str, frozenset[str]]:
    """Privileges as a table: a plain collection holds on "/"."""
    table = privileges if isinstance(privileges, Mapping) else {"/": privileges}
    return {path: frozenset(names) for path, names in table.items()}


@dataclass
class Access:
    """An identity's rights over a state."""

    identity: Identity
    state: ProxmoxState

    def has(self, path: str, *privileges: str) -> bool:
        """True with any of the privileges on the path; a guest's pool counts for the guest."""
        held = self.identity.at(path)
        if path.startswith("/vms/"):
            guest = self.state.guests.get(int(path.removeprefix("/vms/")))
            if guest and guest.pool and f"/pool/{guest.pool}" in self.identity.acl:
                held |= self.identity.acl[f"/pool/{guest.pool}"]
        return not held.isdisjoint(privileges)

    def need(self, path: str, *privileges: str) -> None:
        """Raise a 403 in Proxmox's wording unless `has`."""
        if not self.has(path, *privileges):
            raise PveError(403, f"Permission check failed ({path}, {'|'.join(privileges)})")
