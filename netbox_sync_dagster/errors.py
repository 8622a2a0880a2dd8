"""The base class of errors for the user, and sentences for disk errors."""

from __future__ import annotations

import errno

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
# An apply announces every request in the ledger before it sends it.
_GOES_ON = "An apply that this stopped has sent nothing that the ledger does not name; the next one goes on from there"


class UserError(Exception):
    """An error that the user can fix: the text says what failed and what to do, without secrets.

    All other exceptions are bugs. ``retryable``: the same call may succeed later.
    """

    retryable = False

    @property
    def sentences(self) -> list[str]:
        """One sentence per problem."""
        return [str(self)]


class Interrupted(Exception):
    """The work was stopped from outside (Ctrl-C, a terminated run): nothing failed, and nothing is recorded as failed."""


def storage_sentence(error: BaseException) -> str | None:
    """A sentence for errors of Python, Arrow or DuckDB about a full or read-only disk; else None."""
    number = getattr(error, "errno", None)
    text = str(error)
    where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    if number in _FULL or "No space left on device" in text or "Disk quota exceeded" in text:
        return (
            f"{where}the disk is full; free some space (netbox-sync clean removes old snapshots) and repeat the command. "
            f"{_GOES_ON}"
        )
    if number in _REFUSED or "Read-only file system" in text or "Permission denied" in text:
        return (
            f"{where}may not be written or read ({getattr(error, 'strerror', None) or text}); check its owner, its mode and "
            f"how the disk is mounted. {_GOES_ON}"
        )
    return None
