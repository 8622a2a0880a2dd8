"""Leave an installation alone with faults and kills, and count what is late or left behind.

    python benchmarks/soak.py [--endpoints 5] [--interval 45] [--minutes 10] [--seed 1] [--web 8190]

Every few seconds one of: a server answers some requests with 503, or breaks connections, or is down for a while; a run's
process is killed with SIGKILL; the daemon is killed with SIGKILL and started again. After that everything works for
two intervals. Then it counts:

- late: from one good sync of an endpoint to the next more than three intervals (two late), and for how many of these no
  reason is on record (a failed try, a killed run, a daemon that was down)
- leaked: processes of runs that are over, open files of daemon and code server, temporary files in the warehouse
- memory of code server and daemon, as the median of each tenth of the time: both take some minutes until they have
  loaded all that they need, and the daemon starts again when it is killed
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from statistics import median
from threading import Event, Thread

from installation import Installation, Process

TEMPORARY = ("snapshots/*/*/.stage-*", "diffs/*/.stage-*", "tmp/*", ".*.duckdb", "running/run/*")


def steady(installation: Installation) -> list[Process]:
    """Daemon and code server."""
    return [process for process in installation.processes() if not process.is_run]


class Memory(Thread):
    """Resident memory of the code server's processes and of the daemon's, every few seconds, until it is stopped."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(daemon=True)
        self._installation = installation
        self._ended = Event()
        self.seen: list[tuple[float, float]] = []

    def run(self) -> None:
        while not self._ended.wait(10):
            daemon = self._installation.started["daemon"].pid
            found = steady(self._installation)
            mine = [
                sum(p.rss for p in found if (p.pid == daemon) is is_daemon) for is_daemon in (False, True)
            ]
            self.seen.append((mine[0] / 2**20, mine[1] / 2**20))

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def tenths(self, at: int) -> str:
        """Medians in MB: ``at`` 0 of the code server, 1 of the daemon."""
        size = -(-len(self.seen) // 10)
        parts = [self.seen[first : first + size] for first in range(0, len(self.seen), size)]
        return " ".join(f"{median(sample[at] for sample in part):.0f}" for part in parts)


def disturb(installation: Installation, choice: random.Random, done: list[tuple[float, str, str]]) -> None:
    """Do one bad thing."""
    what = choice.choice(["503", "reset", "down", "kill run", "kill run", "kill daemon"])
    name = choice.choice(installation.names)
    source = installation.sources[name]
    if what == "503":
        source.fail_next(choice.randint(1, 12), status=503, headers={"Retry-After": "1"})
    elif what == "reset":
        source.fail_next(choice.randint(1, 6), status="reset")
    elif what == "down":
        source.fail_always(status=502)
    elif what == "kill run":
        name = "*"
        runs = [process for process in installation.processes() if process.is_run]
        if not runs:
            return
        kill(choice.choice(runs).pid)
    else:
        name = "*"
        daemon = installation.started["daemon"]
        daemon.kill()
        daemon.wait()
        time.sleep(choice.uniform(0, 5))
        installation.start_daemon()
    done.append((time.time(), what, name))
    print(f"{time.strftime('%H:%M:%S')} {what} {name}", flush=True)


def kill(pid: int) -> None:
    """SIGKILL, as the kernel does where memory is short."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Run the soak and print its counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoints", type=int, default=5)
    parser.add_argument("--interval", type=int, default=45)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--web", type=int, default=0, help="port for Dagster's web page; 0: none")
    options = parser.parse_args()
    choice = random.Random(options.seed)
    done: list[tuple[float, str, str]] = []
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Installation(Path(folder), options.endpoints, options.interval) as installation,
    ):
        if options.web:
            workspace = str(installation.folder / "workspace.yaml")
            installation.start("web", "dagster-webserver", "-p", str(options.web), "-w", workspace)
        while not all(installation.syncs().values()):
            time.sleep(1)
        time.sleep(options.interval)
        start, first, memory = time.time(), steady(installation), Memory(installation)
        memory.start()
        while time.time() < start + options.minutes * 60:
            time.sleep(choice.uniform(5, 25))
            for source in installation.sources.values():
                source.clear_faults()
            disturb(installation, choice, done)
        for source in installation.sources.values():
            source.clear_faults()
        time.sleep(2 * options.interval)
        memory.stop()
        report(installation, start, first, done, options.interval)
        print(f"code server, MB: {memory.tenths(0)}")
        print(f"daemon, MB: {memory.tenths(1)}")


def report(
    installation: Installation,
    start: float,
    first: list[Process],
    done: list[tuple[float, str, str]],
    interval: int,
) -> None:
    """Count and print."""
    good = failed = 0
    late: list[tuple[str, float, str]] = []
    for name in installation.names:
        tries = [*installation.tries(name, "snapshots"), *installation.tries(name, "diffs")]
        failed += sum(not ok for at, ok, _ in tries if at > start)
        times = [at for at in installation.syncs()[name] if at > start - interval]
        good += len(times)
        for earlier, later in zip(times, [*times[1:], time.time()], strict=True):
            if later - earlier > 3 * interval:
                reasons = Counter(error[:60] for at, ok, error in tries if not ok and earlier < at < later)
                reasons += Counter(
                    what for at, what, who in done if earlier < at < later and who in ("*", name)
                )
                late.append(
                    (name, later - earlier, ", ".join(f"{n} x {text}" for text, n in reasons.items()))
                )
    # An active run is not a leak, and no run takes that long.
    going = {process.pid for process in installation.processes() if process.is_run}
    deadline = time.time() + 2 * interval
    while time.time() < deadline and going:
        time.sleep(0.2)
        going &= {process.pid for process in installation.processes()}
    last = steady(installation)
    left = [path for pattern in TEMPORARY for path in installation.home.glob(pattern)]
    old = [path for path in left if time.time() - path.lstat().st_mtime > 3 * interval]
    print(f"disturbed: {dict(Counter(what for _, what, _ in done))}")
    print(f"good syncs: {good}, failed tries: {failed}")
    print(
        f"more than two intervals late: {len(late)}, without a reason on record: {sum(not r for _, _, r in late)}"
    )
    for name, gap, reasons in late:
        print(f"  {name}: {gap:.0f} s; {reasons or 'no reason'}")
    for title, found in (("at the beginning", first), ("at the end", last)):
        print(f"{title}: {len(found)} processes, {sum(p.files for p in found)} open files")
    print(
        f"runs' processes left: {len(going)}; temporary files of killed runs: {len(old)} (removed after a day)"
    )
    print("\n".join(sorted({str(path.relative_to(installation.home)) for path in old})[:10]))


if __name__ == "__main__":
    main()
