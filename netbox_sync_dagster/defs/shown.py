"""Log lines, reasons, failures and metadata in Dagster, with foreign text escaped by ``text.visible``.

The modules of this package log, skip and fail only through this one; a test checks that.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

import dagster as dg

from netbox_sync_dagster.config.secrets import redact
from netbox_sync_dagster.text import traceback_lines, visible

LONGEST = 4_000


class _HasLog(Protocol):
    @property
    def log(self) -> logging.Logger: ...


class Log(logging.LoggerAdapter[logging.Logger]):
    """A log whose messages are single lines with invisible characters escaped."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """The message to log."""
        return visible(msg, LONGEST), kwargs

    def traceback(self, head: str, error: BaseException) -> None:
        """Log a traceback for a report."""
        lines = [visible(head, LONGEST), *traceback_lines(error, redact)]
        self.logger.error("\n".join(lines))


def log_of(context: _HasLog) -> Log:
    """The log of a run or a tick."""
    return Log(context.log)


def skip(text: str) -> dg.SkipReason:
    """The reason why a sensor or a schedule starts nothing."""
    return dg.SkipReason(visible(text, LONGEST))


def failure(
    text: str, *, metadata: Mapping[str, Any] | None = None, allow_retries: bool = False
) -> dg.Failure:
    """A step's failure with its sentence."""
    return dg.Failure(
        description=visible(text, LONGEST),
        metadata=shown(metadata) if metadata is not None else None,
        allow_retries=allow_retries,
    )


def shown(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata with invisible characters escaped in names and texts. Only ``defs/markdown.py`` creates Markdown."""
    return {visible(name): visible(v, LONGEST) if isinstance(v, str) else v for name, v in metadata.items()}
