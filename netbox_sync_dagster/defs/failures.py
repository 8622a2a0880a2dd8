"""Errors as people read them in Dagster: one sentence, tried again only where that can help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from netbox_sync_dagster.apply import LeaseHeld
from netbox_sync_dagster.approve import ApprovalError
from netbox_sync_dagster.compare.run import CompareError
from netbox_sync_dagster.config import ConfigError
from netbox_sync_dagster.config.secrets import MissingSecret, redact
from netbox_sync_dagster.defs.shown import Log, failure
from netbox_sync_dagster.sources.http import SourceError
from netbox_sync_dagster.warehouse import WarehouseError
from netbox_sync_dagster.warehouse.errors import storage_sentence

# The clients themselves wait out a hiccup of a few seconds; this is for a server that restarts.
RETRIES = dg.RetryPolicy(max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

_SENTENCES = (
    ConfigError,
    MissingSecret,
    SourceError,
    WarehouseError,
    CompareError,
    ApprovalError,
    LeaseHeld,
)


def is_passing(error: Exception) -> bool:
    """Whether the same again, a little later, may work."""
    return isinstance(error, SourceError) and error.passing


def is_expected(error: Exception) -> bool:
    """Whether the error's text is a sentence for the user; anything else is a fault of this product."""
    return isinstance(error, (*_SENTENCES, OSError)) or storage_sentence(error) is not None


def sentence(error: Exception) -> str:
    """The error in one sentence."""
    if isinstance(error, ConfigError):
        return "; ".join(error.errors)
    stored = storage_sentence(error)
    if stored is not None:
        return stored
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    if is_expected(error):
        return str(error)
    return f"this should not happen: {type(error).__name__}: {redact(str(error))}"


@contextmanager
def told_plainly(log: Log) -> Iterator[None]:
    """Turn errors into a Failure with their sentence; only passing ones let the retry policy try again."""
    try:
        yield
    except (dg.Failure, dg.RetryRequested):
        raise
    except Exception as error:  # noqa: BLE001
        if not is_expected(error):
            log.traceback("the traceback, for a report:", error)
        text = sentence(error)
        log.error(text)
        # Without its cause: the sentence is what the user needs, and tracebacks may quote what they must not.
        raise failure(text, allow_retries=is_passing(error)) from None
