"""What every part of a host's snapshot shares, whatever the host: the client, the writer, and how a gap is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.storage.snapshots import SnapshotWriter

EndpointT = TypeVar("EndpointT")
ClientT = TypeVar("ClientT")

# What a malformed answer may raise while it is taken apart.
MALFORMED = (ArithmeticError, AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)


class UnknownObject(ServerError):
    """Neither the server nor its last snapshot has the one object that is to be read, or several have its name."""


class BaseReading(Generic[EndpointT, ClientT]):
    """One snapshot being read. All methods are thread-safe.

    A *gap* (``incomplete``) is something that the endpoint should have answered and did not; it makes the whole
    snapshot incomplete. An *unknown* is something that nobody can see at this moment although everything works: its
    row is in ``scopes``, but the snapshot stays complete.
    """

    def __init__(
        self,
        endpoint: EndpointT,
        client: ClientT,
        writer: SnapshotWriter,
        progress: Callable[[str], None],
    ) -> None:
        self.endpoint = endpoint
        self.client = client
        self.writer = writer
        self.progress = progress

    def incomplete(self, scope: str, scope_id: object, reason: str) -> None:
        """Record a gap: the endpoint should have answered this and did not."""
        self.writer.incomplete(scope, scope_id, reason)

    def unknown(self, scope: str, scope_id: object, reason: str) -> None:
        """Record that nobody can see this at the moment; the snapshot itself stays complete."""
        self.writer.unknown(scope, scope_id, reason)

    def reject(
        self, table: str, row_key: object, reason: str, row: object, *, scope: str, scope_id: object
    ) -> None:
        """Keep what could not be taken and say which part of the snapshot lacks it."""
        self.writer.reject(table, row_key, reason, row)
        self.writer.incomplete(scope, scope_id, f"{table} {row_key}: {reason}", unseen=False)


@contextmanager
def workers(count: int, name: str, who: str) -> Iterator[ThreadPoolExecutor]:
    """Threads for the calls of a snapshot. After an error no call is begun that still waits for its turn.

    Raises ServerError, of ``who``, where an answer has a form that is not understood.
    """
    with understood(who), ThreadPoolExecutor(count, thread_name_prefix=name) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


@contextmanager
def understood(who: str) -> Iterator[None]:
    """Makes one sentence of an answer of another shape (a list where an object is expected, null, a text, a missing
    key). Raises ServerError, of ``who``."""
    try:
        yield
    except MALFORMED as error:
        what = f"an answer has a form that is not understood ({explain(error)})"
        raise ServerError(who, what) from error


def explain(error: Exception) -> str:
    """A malformed answer's fault in words."""
    if isinstance(error, KeyError):
        return f"the field {error} is missing"
    return str(error) or type(error).__name__
