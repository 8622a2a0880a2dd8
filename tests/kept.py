"""What several tests begin with is made once per process: the servers' states and the warehouse are kept, and copied.

A warehouse names its servers by their URLs, so the servers of such tests listen on the same ports every time.
``netbox_sync.duckdb`` names its own place, so tests that use it work in the same folder (``same_place``).
"""

from __future__ import annotations

import atexit
import hashlib
import io
import os
import pickle
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

import pytest

from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.files import make_private
from netbox_sync_dagster.storage.views import build_database
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.serving import LabServer
from tests.support import NetBox, Pipeline

Server = TypeVar("Server", bound=LabServer)
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
# The fixtures that end with ``begun`` or ``kept``.
BEGINNINGS = {"both", "erp", "first", "lyon", "many", "picture", "quiet", "switched", "strange", "three"}
BEGINNINGS |= {"applied", "drifted", "site", "synced", "written"}
BEGINNINGS |= {"polled"}
# Name of a server -> its port in this process.
_ports: dict[str, int] = {}


class _Made(NamedTuple):
    ports: dict[str, int]
    states: list[dict[str, Any]]
    warehouse: Path


_made: dict[str, _Made] = {}
# Name of a beginning -> what NetBox was read for.
_deletes: dict[str, set[str]] = {}


class LabTarget(NetBox):
    """The lab NetBox, with the server itself."""

    def __init__(self, server: LabNetBox) -> None:
        super().__init__(server.url, server.token)
        self.server = server


def placed(request: pytest.FixtureRequest, name: str, make: Callable[[int], Server]) -> Server:
    """The server that ``make`` makes with a port, started; for tests with one of the BEGINNINGS on the port that it had
    the last time, where that is free."""
    return at_its_port(name, make) if BEGINNINGS & set(request.fixturenames) else make(0).start()


def at_its_port(name: str, make: Callable[[int], Server]) -> Server:
    """The server that ``make`` makes with a port, started on the port that it had the last time, where that is free."""
    try:
        server = make(_ports.get(name, 0)).start()
    except OSError:
        server = make(0).start()
    _ports[name] = server.port
    return server


@contextmanager
def serving(request: pytest.FixtureRequest, name: str, make: Callable[[int], Server]) -> Iterator[Server]:
    """The server that is ``placed``, until the end of the block."""
    server = placed(request, name, make)
    try:
        yield server
    finally:
        server.stop()


def begun(name: str, pipeline: Pipeline, states: list[Any], make: Callable[[], object]) -> None:
    """Bring NetBox, the ``states`` of other servers and the pipeline's warehouse to where ``make`` brings them.

    What ``make`` needs must be the same whenever the name is; the configuration is left to the caller. In a real NetBox
    everything is created again.
    """
    if not isinstance(pipeline.netbox, LabTarget):
        make()
        return
    kept(name, pipeline.warehouse.home, [pipeline.netbox.server.store, *states], make)
    # What NetBox was read for: by ``make`` now, or when it ran.
    pipeline._deletes = _deletes.setdefault(name, set(pipeline._deletes)).copy()


def kept(name: str, home: Path, states: list[Any], make: Callable[[], object]) -> None:
    """Bring the ``states`` of servers and the warehouse in ``home`` to where ``make`` brings them: by ``make`` the first
    time in this process, by a copy after that. For servers that were ``placed``.
    """
    found = _made.get(name)
    if found is None or not found.ports.items() <= _ports.items():
        make()
        folder = _folder() / name
        shutil.rmtree(folder, ignore_errors=True)
        copy_tree(home, folder)
        _made[name] = _Made(dict(_ports), [_copied(vars(state)) for state in states], folder)
        return
    for state, content in zip(states, found.states, strict=True):
        vars(state).clear()
        vars(state).update(_copied(content))
    shutil.rmtree(home, ignore_errors=True)
    copy_tree(found.warehouse, home, lasting=True)


def copy_tree(source: Path, target: Path, *, lasting: bool = False, linked: bool = False) -> None:
    """A ``lasting`` source stays until the process ends: the folders ``_none`` of the copy, which hold most of its files
    and to which nobody writes, are links to those of the source. ``linked``: so are its Parquet files, which no test
    damages."""

    def copy_file(file: str, to: str) -> None:
        if linked and file.endswith(".parquet"):
            os.link(file, to)
        else:
            shutil.copy2(file, to)

    shutil.copytree(
        source,
        target,
        symlinks=True,
        copy_function=copy_file,
        ignore=(lambda _, names: [name for name in names if name == "_none"]) if lasting else None,
    )
    for empty in source.rglob("_none") if lasting else ():
        (target / empty.relative_to(source)).symlink_to(empty.resolve())


@contextmanager
def same_place(folder: Path) -> Iterator[Path]:
    """A folder that is the same, and empty, for every test of this process; afterwards what is in it is moved to
    ``folder``, where pytest keeps it."""
    place = _folder() / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    yield place
    place.rename(folder / "place")


def fresh(home: Path) -> Warehouse:
    """The warehouse; where there is none, one without content, its views in place: a first sync would need most of a
    second for them."""
    if home.exists():
        return Warehouse(home)
    folder = _folder() / "fresh" / hashlib.sha256(os.fsencode(home)).hexdigest()
    if not folder.exists():
        make_private(home)
        build_database(Warehouse(home))
        folder.parent.mkdir(exist_ok=True)
        home.rename(folder)
    copy_tree(folder, home, lasting=True)
    return Warehouse(home)


def backup(server: LabNetBox) -> dict[str, Any]:
    """Everything that a lab NetBox holds, as a backup of its database."""
    return _copied(vars(server.store))


def restore(server: LabNetBox, saved: dict[str, Any]) -> None:
    """Put a backup back: what was made since is gone, and its numbers are handed out again."""
    vars(server.store).clear()
    vars(server.store).update(_copied(saved))


# Functions and locks, which a copy has in common with its original; by their id.
_COMMON: dict[int, Any] = {}


def _common(number: int) -> Any:
    return _COMMON[number]


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        if value is _common or not isinstance(value, (FunctionType, *_LOCKS)):
            return NotImplemented
        _COMMON[id(value)] = value
        return _common, (id(value),)


def _copied(content: dict[str, Any]) -> dict[str, Any]:
    """A deep copy, with the same functions and locks. Pickled, as copy.deepcopy takes several times as long."""
    pickled = io.BytesIO()
    _Pickler(pickled, pickle.HIGHEST_PROTOCOL).dump(content)
    copied: dict[str, Any] = pickle.loads(pickled.getvalue())
    return copied


@cache
def _folder() -> Path:
    """A folder for this process, removed at its end."""
    folder, process = Path(tempfile.mkdtemp(prefix="netbox-sync-kept-")), os.getpid()

    @atexit.register
    def remove() -> None:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)

    return folder
