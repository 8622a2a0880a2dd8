"""What commands, the code location and idle ticks cost before any work is done, in CPU seconds.

    python benchmarks/start_up.py [--times 5] [--endpoints 500]

Makes the demo's warehouse, then starts each command in a separate process: one warm-up, then the median. Loading the
code location takes turns with ``import dagster``: until it is loaded, and as a whole process, which looks for garbage
at its end. All code is compiled, as in an installation. The sensors look at a warehouse with many endpoints that are synced
once a day and have just been synced: a warm-up tick, then the median of later ticks, in one process.

Limits: 0.4 CPU s for a command, 1.3 times ``import dagster`` for the code location, 0.05 CPU s for a tick.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

COMMAND_LIMIT, LOCATION_LIMIT, TICK_LIMIT = 0.4, 1.3, 0.05
COMMANDS = (
    *("--help", "approve --help", "status", "diff pve-lyon", "sql 'select 1'", "applies", "show nothing"),
    *("approve librenms 00000000", "apply librenms --dry-run"),
)
LOADED = "print(time.process_time())"
PEER = f"import time, dagster; {LOADED}"
# Dagster has imported itself before it loads a code location.
LOCATION = (
    "import time, dagster; from netbox_sync_dagster.definitions import definitions; "
    f"definitions().get_repository_def(); {LOADED}"
)
SENSORS = ("intervals", "endpoints", "apply_when_approved", "status", "notifications")
TICKS = """
import statistics, sys, time
import dagster as dg
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.definitions import definitions
from netbox_sync_dagster.defs.partitions import keep_in_step
from netbox_sync_dagster.defs.resources import SyncResource

repository = definitions().get_repository_def()
with dg.DagsterInstance.local_temp() as instance:
    keep_in_step(instance, load_config(sys.argv[1]))
    for name in sys.argv[3].split(","):
        sensor, cursor, seconds = repository.get_sensor_def(name), None, []
        for _ in range(int(sys.argv[2]) + 1):
            with dg.build_sensor_context(
                instance=instance, resources={"sync": SyncResource()}, cursor=cursor
            ) as context:
                begin = time.process_time()
                result = sensor(context)
                seconds.append(time.process_time() - begin)
                cursor = getattr(result, "cursor", None) or context.cursor
        print(name, statistics.median(seconds[1:]))
"""


def cpu(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """CPU seconds of a process and its children, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def code_location(environment: dict[str, str], times: int) -> None:
    """Loading the code location beside ``import dagster``, in turn so that the machine's load hits both alike."""
    commands = [[sys.executable, "-W", "ignore", "-c", code] for code in (PEER, LOCATION)]
    for command in commands:
        cpu(command, environment)
    rounds = [[cpu(command, environment) for command in commands] for _ in range(times)]
    for work, seconds in (
        ("code location, until loaded", lambda run: float(run[1])),
        ("code location, whole process", lambda run: run[0]),
    ):
        peer, ours = (statistics.median(map(seconds, runs)) for runs in zip(*rounds, strict=True))
        line(work, ours, f"import dagster, limit {LOCATION_LIMIT}", peer)


def idle_site(folder: Path, number: int) -> dict[str, str]:
    """A configuration and a warehouse of endpoints that were just synced; the environment with both."""
    names = [f"nms{n:04}" for n in range(number)]
    endpoint = {"kind": "librenms", "url": "http://127.0.0.1:1", "token_env": "TOKEN", "interval": 86_400}
    content = {
        "netbox": {"url": "http://127.0.0.1:1"},
        "endpoints": [{"name": name, **endpoint} for name in names],
    }
    config = folder / "netbox_sync.yaml"
    config.write_text(json.dumps(content), encoding="utf-8")
    now = datetime.now(UTC).isoformat()
    line = {"started": now, "finished": now, "ok": True, "seconds": 1.0, "seq": int(time.time() * 1000)}
    for name in names:
        for place, more in (
            (f"snapshots/librenms/{name}", {"complete": True, "snapshot_id": "20260101T000000000Z-0000"}),
            (f"diffs/{name}", {"system": "librenms", "diff_id": "20260101T000000000Z-0000"}),
        ):
            file = folder / "data" / place / "attempts.jsonl"
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps({**line, **more}) + "\n", encoding="utf-8")
    return {
        **os.environ,
        "NETBOX_SYNC_CONFIG": str(config),
        "NETBOX_SYNC_HOME": str(folder / "data"),
        "TOKEN": "t",
    }


def ticks(folder: Path, number: int, times: int) -> dict[str, float]:
    """The CPU seconds of a later tick of each sensor."""
    environment = idle_site(folder, number)
    command = [sys.executable, "-W", "ignore", "-c", TICKS, environment["NETBOX_SYNC_CONFIG"]]
    done = subprocess.run(
        [*command, str(times), ",".join(SENSORS)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--endpoints", type=int, default=500)
    options = parser.parse_args()
    # Where it is set, this package would be compiled at every start, and its libraries not.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    program = [sys.executable, "-m", "netbox_sync_dagster"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        subprocess.run([*program, "demo", "--dir", str(folder / "demo")], check=True, capture_output=True)
        environment = {
            **os.environ,
            "NETBOX_SYNC_CONFIG": str(folder / "demo" / "netbox_sync.yaml"),
            "NETBOX_SYNC_HOME": str(folder / "demo" / "data"),
            **dict.fromkeys(("NETBOX_TOKEN", "LIBRENMS_TOKEN", "PROXMOX_TOKEN"), "unused"),
        }
        print(f"load {os.getloadavg()[0]:.1f}; CPU seconds, medians of {options.times}")
        print(f"{'work':34} {'ours':>7} {'peer or limit':>24} {'ratio':>6}")
        for text in COMMANDS:
            command = [*program, *shlex.split(text)]
            cpu(command, environment)
            ours = statistics.median(cpu(command, environment)[0] for _ in range(options.times))
            line(text, ours, "limit", COMMAND_LIMIT)
        code_location(environment, options.times)
        (folder / "idle").mkdir()
        for name, seconds in ticks(folder / "idle", options.endpoints, options.times).items():
            line(f"tick of {name}, {options.endpoints} idle", seconds, "limit", TICK_LIMIT)


def line(work: str, ours: float, what: str, other: float) -> None:
    """Print one line; a ratio to a limit must be below 1."""
    print(f"{work:34} {ours:7.3f} {what:>17} {other:6.3f} {ours / other:6.2f}", flush=True)


if __name__ == "__main__":
    main()
