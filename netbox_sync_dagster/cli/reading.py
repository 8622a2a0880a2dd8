"""Reads several servers at once, shows how far each is, and ends all of them on Ctrl-C."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from netbox_sync_dagster.text import visible
from netbox_sync_dagster.warehouse import Manifest

Say = Callable[[str], None]
Read = Callable[[Say], Manifest]

_AT_ONCE = 12
# How long an interrupted read may take to notice; a request that hangs is left behind.
_GRACE_SECONDS = 3.0


class Interrupted(Exception):
    """The user interrupted the command while this server was read."""


@dataclass
class Reading:
    """What became of one server: a manifest, or the error."""

    manifest: Manifest | None = None
    error: Exception | None = None
    seconds: float = 0.0


def read_all(reads: Mapping[str, Read], console: Console) -> dict[str, Reading]:
    """Run these reads in threads; a failing one does not stop the others.

    On Ctrl-C every read ends at its next progress line, its half-written snapshot is removed, and
    KeyboardInterrupt goes on.
    """
    results = {name: Reading() for name in reads}
    stop = threading.Event()
    slots = threading.Semaphore(_AT_ONCE)
    with _spinners(console, list(reads)) as show:

        def work(name: str, read: Read) -> None:
            def say(text: str) -> None:
                if stop.is_set():
                    raise Interrupted("interrupted")
                show(name, text)

            with slots:
                began = time.monotonic()
                try:
                    say("reading")
                    results[name].manifest = read(say)
                    show(name, "done")
                except Exception as error:  # noqa: BLE001
                    results[name].error = error
                    show(name, "failed")
                results[name].seconds = time.monotonic() - began

        # Daemons: a request that hangs must not keep an interrupted command alive.
        threads = [
            threading.Thread(target=work, args=item, name=f"read-{item[0]}", daemon=True)
            for item in reads.items()
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            stop.set()
            until = time.monotonic() + _GRACE_SECONDS
            for thread in threads:
                thread.join(max(0.0, until - time.monotonic()))
            raise
    return results


@contextmanager
def _spinners(console: Console, names: list[str]) -> Iterator[Callable[[str, str], None]]:
    """One spinning line per server, on a terminal only."""
    if not console.is_terminal:
        yield lambda name, text: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = {name: progress.add_task(name, total=1) for name in names}

        def show(name: str, text: str) -> None:
            finished = text in ("done", "failed")
            progress.update(
                tasks[name], description=f"{name}: {visible(text, 200)}", completed=1 if finished else 0
            )

        yield show
