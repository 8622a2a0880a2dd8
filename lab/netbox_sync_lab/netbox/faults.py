"""Faults for tests: answers that go wrong on purpose, before or after the write was done."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """What happens to the next ``remaining`` matching requests; see ``LabNetBox.fail_next``."""

    remaining: int
    status: int | None
    after_write: bool
    drop: bool
    delay: float
    headers: dict[str, str]
    method: str | None
    path_prefix: str
    skip: int

    def matches(self, method: str, path: str) -> bool:
        return self.method in (None, method) and path.startswith(self.path_prefix)


@dataclass(slots=True)
class Faults:
    """The faults still to come; a request uses up one turn of the first that matches it."""

    pending: list[Fault] = field(default_factory=list)

    def add(
        self,
        count: int,
        *,
        status: int | None,
        after_write: bool,
        drop: bool,
        delay: float,
        headers: dict[str, str],
        method: str | None,
        path_prefix: str,
        skip: int,
    ) -> None:
        self.pending.append(
            Fault(count, status, after_write, drop, delay, headers, method, path_prefix, skip)
        )

    def clear(self) -> None:
        self.pending.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, if any."""
        for fault in list(self.pending):
            if not fault.matches(method, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.remaining -= 1
            if fault.remaining <= 0:
                self.pending.remove(fault)
            return fault
        return None
