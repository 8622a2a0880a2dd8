"""Sends new notifications to every channel. They are recorded before they are sent, so none is sent twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.config.notifications import Channel
from netbox_sync_dagster.config.secrets import MissingSecret
from netbox_sync_dagster.notify.channels import NotSent, Uncertain, send, title
from netbox_sync_dagster.notify.notices import Notice, Seen, look, notices
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.locks import EndpointLock, LockHeld

# Pause after a failed message; doubles each time.
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
Deliver = Callable[[Channel, Sequence[Notice]], None]
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class Memory:
    """The ids sent to a channel; and the number of failed messages in a row, the last one at ``failed_at``."""

    told: set[str] = field(default_factory=set)
    failures: int = 0
    failed_at: datetime = _NEVER

    @property
    def again_at(self) -> datetime:
        """When to retry the channel."""
        if not self.failures:
            return _NEVER
        return self.failed_at + min(_FIRST_PAUSE * 2 ** min(self.failures - 1, 10), _LONGEST_PAUSE)


def notify(warehouse: Warehouse, config: Config, deliver: Deliver = send) -> tuple[list[str], list[str]]:
    """Send new notifications to every channel of the configuration; ``deliver`` sends those of one channel.

    Returns (sentences about sent messages, errors). A message without acknowledgement, because this process was killed
    or the answer was lost, counts as sent.
    """
    sent: list[str] = []
    problems: list[str] = []
    if config.notifications:
        seen = look(warehouse)
        for channel in config.notifications:
            try:
                with EndpointLock.for_channel(warehouse, channel.name):
                    outcome = _tell(warehouse, config, channel, seen, deliver)
            except LockHeld:
                # Another process is sending the same notifications.
                continue
            sent += outcome[0]
            problems += outcome[1]
    return sent, problems


def _tell(
    warehouse: Warehouse, config: Config, channel: Channel, seen: Seen, deliver: Deliver
) -> tuple[list[str], list[str]]:
    """(sentences about sent messages, errors) of one channel."""
    sent: list[str] = []
    problems: list[str] = []
    names = {endpoint.name for endpoint in config.endpoints}
    path = warehouse.home / "notices" / f"{channel.name}.jsonl"
    warehouse.bring_file(path)
    memory = read_memory(path)
    # A failure that is dated in the future was recorded with a wrong clock.
    if memory.failed_at <= now() < memory.again_at:
        return sent, problems
    found = notices(seen, memory.told, channel)
    silent = [mark for item in found if item.event is None for mark in item.ids]
    if silent:
        warehouse.append_jsonl(path, _line("silent", silent))
    told = [
        replace(item, link=config.web.link(f"plans/{item.endpoint}") if item.endpoint in names else None)
        for item in found
        if item.event is not None
    ]
    if not told:
        return sent, problems
    ids = [mark for item in told for mark in item.ids]
    warehouse.append_jsonl(path, _line("sending", ids))
    try:
        deliver(channel, told)
    except (NotSent, MissingSecret) as error:
        warehouse.append_jsonl(path, _line("failed", ids))
        problems.append(str(error))
    except Uncertain as error:
        problems.append(str(error))
    else:
        warehouse.append_jsonl(path, _line("sent", ids))
        sent.append(f"{channel.name}: {title(told)}")
    return sent, problems


def _line(outcome: str, ids: list[str]) -> dict[str, object]:
    return {"at": now().isoformat(), "outcome": outcome, "ids": ids}


def read_memory(path: Path) -> Memory:
    """The records of a channel."""
    memory = Memory()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return memory
    for text in lines:
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        if line["outcome"] == "failed":
            memory.told.difference_update(line["ids"])
            memory.failures += 1
            memory.failed_at = datetime.fromisoformat(line["at"])
        else:
            memory.told.update(line["ids"])
            if line["outcome"] == "sent":
                memory.failures = 0
    return memory
