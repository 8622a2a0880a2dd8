"""The first apply of a cluster to a NetBox that is ten times as slow, beside one to the same NetBox at its own speed.

    python benchmarks/slow_netbox.py [--guests 60] [--rounds 2] [--factor 10] [--late 10]

Against the lab NetBox, or against the one named by NETBOX_URL and NETBOX_TOKEN, which must not have the cluster. Each round
applies the same diff three times, the slow ones through a proxy with two workers (slowed.py): quick; slow and patient, with
a timeout that leaves room for a whole batch; slow with a timeout of ``--late`` seconds, in which many answers come too late
and batches get smaller. Limits: every change applied each time, no change sent twice, and at most 1.2 times the requests
of the quick apply where NetBox is waited for. (What smaller batches cost is printed.)
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from first_sync import Bench, estate, lab_netbox
from slowed import Slowed

from netbox_sync_dagster.storage import Warehouse
from netbox_sync_lab.proxmox import LabProxmox

MOST_REQUESTS = 1.2
# Seconds; the longest that may be configured.
LONGEST = 600


def one_apply(url: str, token: str, proxmox: LabProxmox, factor: float, timeout: float) -> Slowed | None:
    """An apply of everything through the proxy; None where not all of it was applied."""
    with Slowed(url, factor) as slowed, tempfile.TemporaryDirectory() as home:
        direct = Bench(url, token, proxmox)
        through = Bench(slowed.url, token, proxmox, timeout=timeout, longest_request=LONGEST)
        warehouse = Warehouse(Path(home))
        # The snapshot knows its NetBox by the address, and reading is not what is measured.
        slowed.factor = 1
        plan = through.sync(warehouse)
        slowed.factor, slowed.reads = factor, 0
        begin = time.perf_counter()
        result, _ = through.apply(warehouse, plan)
        seconds = time.perf_counter() - begin
        made = [(path, [row["id"] for row in rows]) for _, path, _, rows in slowed.writes if rows]
        for path, ids in reversed(made):
            direct.delete(path, ids)
    sizes = [len(bodies) for _, _, bodies, _ in slowed.writes]
    print(
        f"    x{factor:g}, timeout {timeout:g}: {len(plan.changes)} changes in {seconds:.1f} s, {slowed.reads} reads, "
        f"{len(sizes)} writes of up to {max(sizes)}, {slowed.left} answered too late, {slowed.sent_twice()} sent twice",
        flush=True,
    )
    if not result.ok or len(result.verdicts) != len(plan.changes):
        failed = [v for v in result.verdicts if v.verdict not in ("applied", "blocked")]
        print(f"    {len(failed)} not applied:", *{v.message for v in failed}, sep="\n      ")
        return None
    return slowed


def run(url: str, token: str, options: argparse.Namespace) -> bool:
    good = True
    worst = 0.0
    with LabProxmox(estate(options.guests)) as proxmox, Bench(url, token, proxmox).frame():
        for _ in range(options.rounds):
            quick, patient, late = (
                one_apply(url, token, proxmox, factor, timeout)
                for factor, timeout in ((1, 60), (options.factor, LONGEST), (options.factor, options.late))
            )
            if quick is None or patient is None or late is None:
                good = False
                continue
            worst = max(worst, patient.requests / quick.requests)
            good = good and patient.sent_twice() == 0 and late.sent_twice() == 0
    print(f"requests of the slow apply: {worst:.2f} times those of the quick one (limit {MOST_REQUESTS})")
    return good and worst <= MOST_REQUESTS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--guests", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--factor", type=float, default=10)
    parser.add_argument("--late", type=float, default=10)
    options = parser.parse_args()
    url, token = os.environ.get("NETBOX_URL", "").rstrip("/"), os.environ.get("NETBOX_TOKEN")
    if url and token:
        good = run(url, token, options)
    else:
        with lab_netbox() as (url, token):
            good = run(url, token, options)
    print("ok" if good else "a limit is missed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
