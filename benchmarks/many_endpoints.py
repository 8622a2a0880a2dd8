"""What many endpoints cost in which nothing changes, each synced once per interval by the sensor.

    python benchmarks/many_endpoints.py [--endpoints 100] [--interval 300] [--rounds 2]

Starts the lab, Dagster's code server and its daemon. After the first sync of every endpoint it measures ``rounds``
intervals: CPU seconds of everything that belongs to Dagster and the runs (the lab's servers are in this process and do
not count), how late endpoints came, and the memory of daemon and code server without the runs.

Limits: 100 endpoints in 300 seconds with at most 40 % of one core on average, below 1 GB, and no endpoint that waits
longer for a sync than its interval and a tenth: turns are an interval apart, but the sensor looks for them every 15
seconds, and a run takes its endpoints one after the other.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

from installation import Installation

CORE_LIMIT, MEMORY_LIMIT, PATIENCE = 0.40, 1 << 30, 0.1


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoints", type=int, default=100)
    parser.add_argument("--interval", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        Installation(Path(folder), options.endpoints, options.interval) as installation,
    ):
        began = time.monotonic()
        while not all(installation.syncs().values()):
            time.sleep(1)
        print(
            f"first sync of all {options.endpoints} endpoints: {time.monotonic() - began:.0f} s", flush=True
        )
        # What the first one has put off is not measured, nor what its runs tell Dagster at their end.
        first_runs = {process.pid for process in installation.processes() if process.is_run}
        while first_runs & {process.pid for process in installation.processes()}:
            time.sleep(1)
        time.sleep(options.interval / 2)
        before = cpu_by_kind(installation)
        start, first = time.time(), installation.syncs()
        highest = 0
        while time.time() < start + options.rounds * options.interval:
            time.sleep(2)
            rest = [process for process in installation.processes() if not process.is_run]
            highest = max(highest, sum(process.rss for process in rest))
        seconds = time.time() - start
        used = cpu_by_kind(installation) - before
        syncs = installation.syncs()
    number = sum(len(syncs[name]) - len(first[name]) for name in syncs)
    gaps = [
        later - earlier
        for name, times in syncs.items()
        for earlier, later in pairwise(times)
        if later > start
    ]
    cpu = used.total()
    share = cpu / seconds
    allowed = CORE_LIMIT * (options.endpoints / options.interval) / (100 / 300)
    print(f"{number} syncs in {seconds:.0f} s")
    print(f"CPU: {cpu:.0f} s, {cpu / max(number, 1):.2f} s per sync, {share:.0%} of one core")
    print("of that: " + ", ".join(f"{kind} {one:.0f} s" for kind, one in used.most_common()))
    print(f"from sync to sync: {min(gaps):.0f} to {max(gaps):.0f} s (interval {options.interval} s)")
    print(f"daemon and code server: {highest / 2**20:.0f} MB at most")
    longest = options.interval * (1 + PATIENCE)
    late = [
        name
        for name, times in syncs.items()
        if any(later - earlier > longest for earlier, later in pairwise([*times, start + seconds]))
    ]
    print(f"endpoints that waited more than {longest:.0f} s for a sync: {len(late)}")
    if share > allowed or highest > MEMORY_LIMIT or late:
        raise SystemExit(
            f"over a limit: {allowed:.0%} of one core, {MEMORY_LIMIT >> 20} MB, no endpoint late"
        )


def cpu_by_kind(installation: Installation) -> Counter[str]:
    """{kind of process: CPU seconds since its start}; runs are children of the code server."""
    found: Counter[str] = Counter()
    for process in installation.processes():
        daemon = "dagster-daemon" in process.command
        kind = "runs" if process.is_run else "daemon" if daemon else "code server"
        found[kind] += process.cpu - process.ended
        found["runs"] += process.ended
    return found


if __name__ == "__main__":
    main()
