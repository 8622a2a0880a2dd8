"""Tests that share one estate: each builds its own devices in it, and sees its own rows of one comparison.

A test is a generator. It changes LibreNMS and NetBox, and each ``yield`` returns the plan of a sync that it shares with
the other tests of its module::

    @together(policies=DELETES)
    def test_a_port_that_is_gone(case: Case) -> Steps:
        ports = case.switch("sw1", "Gi0/1", "Gi0/2")
        plan = yield
        assert [row.key for row in rows(plan, "interfaces")] == ["sw1 Gi0/1", "sw1 Gi0/2"]

Names of devices get a prefix, which the rows lack: several tests may have a ``sw1``. Everything else that must be
unique in NetBox or in LibreNMS (addresses, VLANs, sites, serial numbers) must be so in the module, or in the neighbouring
modules that name the same ``ESTATE``.

``plan = yield {"policies": ...}`` asks for a sync with other options of the endpoint than the module's; each set of
options costs one more comparison, so it pays where several tests use the same. Four keys are not the endpoint's:
``server``, the options of another LabLibreNMS with the same content, ``refused``, the paths that it answers with status
400, ``write``: True, to approve and apply the changes of all tests that share the estate, and ``apply``: True, for the
same and another sync, whose plan it is.
"""

from __future__ import annotations

import functools
import inspect
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.compare.plan import DiffRow, Plan
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from tests.kept import LabTarget
from tests.real_netbox import real_netbox
from tests.support import ODD_FOLDER, NetBox, Pipeline
from tests.whole_modules import estate_of_test

Options = dict[str, Any]
Steps = Generator[Options | None, Plan, None]
Basics = dict[str, dict[str, Any]]


class CaseState(LibreNMSState):
    """A LibreNMS that several cases share; a device that this one adds or names as a neighbour has its prefix."""

    def __init__(self, whole: LibreNMSState, prefix: str) -> None:
        vars(self).update(vars(whole))
        vars(self)["prefix"] = prefix
        # Those of this case, in the order in which they were added.
        self.own_devices: list[dict[str, Any]] = []
        self.own_ports: list[dict[str, Any]] = []
        # Names of its devices that have no prefix: addresses.
        self.unnamed: set[str | None] = set()

    def add_device(self, hostname: str, **columns: Any) -> dict[str, Any]:
        names = {name: self._named(columns[name]) for name in ("sysName",) if columns.get(name)}
        row = super().add_device(self._named(hostname), **{**columns, **names})
        self.own_devices.append(row)
        self.unnamed |= {row["hostname"], row["sysName"]} & {hostname, columns.get("sysName")}
        return row

    def add_port(self, device: dict[str, Any], ifName: str | None, **columns: Any) -> dict[str, Any]:
        row = super().add_port(device, ifName, **columns)
        self.own_ports.append(row)
        return row

    def add_link(
        self, port: dict[str, Any], remote_hostname: str, remote_port: str, **columns: Any
    ) -> dict[str, Any]:
        return super().add_link(port, self._named(remote_hostname), remote_port, **columns)

    def _named(self, name: str) -> str:
        has_none = not name or name.startswith((self.prefix, "<")) or name.replace(".", "").isdigit()
        return name if has_none else f"{self.prefix}{name}"


class Case:
    """One test's part of the estate. ``whole``: the last plan with the rows of all tests; ``number``: different in each
    test of the estate, from 0; ``server``: LibreNMS, for faults in calls about one device."""

    def __init__(self, number: int, server: LabLibreNMS, pipeline: Pipeline, basics: Basics) -> None:
        self.number = number
        self.prefix = f"c{number:02}-"
        self.server = server
        self.state = CaseState(server.state, self.prefix)
        self.pipeline, self.netbox, self.basics = pipeline, pipeline.netbox, basics
        self.whole: Plan

    @property
    def own_id(self) -> int:
        """LibreNMS's id of the test's first device."""
        found: int = self.state.own_devices[0]["device_id"]
        return found

    def named(self, name: str) -> str:
        """The name of a device in NetBox and LibreNMS."""
        return f"{self.prefix}{name}"

    def switch(self, name: str, *ports: str, **columns: Any) -> list[dict[str, Any]]:
        """A device of LibreNMS with these ports; the ports."""
        found = self.state.add_device(name, hardware="C9300-48P", **columns)
        return [self.state.add_port(found, port) for port in ports]

    def in_own_site(self, name: str) -> dict[str, Any]:
        """A device of LibreNMS in the test's own site Paris, which has the VLAN group "Paris VLANs"."""
        if self.basics["site"]["name"] == "Paris":
            site = self.netbox.create("dcim/sites", name=self.named("Paris"), slug=self.named("paris"))
            group = self.netbox.create(
                "ipam/vlan-groups",
                name=self.named("Paris VLANs"),
                slug=self.named("paris-vlans"),
                scope_type="dcim.site",
                scope_id=site["id"],
            )
            self.basics = {**self.basics, "site": site, "group": group}
        return self.state.add_device(name, hardware="C9300-48P", location=self.named("Paris"))

    def device(self, name: str, **content: Any) -> dict[str, Any]:
        """A device of NetBox, in Paris."""
        defaults = {
            "site": self.basics["site"]["id"],
            "device_type": self.basics["type"]["id"],
            "role": self.basics["role"]["id"],
        }
        return self.netbox.create("dcim/devices", name=self.named(name), **{**defaults, **content})

    def known(self, name: str, port: str, **content: Any) -> dict[str, Any]:
        """An interface of NetBox; the device of that name is created if there is none."""
        there = self.netbox.all("dcim/devices", name=self.named(name))
        owner = there[0] if there else self.device(name)
        return self.netbox.create(
            "dcim/interfaces", **{"device": owner["id"], "name": port, "type": "1000base-t", **content}
        )

    def id_field(self) -> None:
        """NetBox has the custom field that keeps LibreNMS's ids."""
        if not self.netbox.all("extras/custom-fields", name="librenms_id"):
            self.netbox.create(
                "extras/custom-fields",
                name="librenms_id",
                type="json",
                object_types=["dcim.device", "dcim.interface"],
            )

    def seen(self, plan: Plan) -> Plan:
        """The plan with the rows of this case, without its prefix."""
        self.whole = plan
        return replace(plan, rows=tuple(self._plain(row) for row in plan.rows if self._is_mine(row)))

    def left_out(self) -> list[tuple[str, str, str]]:
        """(resource, key, reason) of what the comparison of the last plan left out of this case."""
        found = self.pipeline.left_out(self.whole)
        return [self._stripped(row) for row in found if any(self.prefix in text for text in row)]

    def _is_mine(self, row: DiffRow) -> bool:
        return (
            self.prefix in repr((row.key, row.parent, row.reason, row.fields))
            or row.key in self.state.unnamed
        )

    def _plain(self, row: DiffRow) -> DiffRow:
        changed: dict[str, Any] = {
            name: self._stripped(getattr(row, name)) for name in ("key", "parent", "reason", "subject")
        }
        changed["fields"] = tuple(
            replace(
                field,
                before=self._stripped(field.before),
                after=self._stripped(field.after),
                reason=self._stripped(field.reason),
            )
            for field in row.fields
        )
        return replace(row, **changed)

    def _stripped(self, value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(self.prefix, "")
        if isinstance(value, dict):
            return {key: self._stripped(content) for key, content in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._stripped(content) for content in value)
        return value


# (module, estate and options of the endpoint; lab or live) -> {id of a test: what it raised, or None}.
_outcomes: dict[tuple[str, str], dict[str, BaseException | None]] = {}


def together(
    estate: str = "", *, also_live: bool = False, **options: Any
) -> Callable[[Callable[..., Steps]], Callable[..., None]]:
    """A test of a shared estate; those of a module with the same ``estate`` and ``options`` of the endpoint share it.

    ``also_live``: with ``-m live`` against a real NetBox too.
    """

    def decorate(steps: Callable[..., Steps]) -> Callable[..., None]:
        shared = (estate_of_test(steps), estate, options)

        @functools.wraps(steps)
        def test(request: pytest.FixtureRequest, **parameters: Any) -> None:
            group = (repr(shared), parameters.get("place", "lab"))
            if request.node.nodeid not in _outcomes.get(group, {}):
                _outcomes[group] = _run(_starts(request, shared, group[1]), options, live=group[1] == "live")
            error = _outcomes[group][request.node.nodeid]
            if error is not None:
                raise error

        wanted = [p for p in inspect.signature(steps).parameters.values() if p.name != "case"]
        names = ["request", *(["place"] if also_live else [])]
        fixtures = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        vars(test)["__signature__"] = inspect.Signature([*fixtures, *wanted])
        vars(test)["shared"] = (steps, shared)
        if also_live:
            places = ["lab", pytest.param("live", marks=pytest.mark.live)]
            return pytest.mark.parametrize("place", places)(test)
        return test

    return decorate


def _starts(
    request: pytest.FixtureRequest, shared: tuple[str, str, Options], place: str
) -> dict[str, Callable[[Case], Steps]]:
    """{id: beginning} of every collected test that shares this estate in the lab, or in a real NetBox."""
    found: dict[str, Callable[[Case], Steps]] = {}
    for item in request.session.items:
        if not isinstance(item, pytest.Function):
            continue
        steps, found_in = getattr(item.function, "shared", (None, None))
        if steps is not None and found_in == shared:
            parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
            if parameters.pop("place", "lab") != place:
                continue
            found[item.nodeid] = functools.partial(steps, **parameters)
    return found


def _run(
    starts: dict[str, Callable[[Case], Steps]], options: dict[str, Any], *, live: bool = False
) -> dict[str, BaseException | None]:
    """Run all tests, with one sync for the same ``yield`` of each; what each of them raised."""
    outcomes: dict[str, BaseException | None] = dict.fromkeys(starts)
    with _estate(options, live=live) as (server, pipeline, basics):
        cases = {test: Case(number, server, pipeline, basics) for number, test in enumerate(starts)}
        running = {test: start(cases[test]) for test, start in starts.items()}
        plans: dict[str, Plan] = {}
        while running:
            asked: dict[str, Options] = {}
            for test, steps in running.items():
                try:
                    plan = cases[test].seen(plans[test]) if test in plans else None
                    asked[test] = (next(steps) if plan is None else steps.send(plan)) or {}
                except StopIteration:
                    continue
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001
                    outcomes[test] = error
            running = {test: steps for test, steps in running.items() if test in asked}
            try:
                plans = _plans(server.state, pipeline, asked)
            except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001
                return outcomes | dict.fromkeys(running, error)
    return outcomes


def _plans(state: LibreNMSState, pipeline: Pipeline, asked: dict[str, Options]) -> dict[str, Plan]:
    """The plan that each test asked for: one sync for those with the same options, those that write last."""
    found: dict[str, Plan] = {}
    different = {repr(options): options for options in asked.values()}.values()
    for options in sorted(different, key=lambda one: "write" in one or "apply" in one):
        plan = _plan(state, pipeline, **options)
        found |= {test: plan for test, others in asked.items() if others == options}
    return found


def _plan(
    state: LibreNMSState,
    pipeline: Pipeline,
    server: Options | None = None,
    refused: Sequence[str] = (),
    apply: bool = False,
    write: bool = False,
    **options: Any,
) -> Plan:
    usual = pipeline.config
    with ExitStack() as stack:
        if server is not None or refused:
            other = stack.enter_context(LabLibreNMS(state, token="lnms-token", **(server or {})))
            for path in refused:
                other.fail_always(status=400, path_prefix=path)
            options["url"] = other.url
        pipeline.configure(**options)
        plan = pipeline.apply_all() if apply else pipeline.apply() if write else pipeline.sync()
    pipeline.config = usual
    return plan


@contextmanager
def _estate(options: dict[str, Any], *, live: bool) -> Iterator[tuple[LabLibreNMS, Pipeline, Basics]]:
    """LibreNMS without devices, and NetBox with what every installation has."""
    with (
        pytest.MonkeyPatch.context() as environment,
        tempfile.TemporaryDirectory() as folder,
        real_netbox(empty=True) if live else lab_netbox(environment) as netbox,
        LabLibreNMS(LibreNMSState(), token="lnms-token") as source,
    ):
        environment.setenv("LIBRENMS_TOKEN", "lnms-token")
        endpoint = librenms_endpoint(source.url) | options
        yield source, Pipeline(Path(folder) / ODD_FOLDER, netbox, endpoint), create_basics(netbox)


@contextmanager
def lab_netbox(environment: pytest.MonkeyPatch, plugins: dict[str, str] | None = None) -> Iterator[NetBox]:
    """The lab NetBox, with these plugins ({name: version})."""
    with LabNetBox(token="lab-token", plugins=plugins) as server:
        environment.setenv("NETBOX_TOKEN", server.token)
        yield LabTarget(server)


def librenms_endpoint(url: str) -> dict[str, Any]:
    return {
        "name": "production",
        "kind": "librenms",
        "url": url,
        "import_devices": "all",
        "defaults": {"site": "paris", "role": "access", "device_type": "C9300-48P"},
    }


def create_basics(netbox: NetBox) -> Basics:
    """Site Paris, manufacturer, device type, role and a VLAN group of the site."""
    site = netbox.create("dcim/sites", name="Paris", slug="paris")
    maker = netbox.create("dcim/manufacturers", name="Cisco", slug="cisco")
    return {
        "site": site,
        "maker": maker,
        "type": netbox.create(
            "dcim/device-types", manufacturer=maker["id"], model="C9300-48P", slug="c9300-48p"
        ),
        "role": netbox.create("dcim/device-roles", name="Access", slug="access", color="00ff00"),
        "group": netbox.create(
            "ipam/vlan-groups",
            name="Paris VLANs",
            slug="paris-vlans",
            scope_type="dcim.site",
            scope_id=site["id"],
        ),
    }
