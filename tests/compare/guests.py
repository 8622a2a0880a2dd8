"""Tests of Proxmox that share one cluster: each adds its own guests, and sees its own rows of each comparison.

A test is a generator. It changes Proxmox and NetBox; each ``yield`` asks for a sync and returns its plan, with the rows
of the guests that the test has added. All tests share the sync, and what is applied are the rows of those that ask::

    @share_cluster(policies=DELETES)
    def test_a_guest_that_is_gone(case: GuestCase) -> Steps:
        case.cluster.add_qemu(101, node="pve1", name="web")
        yield APPLY
        case.cluster.remove(101)
        plan = yield SYNC
        assert [row.action for row in plan.rows] == ["delete"]

Names, vmids, MAC addresses and whatever else must be unique in NetBox must be so among the tests that share a cluster:
those of a module with the same settings. Neighbouring modules share one if they name the same ``ESTATE``, which gives
them to one worker too (``tests/whole_modules.py``).
"""

from __future__ import annotations

import functools
import inspect
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_lab.proxmox import Guest, LabProxmox, ProxmoxState
from tests.compare.together import Basics, create_basics, lab_netbox
from tests.real_netbox import real_netbox
from tests.support import ODD_FOLDER, Pipeline, proxmox_endpoint
from tests.whole_modules import estate_of_test


@dataclass(frozen=True)
class Request:
    """What a test asks for: a sync, applied or under other settings of the endpoint; or to be alone, or with the tests that
    want the same ``state`` of the cluster."""

    apply: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    alone: bool = False
    state: str = ""


SYNC, APPLY = Request(), Request(apply=True)
# Wait until all other tests have ended, without a sync: for what concerns the whole cluster, such as a node that is down.
ALONE = Request(alone=True)


def alone_in(state: str) -> Request:
    """Like ALONE, together with the tests that bring the whole cluster into the same state."""
    return Request(alone=True, state=state)


Steps = Generator[Request, Plan, None]
# The settings of two estates: of guests, and of their interfaces and disks.
PLAIN: dict[str, Any] = {
    "policies": {"missing_guests": "decommissioning"},
    "mappings": {"platforms": {"win11": "Windows"}},
}
HARDWARE: dict[str, Any] = {
    "mappings": {"vnets": {"dmz": 66}},
    "policies": {"delete": ["vm_interfaces", "virtual_disks"]},
    "vlan_aware_bridges": "tagged-all",
}


def under(*, apply: bool = False, **settings: Any) -> Request:
    """A sync under these settings of the endpoint; the next one is under its own again."""
    return Request(apply, settings)


class CaseCluster(ProxmoxState):
    """A cluster that several tests share, and the names of the guests that this one has added."""

    def __init__(self, whole: ProxmoxState) -> None:
        vars(self).update(vars(whole))
        self.added: list[Guest] = []
        self.names: set[str] = set()

    def _add_guest(self, guest: Guest) -> Guest:
        self.added.append(guest)
        self.names |= {f"vm-{guest.vmid}", f"ct-{guest.vmid}"}
        return super()._add_guest(guest)


class GuestCase:
    """One test's part of the estate. ``whole``: the last plan with the rows of all tests; ``apply_id``: the apply that last
    wrote rows of this test."""

    def __init__(
        self, cluster: ProxmoxState, proxmox: LabProxmox, pipeline: Pipeline, basics: Basics
    ) -> None:
        self.cluster, self.proxmox, self.basics = CaseCluster(cluster), proxmox, basics
        self.pipeline, self.netbox = pipeline, pipeline.netbox
        self.whole = Plan("", "", {}, ())
        self.apply_id: str | None = None

    def also(self, *names: str) -> None:
        """Rows of these virtual machines, devices or clusters are this test's too."""
        self.cluster.names |= set(names)

    def look(self) -> None:
        """Learn what its guests are called now."""
        self.also(*(guest.name for guest in self.cluster.added if guest.name))

    def seen(self, plan: Plan) -> Plan:
        """The plan with the rows of this test."""
        self.whole = plan
        return replace(plan, rows=tuple(row for row in plan.rows if self._is_mine(row)))

    def concerns(self, line: str) -> bool:
        return any(name in line for name in self.cluster.names)

    def left_out(self) -> list[tuple[str, str, str]]:
        """(resource, key, reason) of what the last comparison left out of this test's guests."""
        return [row for row in self.pipeline.left_out() if row[1].split(" ")[0] in self.cluster.names]

    def _is_mine(self, row: DiffRow) -> bool:
        owner = row.parent or ""
        return owner in self.cluster.names or owner.rpartition(" (")[0] in self.cluster.names


# (estate or module, settings of the endpoint, lab or live) -> {id of a test: what it raised, or None}.
_outcomes: dict[tuple[str, str, str], dict[str, BaseException | None]] = {}


def share_cluster(
    *, also_live: bool = False, **settings: Any
) -> Callable[[Callable[..., Steps]], Callable[..., None]]:
    """A test of a shared cluster; those of a module with the same ``settings`` of the endpoint share it.

    The setting ``plugins`` is NetBox's: {name: version}. ``also_live``: with ``-m live`` against a real NetBox too.
    """

    def decorate(steps: Callable[..., Steps]) -> Callable[..., None]:
        estate = estate_of_test(steps)

        @functools.wraps(steps)
        def test(request: pytest.FixtureRequest, **parameters: Any) -> None:
            place = parameters.get("place", "lab")
            group = (estate, repr(settings), place)
            if request.node.nodeid not in _outcomes.get(group, {}):
                with proxmox_lab(settings, live=group[2] == "live") as shared:
                    _outcomes[group] = _Rounds(_starts(request, group), *shared).run()
            error = _outcomes[group][request.node.nodeid]
            if error is not None:
                raise error

        wanted = [p for p in inspect.signature(steps).parameters.values() if p.name != "case"]
        names = ["request", *(["place"] if also_live else [])]
        fixtures = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        vars(test)["__signature__"] = inspect.Signature([*fixtures, *wanted])
        vars(test)["shared"] = (steps, (estate, repr(settings)))
        if also_live:
            places = ["lab", pytest.param("live", marks=pytest.mark.live)]
            return pytest.mark.parametrize("place", places)(test)
        return test

    return decorate


def _starts(
    request: pytest.FixtureRequest, group: tuple[str, str, str]
) -> dict[str, Callable[[GuestCase], Steps]]:
    """{id: beginning} of every collected test that shares this cluster."""
    found: dict[str, Callable[[GuestCase], Steps]] = {}
    for item in request.session.items:
        if not isinstance(item, pytest.Function):
            continue
        steps, shares = getattr(item.function, "shared", (None, None))
        if steps is not None and shares == group[:2]:
            parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
            if parameters.pop("place", "lab") != group[2]:
                continue
            found[item.nodeid] = functools.partial(steps, **parameters)
    return found


class _Rounds:
    """All tests of a cluster, run side by side."""

    def __init__(
        self,
        starts: dict[str, Callable[[GuestCase], Steps]],
        cluster: ProxmoxState,
        proxmox: LabProxmox,
        pipeline: Pipeline,
        basics: Basics,
    ) -> None:
        self._pipeline = pipeline
        self._outcomes: dict[str, BaseException | None] = dict.fromkeys(starts)
        self._cases = {test: GuestCase(cluster, proxmox, pipeline, basics) for test in starts}
        self._running = {test: start(self._cases[test]) for test, start in starts.items()}
        self._asked: dict[str, Request] = {}

    def run(self) -> dict[str, BaseException | None]:
        """{id: what the test raised, or None}."""
        for test in list(self._running):
            self._go_on(test, None)
        while self._running:
            asked = {test: request for test, request in self._asked.items() if not request.alone}
            if not asked:
                first, wanted = next(iter(self._asked.items()))
                same = [test for test, other in self._asked.items() if wanted.state and other == wanted]
                for test in same or [first]:
                    self._go_on(test, Plan("", "", {}, ()))
                continue
            try:
                plans = self._plans(asked)
                # Who only looks at the plan goes on before anything is written.
                for test in [test for test, request in asked.items() if not request.apply]:
                    self._go_on(test, plans[test])
                self._apply({test: plans[test] for test, request in asked.items() if request.apply})
            except Exception as error:  # noqa: BLE001
                return self._outcomes | dict.fromkeys(self._running, error)
            for test in [test for test, request in asked.items() if request.apply]:
                self._go_on(test, plans[test])
        return self._outcomes

    def _go_on(self, test: str, plan: Plan | None) -> None:
        """Let the test run to its next request."""
        self._asked.pop(test, None)
        if test not in self._running:
            return
        steps, case = self._running[test], self._cases[test]
        try:
            self._asked[test] = next(steps) if plan is None else steps.send(case.seen(plan))
            case.look()
        except StopIteration:
            del self._running[test]
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001
            self._fail(test, error)

    def _fail(self, test: str, error: BaseException) -> None:
        self._outcomes[test] = error
        self._running.pop(test, None)
        self._asked.pop(test, None)

    def _plans(self, asked: dict[str, Request]) -> dict[str, Plan]:
        """{test: the plan that it asked for}, all of the same snapshots."""
        pipeline = self._pipeline
        pipeline.snapshot()
        pipeline._read_netbox()
        plans: list[tuple[dict[str, Any], Plan]] = []
        # That under the usual settings last, so that it is the endpoint's current plan.
        for settings in sorted((request.settings for request in asked.values()), key=len, reverse=True):
            if settings not in [done for done, _ in plans]:
                with self._under(settings):
                    plans.append((settings, pipeline.again()))
        return {
            test: next(plan for settings, plan in plans if settings == request.settings)
            for test, request in asked.items()
        }

    def _apply(self, plans: dict[str, Plan]) -> None:
        """Apply the rows of these tests in their plans, and those that are nobody's."""
        while plans:
            plan = next(iter(plans.values()))
            tests = [test for test, other in plans.items() if other is plan]
            plans = {test: other for test, other in plans.items() if other is not plan}
            theirs = {row.change_id for case in self._cases.values() for row in case.seen(plan).rows}
            mine = {row.change_id for test in tests for row in self._cases[test].seen(plan).rows}
            settings = self._asked[tests[0]].settings
            with self._under(settings):
                refused = self._pipeline.write(
                    plan, [one for one in plan.by_id() if one not in theirs - mine]
                )
            for test in tests:
                self._cases[test].apply_id = self._pipeline.apply_id
            for line in refused:
                concerned = [test for test in tests if self._cases[test].concerns(line)]
                for test in concerned or tests:
                    self._fail(test, AssertionError(line))

    @contextmanager
    def _under(self, settings: dict[str, Any]) -> Iterator[None]:
        own = self._pipeline.config
        self._pipeline.configure(**settings)
        try:
            yield
        finally:
            self._pipeline.config = own


@contextmanager
def proxmox_lab(
    settings: dict[str, Any], *, live: bool = False
) -> Iterator[tuple[ProxmoxState, LabProxmox, Pipeline, Basics]]:
    """The cluster paris with two nodes that have no network and no guests, and NetBox with what every installation has.

    ``settings``: as for ``share_cluster``. ``live``: a real NetBox; skips without one.
    """
    cluster = ProxmoxState(cluster="paris")
    for name in ("pve1", "pve2"):
        cluster.add_node(name, network=[])
    with (
        pytest.MonkeyPatch.context() as environment,
        tempfile.TemporaryDirectory() as folder,
        real_netbox(empty=True) if live else lab_netbox(environment, settings.get("plugins")) as netbox,
        LabProxmox(cluster) as proxmox,
    ):
        environment.setenv("PROXMOX_TOKEN", proxmox.token_value)
        basics = create_basics(netbox)
        netbox.create("virtualization/cluster-types", name="Proxmox VE", slug="proxmox-ve")
        endpoint = proxmox_endpoint(proxmox) | {k: v for k, v in settings.items() if k != "plugins"}
        yield cluster, proxmox, Pipeline(Path(folder) / ODD_FOLDER, netbox, endpoint), basics
