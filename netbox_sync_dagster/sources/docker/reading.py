"""What every part of a Docker snapshot shares: how the daemon is asked, and what the snapshot may lack."""

from __future__ import annotations

from typing import Any

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.docker.client import DockerClient
from netbox_sync_dagster.sources.docker.config import DockerEndpoint
from netbox_sync_dagster.sources.reading import BaseReading, explain

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

# Of a row that could not be taken only this is kept: environment, command and labels may hold secrets.
_KEPT = ("Id", "Names", "Name", "State", "Image", "Driver")


class Reading(BaseReading[DockerEndpoint, DockerClient]):
    """One snapshot of a Docker host being read. All methods are thread-safe. ``daemon``: its id, once it is known."""

    daemon: str | None = None

    def fetch(self, path: str, scope: str, *, needed: bool) -> Any:
        """The answer, or None where it failed, which is recorded. Where it is not ``needed``, a refusal by something
        before the daemon leaves the snapshot complete. Raises ServerError when the daemon is gone."""
        try:
            return self.client.ask(path)
        except ServerError as error:
            if error.unreachable or error.whole:
                raise
            if error.status in (401, 403) and not needed:
                self.unknown(scope, "*", error.what)
            else:
                self.incomplete(scope, "*", error.what)
            return None

    def refuse(
        self, table: str, row_key: object, error: Exception, row: Any, *, scope: str, scope_id: object
    ) -> None:
        """``reject`` a row that could not be taken apart, without what in it may be secret."""
        known = (
            {key: row[key] for key in _KEPT if key in row} if isinstance(row, dict) else type(row).__name__
        )
        self.reject(table, row_key, explain(error), known, scope=scope, scope_id=scope_id)
