"""What Dagster shows of foreign text: log lines, reasons, failures and metadata, all through ``text.visible``.

Modules of this package log, skip and fail through here and nothing else; a test holds them to it.
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
    """A log of which every message is one line that shows what it holds."""

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
    """Why a sensor or a schedule starts nothing."""
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
    """Metadata whose names and texts show what they hold. Markdown is made by ``defs/markdown.py`` alone."""
    return {visible(name): visible(v, LONGEST) if isinstance(v, str) else v for name, v in metadata.items()}
