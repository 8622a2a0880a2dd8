"""Two LibreNMS servers, a Proxmox cluster and one NetBox on loopback, and a Dagster instance for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from ruamel.yaml import YAML

from netbox_sync_dagster import definitions as location
from netbox_sync_dagster.compare.plan import Plan, load_plan
from netbox_sync_dagster.config import load_config
from netbox_sync_dagster.defs.partitions import keep_in_step
from netbox_sync_dagster.defs.sensors.apply_sensor import apply_sensor
from netbox_sync_lab.librenms import LabLibreNMS, LibreNMSState
from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.apply.drafts import Draft
from tests.defs import quick_dagster
from tests.kept import Server, at_its_port, fresh, kept, same_place
from tests.support import ODD_FOLDER, NetBox, evaluate

# Loaded once: each load looks through the whole of ``defs/``.
definitions = cache(location.definitions)
DEFAULTS = {"site": "paris", "role": "access", "device_type": "C9300-48P"}


class DagsterHarness:
    """A configuration file, a warehouse, the servers, and Dagster over all of it."""

    def __init__(
        self, folder: Path, netbox: LabNetBox, paris: LabLibreNMS, lyon: LabLibreNMS, pve: LabProxmox
    ) -> None:
        self.config_path = folder / "netbox_sync.yaml"
        self.warehouse = fresh(folder / ODD_FOLDER)
        self.netbox_server, self.paris, self.lyon, self.pve = netbox, paris, lyon, pve
        self.netbox = NetBox(netbox.url, netbox.token)
        self.instance = dg.DagsterInstance.ephemeral()
        self.built = 0
        self.site: dict[str, Any] = {}
        self.device: dict[str, Any] = {}
        self.endpoints: list[dict[str, Any]] = [
            self._librenms("paris", paris.url, "PARIS_TOKEN"),
            self._librenms("lyon", lyon.url, "LYON_TOKEN"),
            {
                "name": "pve",
                "kind": "proxmox",
                "url": pve.url,
                "user": pve.user,
                "token_name": pve.token_name,
                "token_env": "PVE_TOKEN",
                "tls": {"ca": pve.ca_path},
                "defaults": DEFAULTS,
            },
        ]
        self.write()

    @staticmethod
    def _librenms(name: str, url: str, token_env: str) -> dict[str, Any]:
        return {
            "name": name,
            "kind": "librenms",
            "url": url,
            "token_env": token_env,
            "import_devices": "all",
            "defaults": DEFAULTS,
        }

    def write(self, **changes: Any) -> None:
        """Write the configuration; ``changes`` are {endpoint: {field: value}}."""
        self.endpoints = [{**item, **changes.get(item["name"], {})} for item in self.endpoints]
        content = {"netbox": {"url": self.netbox.url}, "endpoints": self.endpoints}
        YAML(typ="safe").dump(content, self.config_path)
        keep_in_step(self.instance, load_config(self.config_path))

    def run(self, job: str, *, tags: dict[str, str] | None = None, **options: Any) -> Any:
        """Run a job to its end, in this process; a failed run is a result, not an error."""
        return (
            definitions()
            .resolve_job_def(job)
            .execute_in_process(instance=self.instance, tags=tags, raise_on_error=False, **options)
        )

    def sync(self, *endpoints: str) -> Any:
        """A run that syncs these, as a sensor starts it: cheaper than the jobs of one kind, which are for people."""
        config = {"ops": {"sync_endpoints": {"config": {"endpoints": list(endpoints)}}}}
        return self.run("sync_group", run_config=config)

    def begun(self, name: str, make: Callable[[], object]) -> None:
        """Bring NetBox, ``paris`` and the warehouse to where ``make`` brings them, of which a later test gets a copy."""
        kept(name, self.warehouse.home, [self.netbox_server.store, self.paris.state], make)
        self.built = len(self.netbox_server.requests)

    def both(self) -> dict[str, str]:
        """Tags of a run over both LibreNMS endpoints."""
        return {
            "dagster/asset_partition_range_start": "paris",
            "dagster/asset_partition_range_end": "lyon",
        }

    def writes(self) -> list[tuple[str, str]]:
        """(method, path) of what was asked of NetBox since the harness was built, without reads over GraphQL."""
        return [
            (item.method, item.path)
            for item in self.netbox_server.requests[self.built :]
            if item.method not in ("GET", "OPTIONS", "HEAD") and not item.path.startswith("/graphql")
        ]

    def plan(self, endpoint: str) -> Plan:
        return load_plan(self.warehouse, endpoint)


def failure(result: Any) -> str:
    """The sentence of the step that failed."""
    [event] = [event for event in result.all_events if event.is_step_failure]
    return str(event.step_failure_data.user_failure_data.description)


def made(result: Any, key: str) -> dict[str | None, dict[str, Any]]:
    """{partition: metadata values} of an asset's materializations in this run."""
    found = {}
    for event in result.all_events:
        if event.is_step_materialization:
            what = event.step_materialization_data.materialization
            if what.asset_key.to_user_string() == key:
                found[what.partition] = {name: item.value for name, item in what.metadata.items()}
    return found


def checks(result: Any) -> dict[str, Any]:
    """{asset:check -> evaluation} of this run."""
    return {
        f"{item.asset_key.to_user_string()}:{item.check_name}": item
        for item in result.get_asset_check_evaluations()
    }


def decide(harness: DagsterHarness, **config: Any) -> Any:
    """Run the job ``approve`` as the Launchpad does."""
    content = {"endpoint": "paris", "who": "alice", **config}
    return harness.run("approve", run_config={"ops": {"decide": {"config": content}}})


def apply_tick(harness: DagsterHarness, cursor: str | None = None) -> Any:
    """One tick of the sensor ``apply_when_approved``."""
    return evaluate(
        apply_sensor,
        instance=harness.instance,
        cursor=cursor,
        repository_def=definitions().get_repository_def(),
    )


def apply_started(harness: DagsterHarness, request: Any) -> Any:
    """Run what the tick asked for, as the daemon does."""
    assert (request.job_name, request.partition_key) == ("apply_librenms", "paris")
    return harness.run(request.job_name, partition_key=request.partition_key, tags=dict(request.tags))


@contextmanager
def build_house(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, same_ports: bool = False
) -> Iterator[DagsterHarness]:
    """``paris`` knows sw-paris with two ports, ``lyon`` sw-lyon with one, ``pve`` the guest web01.

    NetBox knows site, device type and role, and sw-paris without ports. With ``same_ports``, the servers have the same ports
    as the last time, as ``tests.kept`` needs.
    """
    states = {}
    for city, ports in (("paris", ["Gi0/1", "Gi0/2"]), ("lyon", ["Gi0/1"])):
        states[city] = LibreNMSState()
        device = states[city].add_device(f"sw-{city}", hardware="C9300-48P")
        for port in ports:
            states[city].add_port(device, port, ifAlias=f"{city} uplink")
    cluster = ProxmoxState("alpha")
    cluster.add_node("pve1")
    cluster.add_qemu(100, node="pve1", name="web01")
    with ExitStack() as stack:

        def started(name: str, make: Callable[[int], Server]) -> Server:
            server = at_its_port(f"house {name}", make) if same_ports else make(0).start()
            stack.callback(server.stop)
            return server

        netbox = started("netbox", lambda port: LabNetBox(port, token="lab-token"))
        paris = started("paris", lambda port: LabLibreNMS(states["paris"], port, token="paris-token"))
        lyon = started("lyon", lambda port: LabLibreNMS(states["lyon"], port, token="lyon-token"))
        pve = started("pve", lambda port: LabProxmox(cluster, port))
        harness = DagsterHarness(folder, netbox, paris, lyon, pve)
        for name, value in {
            "NETBOX_TOKEN": netbox.token,
            "PARIS_TOKEN": "paris-token",
            "LYON_TOKEN": "lyon-token",
            "PVE_TOKEN": pve.token_value,
            "NETBOX_SYNC_CONFIG": str(harness.config_path),
            "NETBOX_SYNC_HOME": str(harness.warehouse.home),
        }.items():
            monkeypatch.setenv(name, value)
        harness.site = harness.netbox.create("dcim/sites", name="Paris", slug="paris")
        maker = harness.netbox.create("dcim/manufacturers", name="Cisco", slug="cisco")
        kind = harness.netbox.create(
            "dcim/device-types", manufacturer=maker["id"], model="C9300-48P", slug="c9300-48p"
        )
        role = harness.netbox.create("dcim/device-roles", name="Access", slug="access", color="00ff00")
        harness.device = harness.netbox.create(
            "dcim/devices", name="sw-paris", site=harness.site["id"], device_type=kind["id"], role=role["id"]
        )
        harness.built = len(netbox.requests)
        yield harness


@pytest.fixture(autouse=True, scope="session")
def _dagster_is_quick() -> None:
    quick_dagster.make_quick()


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """The same folder for every test, so that ``netbox_sync.duckdb``, which names it, is made once."""
    with same_place(tmp_path) as place:
        yield place


@pytest.fixture
def harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterHarness]:
    with build_house(tmp_path, monkeypatch, same_ports=True) as built:
        yield built


@pytest.fixture
def synced(harness: DagsterHarness) -> DagsterHarness:
    """The house after a sync of ``paris``."""
    harness.begun("paris is synced", lambda: harness.sync("paris"))
    return harness


@pytest.fixture
def ids(harness: DagsterHarness) -> dict[str, str]:
    """A diff of ``paris`` with an update of sw-paris, a new VLAN and a delete, by key."""
    vlan = harness.netbox.create("ipam/vlans", vid=99, name="OLD")
    harness.built = len(harness.netbox_server.requests)
    draft = Draft("paris")
    found = {
        "sw-paris": draft.update(
            "devices", "sw-paris", harness.device, {"serial": ("", "FOC1")}, parent="sw-paris"
        ),
        "50 DATA": draft.create("vlans", "50 DATA", {"vid": 50, "name": "DATA"}),
        "99 OLD": draft.delete("vlans", "99 OLD", vlan),
    }
    draft.publish(harness.warehouse, target_snapshot="20200101T000000000Z-0000")
    return found
