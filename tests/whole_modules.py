"""Workers take whole modules of those whose tests share something, and all modules that share an estate: what they share
would be made in each worker."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest
    from xdist.remote import Producer
    from xdist.scheduler import WorkStealingScheduling
    from xdist.workermanage import WorkerController

# Words of modules whose tests share an estate or a fixture.
_SHARING = ("tests.compare.together", "tests.compare.guests", 'scope="module"', " = Parts(")
# Neighbouring modules that name the same share it.
_ESTATE = re.compile(r'^ESTATE = "(.+)"$', re.MULTILINE)
# What a worker has always begun with.
_BEGUN = 2


def whole(tests: Sequence[int], start: int, module_of: Callable[[int], str | None]) -> int:
    """Where to cut the queue of a worker instead of at ``start``, so that no module that shares something is in two
    parts: at its beginning, or at its end where it has begun, which may be the end of the queue.

    ``module_of``: the module of a test; None for one that may be cut.
    """

    def is_cut(at: int) -> bool:
        module = module_of(tests[at])
        return module is not None and module == module_of(tests[at - 1])

    first = start
    while first > 0 and is_cut(first):
        first -= 1
    if first >= _BEGUN:
        return first
    last = start
    while last < len(tests) and is_cut(last):
        last += 1
    return last


def estate_of(module: str, text: str) -> str | None:
    """What the tests of a module with this text share: the estate that it names, or the module; None for nothing."""
    if named := _ESTATE.search(text):
        return named[1]
    return module if any(word in text for word in _SHARING) else None


def estate_of_test(test: Callable[..., Any]) -> str:
    """``estate_of`` the module of a test that shares something."""
    found: str = test.__globals__.get("ESTATE", test.__module__)  # type: ignore[attr-defined]
    return found


def scheduler(config: pytest.Config, log: Producer) -> WorkStealingScheduling:
    """Work stealing of whole modules."""
    from xdist.scheduler import WorkStealingScheduling

    @functools.cache
    def shared_by(module: str) -> str | None:
        return estate_of(module, (Path(config.rootpath) / module).read_text(encoding="utf-8"))

    class Scheduling(WorkStealingScheduling):
        _nothing_to_steal = False

        def add_node(self, node: WorkerController) -> None:
            super().add_node(node)
            send = node.send_steal

            def steal(tests: Sequence[int]) -> None:
                queue = self.node2pending[node]
                if stolen := queue[whole(queue, len(queue) - len(tests), self._module_of) :]:
                    send(stolen)
                else:
                    self._end_idle_nodes()

            node.send_steal = steal  # type: ignore[method-assign]

        def check_schedule(self) -> None:
            self._nothing_to_steal = False
            super().check_schedule()
            if self._nothing_to_steal:
                self.steal_requested_from_node = None

        def _end_idle_nodes(self) -> None:
            """As where there is nothing to steal: they run their last test now."""
            self._nothing_to_steal = True
            for node, pending in self.node2pending.items():
                if len(pending) < _BEGUN and not node.shutting_down:
                    node.shutdown()

        def _send_tests(self, node: WorkerController, num: int) -> None:
            if 0 < num < len(self.pending):
                num = whole(self.pending, num, self._module_of)
            super()._send_tests(node, num)

        def _module_of(self, test: int) -> str | None:
            assert self.collection is not None
            return shared_by(self.collection[test].split("::")[0])

    return Scheduling(config, log)
