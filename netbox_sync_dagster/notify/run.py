"""Telling every channel what is new, and remembering it on disk before it is sent: never twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from netbox_sync_dagster.config import Config
from netbox_sync_dagster.config.notifications import Channel
from netbox_sync_dagster.config.secrets import MissingSecret
from netbox_sync_dagster.notify.channels import NotSent, Uncertain, send, title
from netbox_sync_dagster.notify.notices import Seen, look, notices
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.clock import now
from netbox_sync_dagster.storage.locks import EndpointLock, LockHeld

# After a message that did not arrive; doubling.
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class Memory:
    """What a channel was told, by id; and how often in a row it could not be told, the last time at ``failed_at``."""

    told: set[str] = field(default_factory=set)
    failures: int = 0
    failed_at: datetime = _NEVER

    @property
    def again_at(self) -> datetime:
        """When the channel may be tried again."""
        if not self.failures:
            return _NEVER
        return self.failed_at + min(_FIRST_PAUSE * 2 ** min(self.failures - 1, 10), _LONGEST_PAUSE)


def notify(warehouse: Warehouse, config: Config) -> tuple[list[str], list[str]]:
    """Tell every channel of the configuration what is new.

    Returns (sentences of what was sent, sentences of what went wrong). What was sent and not acknowledged, because
    this process was killed or the answer was lost, counts as told.
    """
    sent: list[str] = []
    problems: list[str] = []
    if config.notifications:
        seen = look(warehouse)
        for channel in config.notifications:
            try:
                with EndpointLock.for_channel(warehouse, channel.name):
                    _tell(warehouse, channel, seen, sent, problems)
            except LockHeld:
                # Another process is telling it the same.
                continue
    return sent, problems


def _tell(warehouse: Warehouse, channel: Channel, seen: Seen, sent: list[str], problems: list[str]) -> None:
    path = warehouse.home / "notices" / f"{channel.name}.jsonl"
    warehouse.bring_file(path)
    memory = read_memory(path)
    # A failure that is dated later than now was noted by a clock that was ahead.
    if memory.failed_at <= now() < memory.again_at:
        return
    found = notices(seen, memory.told, channel)
    silent = [mark for item in found if item.event is None for mark in item.ids]
    if silent:
        warehouse.append_jsonl(path, _line("silent", silent))
    told = [item for item in found if item.event is not None]
    if not told:
        return
    ids = [mark for item in told for mark in item.ids]
    warehouse.append_jsonl(path, _line("sending", ids))
    try:
        send(channel, told)
    except (NotSent, MissingSecret) as error:
        warehouse.append_jsonl(path, _line("failed", ids))
        problems.append(str(error))
    except Uncertain as error:
        problems.append(str(error))
    else:
        warehouse.append_jsonl(path, _line("sent", ids))
        sent.append(f"{channel.name}: {title(told)}")


def _line(outcome: str, ids: list[str]) -> dict[str, object]:
    return {"at": now().isoformat(), "outcome": outcome, "ids": ids}


def read_memory(path: Path) -> Memory:
    """What is on record of one channel."""
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
