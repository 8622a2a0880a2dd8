"""What every call of the lab's LibreNMS is answered with: the envelope, the errors, who may see what."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zlib import crc32

from netbox_sync_lab.librenms import schema
from netbox_sync_lab.librenms.schema import Row
from netbox_sync_lab.librenms.state import LibreNMSState

Document = dict[str, Any]
_FIRST_DISCOVERY = dt.datetime(2026, 1, 1, 6, 0, 0)


class ApiError(Exception):
    """An answer that is not 200. `document` is the body; `compact` as Laravel writes its own errors."""

    def __init__(self, status: int, document: Document, *, compact: bool = False) -> None:
        super().__init__(document.get("message"))
        self.status, self.document, self.compact = status, document, compact


class EmptyAnswer(Exception):
    """200 with an empty HTML body."""


@dataclass(frozen=True)
class Access:
    """Who asks. role: admin, global-read or user; a user sees only `devices`."""

    role: str = "admin"
    devices: frozenset[int] = frozenset()

    @property
    def everything(self) -> bool:
        return self.role != "user"

    def sees(self, device_id: int | None) -> bool:
        return self.everything or device_id in self.devices


@dataclass
class Call:
    """One request: the state, the release that answers, who asks, path arguments and query."""

    state: LibreNMSState
    version: tuple[int, ...]
    access: Access
    args: dict[str, str]
    query: dict[str, str]
    php_memory_mb: int | None = None

    def since(self, *version: int) -> bool:
        return self.version >= version

    @property
    def policies(self) -> bool:
        """Releases that ask a policy per model instead of `global-read` for some routes."""
        return self.since(26, 7)

    @cached_property
    def discoveries(self) -> dict[int, str]:
        """By device, a time that changes with the rows that only a discovery writes."""
        state = self.state
        sums: Counter[int] = Counter()
        for table in (state.ports_vlans, state.ports_stack, state.inventory, state.transceivers):
            for row in table:
                sums[row["device_id"]] += crc32(repr(sorted(row.items(), key=str)).encode())
        return {
            device: str(_FIRST_DISCOVERY + dt.timedelta(seconds=number % 7_776_000))
            for device, number in sums.items()
        }

    def discovered(self, device: int) -> str:
        """When a device was last discovered."""
        return self.discoveries.get(device, str(_FIRST_DISCOVERY))

    def only_own(self, rows: list[Row], column: str = "device_id") -> list[Row]:
        return [r for r in rows if self.access.sees(r[column])]


def error(status: int, message: str) -> ApiError:
    return ApiError(status, {"status": "error", "message": message})


def forbidden() -> ApiError:
    return ApiError(403, {"message": "This action is unauthorized."}, compact=True)


def server_error(call: Call) -> ApiError:
    text = "Server Error" if call.since(24) else "Server Error: Set APP_DEBUG=true to see details."
    return ApiError(500, {"message": text})


def ok(key: str, rows: Any, *, count: bool = True, **extra: Any) -> Document:
    document: Document = {"status": "ok", key: rows, **extra}
    if count:
        document["count"] = len(rows)
    return document


def need_global_read(call: Call) -> None:
    if not call.access.everything:
        raise forbidden()


def found(rows: list[Row], message: str) -> list[Row]:
    if not rows:
        raise error(404, message)
    return rows


def _now(iso: bool) -> str:
    moment = dt.datetime.now(dt.UTC)
    polled = moment - dt.timedelta(minutes=moment.minute % 5, seconds=moment.second)
    return polled.strftime("%Y-%m-%dT%H:%M:%S.000000Z" if iso else "%Y-%m-%d %H:%M:%S")


def time_text(value: str | None, iso: bool) -> str | None:
    if value == schema.NOW:
        return _now(iso)
    if value and iso:
        return value.replace(" ", "T") + ".000000Z"
    return value


def coordinate(call: Call, value: Any) -> Any:
    if value is None:
        return None
    return f"{float(value):.8f}" if call.since(25) else float(value)


def number(value: Any) -> float | None:
    return None if value is None else float(value)


def host_id(call: Call, host: str | None) -> int | None:
    """The id a host part stands for: digits are an id, known or not; an unknown or missing name is None.

    Where this narrows a list, an unknown name narrows nothing: the answer holds all devices.
    """
    if not host:
        return None
    device = call.state.device(host)
    return device["device_id"] if device else int(host) if host.isdigit() else None


def check_sight(call: Call, device_id: int | None) -> None:
    if not call.access.sees(device_id):
        raise error(403, "Insufficient permissions to access this device")
