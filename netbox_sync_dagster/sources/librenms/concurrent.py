"""One call per device, several at once: a bad device costs itself, a dead server ends the read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.librenms.client import ends_endpoint

# So many calls in a row without an answer of LibreNMS itself, after all their retries, are no longer the
# devices' fault. A 500 is an answer: it comes at once, and the next device may be fine.
_LOST = 12


def for_each(
    ids: Iterable[int],
    call: Callable[[int], None],
    failed: Callable[[int, ServerError], None],
    concurrency: int,
) -> ServerError | None:
    """Run ``call(id)`` for every id; ``failed(id, error)`` for one that raised ServerError.

    Returns None, or the last error where it gave up: no answers for ``max(12, 2 * concurrency)`` calls in a
    row; the calls not yet begun are dropped then. Raises ServerError where the endpoint as a whole is lost:
    token refused, or no connection.
    """
    lock = Lock()
    stop = Event()
    in_a_row = 0
    gave_up: ServerError | None = None
    limit = max(_LOST, 2 * concurrency)

    def one(item: int) -> None:
        nonlocal in_a_row, gave_up
        if stop.is_set():
            return
        try:
            call(item)
        except ServerError as error:
            if ends_endpoint(error):
                stop.set()
                raise
            failed(item, error)
            with lock:
                if error.retryable and error.status != 500:
                    in_a_row += 1
                if in_a_row >= limit:
                    gave_up = error
                    stop.set()
        else:
            with lock:
                in_a_row = 0

    with ThreadPoolExecutor(concurrency, thread_name_prefix="librenms") as pool:
        futures = [pool.submit(one, item) for item in ids]
        try:
            for future in futures:
                future.result()
        except BaseException:
            # Waiting calls return at once; running ones are waited for.
            stop.set()
            raise
    return gave_up
