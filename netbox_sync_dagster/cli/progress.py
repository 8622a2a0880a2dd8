"""Shows the progress of each server on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from netbox_sync_dagster.text import visible


@contextmanager
def spinners(console: Console) -> Iterator[Callable[[str, str], None]]:
    """One spinner per server, on a terminal only. Yields a function that shows a server's name and progress."""
    if not console.is_terminal:
        yield lambda name, text: None
        return
    from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def show(name: str, text: str) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=1)
            completed = 1 if text == "done" else 0
            progress.update(tasks[name], description=f"{name}: {visible(text, 200)}", completed=completed)

        yield show
