"""Distributes changes to threads, in batches that NetBox can process in time."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from netbox_sync_dagster.apply.batches import DeferredRefusal
from netbox_sync_dagster.apply.changes import PendingWrite
from netbox_sync_dagster.apply.sender import Sender
from netbox_sync_dagster.apply.state import ApplyState

# NetBox takes a lock for creates of these: two at once only wait for each other.
_LOCKED = ("ipam/ip-addresses", "dcim/platforms")
# NetBox adds up the disks of a virtual machine after each write; of two at once, one sum lacks the other's disks.
_ADDED_UP = ("virtualization/virtual-disks",)


def dispatch(
    sender: Sender, state: ApplyState, items: list[PendingWrite], threads: int
) -> list[DeferredRefusal]:
    """Send changes, kind by kind; returns refused ones that may succeed after others.

    Each of the ``threads`` has at most one open request, including late ones.
    """
    by_kind: dict[tuple[str, str], deque[PendingWrite]] = {}
    for item in items:
        by_kind.setdefault((item.action, item.object_type), deque()).append(item)
    deferred: list[DeferredRefusal] = []
    for (action, object_type), waiting in by_kind.items():
        alone = (action == "create" and object_type in _LOCKED) or object_type in _ADDED_UP
        deferred += _work_off(sender, state, waiting, 1 if alone else threads)
    return deferred


def _work_off(
    sender: Sender, state: ApplyState, waiting: deque[PendingWrite], threads: int
) -> list[DeferredRefusal]:
    lock = Lock()
    kind = waiting[0].action, waiting[0].object_type

    def take() -> list[PendingWrite]:
        with lock:
            return [waiting.popleft() for _ in range(sender.pace.take(kind, len(waiting)))]

    def work() -> list[DeferredRefusal]:
        refused: list[DeferredRefusal] = []
        while not state.stop.is_set() and (batch := take()):
            refused += sender.send(batch)
        return refused

    deferred: list[DeferredRefusal] = []
    with ThreadPoolExecutor(threads, thread_name_prefix="apply") as pool:
        futures = [pool.submit(work) for _ in range(threads)]
        try:
            for future in futures:
                deferred += future.result()
        except BaseException:
            # Open requests finish and get their verdict; no new ones start.
            state.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return deferred
