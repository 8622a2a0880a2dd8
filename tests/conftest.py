"""What tests of all folders share."""

import gc
import os
import shutil
import signal
import ssl
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from httpx._transports import default

from tests.fake_clock import clock
from tests.whole_modules import scheduler

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import WorkStealingScheduling

__all__ = ["clock"]

# Where no bytecode is written, each worker and each command that a test starts compiles the same files again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A script's background programs may ignore these signals, and so do all programs that they start. Then a program that a
# test interrupts would never end.
for _number, _handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, _handler)

# A whole run writes less than a tenth of this.
_ROOM = 4 << 30


def pytest_configure() -> None:
    """Temporary files in memory, where there is room: tests write so many small ones that a disk costs a tenth more CPU
    time. The environment variable TMPDIR names another place; workers find it set."""
    memory = Path("/dev/shm")
    if "TMPDIR" not in os.environ and memory.is_dir() and shutil.disk_usage(memory).free > _ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(memory)


def pytest_collection() -> None:
    """Python looks for unused objects once after the collection of the tests, and later not among those that it made:
    all of them stay, and looking through six hundred thousand takes half a second each time."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Python frees everything at its end, or DuckDB complains on stderr."""
    gc.unfreeze()


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_the_disk() -> None:
    """Durability matters only when the machine stops, which no test does; a killed process loses nothing."""
    os.fsync = lambda fd: None  # type: ignore[assignment]


@pytest.fixture(autouse=True, scope="session")
def _authorities_are_read_once() -> None:
    """httpx reads the list of well-known authorities for every client, which takes longer than most tests' requests."""
    make = default.create_ssl_context

    @cache
    def trusting(trust_env: bool, *_: str | None) -> ssl.SSLContext:
        return make(trust_env=trust_env)

    def once(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
        if verify is True and cert is None:
            return trusting(trust_env, *map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")))
        return make(verify, cert, trust_env)

    default.create_ssl_context = once


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process masks every credential that it has read; a test that uses the word "some" as one is not the last."""
    monkeypatch.setattr("netbox_sync_dagster.config.secrets._known", ())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked ``also_live`` runs against the lab NetBox and, with ``-m live``, against a real one."""
    if metafunc.definition.get_closest_marker("also_live") is not None:
        places = ["lab", pytest.param("live", marks=pytest.mark.live)]
        metafunc.parametrize("netbox", places, indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "WorkStealingScheduling | None":
    """With ``--dist worksteal``, tests that share something stay in one worker."""
    return scheduler(config, log) if config.getvalue("dist") == "worksteal" else None
