"""Errors in Dagster: one sentence, retried only if that can help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from netbox_sync_dagster.defs.shown import Log, failure
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.explain import is_expected, sentence

# The clients retry for a few seconds; this covers a server that restarts.
RETRIES = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def is_retryable(error: Exception) -> bool:
    """Whether a retry a little later may succeed."""
    return isinstance(error, UserError) and error.retryable


@contextmanager
def user_errors_as_failure(log: Log) -> Iterator[None]:
    """Turn errors into a Failure with their sentence; only retryable ones are retried by the retry policy."""
    try:
        yield
    except (dg.Failure, dg.RetryRequested):
        raise
    except Exception as error:  # noqa: BLE001
        if not is_expected(error):
            log.traceback("the traceback, for a report:", error)
        text = sentence(error)
        log.error(text)
        # Without its cause: users need the sentence, and a traceback may quote secrets.
        raise failure(text, allow_retries=is_retryable(error)) from None
