"""What every part of a Docker snapshot shares: the client, the writer, and how a gap is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netbox_sync_dagster.config.model import DockerEndpoint
from netbox_sync_dagster.sources.docker.client import DockerClient
from netbox_sync_dagster.sources.http import SourceError
from netbox_sync_dagster.warehouse.snapshots import SnapshotWriter

# The scopes of `docker.scopes`; scope_id '*' means all of that kind. A row with complete = false says that nothing
# of that kind may be deleted, cleared or called gone. Those marked U leave the snapshot complete: everything works,
# but nobody can see this at the moment.
SCOPES = {
    "containers": "'*': containers may be missing (malformed rows; U: none at all is listed)",
    "container": "a container's name: its configuration, so also its interfaces and addresses",
    "networks": "'*': the drivers of networks",
    "host": "'*': what the daemon says of itself",
    "table": "a table that shrank since the last good snapshot, or that refused rows",
}

# What a malformed answer may raise while it is taken apart.
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
# Of a row that could not be taken only this is kept: environment, command and labels may hold secrets.
_KEPT = ("Id", "Names", "Name", "State", "Image", "Driver")


class Reading:
    """One snapshot being read. All methods are thread-safe."""

    def __init__(
        self,
        endpoint: DockerEndpoint,
        client: DockerClient,
        writer: SnapshotWriter,
        progress: Callable[[str], None],
    ) -> None:
        self.endpoint = endpoint
        self.client = client
        self.writer = writer
        self.progress = progress

    def incomplete(self, scope: str, scope_id: object, reason: str) -> None:
        """Record a gap: the daemon should have answered this and did not."""
        self.writer.incomplete(scope, scope_id, reason)

    def unknown(self, scope: str, scope_id: object, reason: str) -> None:
        """Record that nobody can see this at the moment; the snapshot itself stays complete."""
        self.writer.rows(
            "scopes", [{"scope": scope, "scope_id": str(scope_id), "complete": False, "reason": reason}]
        )

    def fetch(self, path: str, scope: str, *, needed: bool) -> Any:
        """The answer, or None where it failed, which is recorded. Where it is not ``needed``, a refusal by something
        before the daemon leaves the snapshot complete. Raises SourceError when the daemon is gone."""
        try:
            return self.client.ask(path)
        except SourceError as error:
            if error.unreachable:
                raise
            if error.status in (401, 403) and not needed:
                self.unknown(scope, "*", error.what)
            else:
                self.incomplete(scope, "*", error.what)
            return None

    def reject(
        self, table: str, row_key: object, error: Exception, row: Any, *, scope: str, scope_id: object
    ) -> None:
        """Keep what could not be taken and say which part of the snapshot lacks it."""
        reason = explain(error)
        known = (
            {key: row[key] for key in _KEPT if key in row} if isinstance(row, dict) else type(row).__name__
        )
        self.writer.reject(table, row_key, reason, known)
        self.incomplete(scope, scope_id, f"{table} {row_key}: {reason}")


def explain(error: Exception) -> str:
    """A malformed answer's fault in words."""
    if isinstance(error, KeyError):
        return f"the field {error} is missing"
    return str(error) or type(error).__name__
