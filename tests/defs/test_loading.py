"""The code location: what it holds, and that it loads whatever the configuration is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from ruamel.yaml import YAML

from netbox_sync_dagster.defs import diff_sql
from tests.defs.conftest import definitions

ROOT = Path(__file__).parents[2]

LOAD = """
from netbox_sync_dagster.definitions import definitions
loaded = definitions()
sensors = {sensor.name: sensor.default_status.value for sensor in loaded.sensors}
print(len(loaded.get_repository_def().assets_defs_by_key) > 100, sorted(sensors.items()))
print([schedule.name for schedule in loaded.schedules])
[devices] = [spec for spec in loaded.resolve_all_asset_specs() if spec.key.path == ["diff", "librenms", "devices"]]
if devices.freshness_policy is not None:
    policy = devices.freshness_policy
    print(policy.warn_window.to_timedelta(), policy.fail_window.to_timedelta())
for path in (["netbox", "devices"], ["diff", "librenms", "vlans"], ["proxmox", "guests"], ["apply", "docker", "vlans"]):
    print(*(list(spec.owners) for spec in loaded.resolve_all_asset_specs() if spec.key.path == path))
"""


def load(config: Path) -> subprocess.CompletedProcess[str]:
    """Load the code location in a separate process."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD],
        env={**os.environ, "NETBOX_SYNC_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "no such file; write one with: netbox-sync init"),
        ("netbox:\n  url: nonsense\n", "netbox.url: Input should be a valid URL"),
    ],
)
def test_it_loads_without_a_configuration_and_says_what_is_wrong(
    tmp_path: Path, text: str | None, sentence: str
) -> None:
    config = tmp_path / "netbox_sync.yaml"
    if text is not None:
        config.write_text(text, encoding="utf-8")
    done = load(config)
    assert done.stdout.startswith("True ")
    assert "('intervals', 'RUNNING')" in done.stdout
    assert "('endpoints', 'RUNNING')" in done.stdout
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the location prints with an interval, a schedule, owners and an endpoint that is off."""
    config = tmp_path_factory.mktemp("loaded") / "netbox_sync.yaml"
    endpoint = {"kind": "librenms", "url": "http://127.0.0.1:1", "token_env": "T"}
    content = {
        "netbox": {"url": "http://127.0.0.1:1"},
        "owners": ["team:core"],
        "endpoints": [
            {"name": "paris", "interval": 600, **endpoint, "owners": ["alice@example.com"]},
            {"name": "lyon", "schedule": "15 3 * * *", **endpoint},
            {"name": "off", **endpoint, "enabled": False, "owners": ["team:nobody"]},
        ],
    }
    YAML(typ="safe").dump(content, config)
    return load(config).stdout.splitlines()


def test_schedules_and_freshness_policies_are_those_of_the_configuration(loaded: list[str]) -> None:
    assert loaded[1] == "['clean_up_schedule', 'lyon_schedule']"
    # Late after two intervals, missing after four.
    assert loaded[2] == "0:20:00 0:40:00"


def test_owners_are_those_of_the_configuration(loaded: list[str]) -> None:
    # NetBox's; those of all endpoints of the kind; no assets of kinds without an endpoint.
    assert loaded[-4:] == ["['team:core']", "['alice@example.com', 'team:core']", "", ""]


LATER = """
import sys
import dagster as dg
from pathlib import Path
from netbox_sync_dagster.definitions import definitions
from netbox_sync_dagster.defs.resources import SyncResource

loaded = definitions()
print(sorted({spec.key.path[1] if spec.key.path[0] in ("diff", "apply") else spec.key.path[0]
              for spec in loaded.resolve_all_asset_specs()}))
repository = loaded.get_repository_def()
print(sorted(job.name for job in repository.get_all_jobs() if job.name.startswith(("sync_", "apply_"))))
Path("netbox_sync.yaml").write_text(sys.argv[1])
for name in ("endpoints", "apply_when_approved"):
    resources = {"sync": SyncResource()}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(instance=instance, resources=resources) as context,
    ):
        result = repository.get_sensor_def(name)(context)
        reason = result if isinstance(result, dg.SkipReason) else result.skip_reason
        print(reason.skip_message if reason is not None else None)
"""


def test_only_configured_kinds_have_assets_and_jobs_until_the_next_reload(tmp_path: Path) -> None:
    config = tmp_path / "netbox_sync.yaml"
    endpoint = {"kind": "librenms", "url": "http://127.0.0.1:1", "token_env": "T"}
    off = {"name": "off", "kind": "tables", "sql": ".", "enabled": False}
    content = {"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": [off, {"name": "paris", **endpoint}]}
    config.write_text(json.dumps(content), encoding="utf-8")
    content["endpoints"] = [
        {"name": "srv1", "kind": "docker", "url": "http://127.0.0.1:1", "policies": {"apply_approved": True}}
    ]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LATER, json.dumps(content)],
        cwd=tmp_path,
        env={**os.environ, "NETBOX_SYNC_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "['librenms', 'netbox', 'tables']",
        "['apply_librenms', 'apply_tables', 'sync_group', 'sync_librenms', 'sync_tables']",
        "None",
        "srv1: reload the code location to see the assets of Docker",
    ]


def test_the_jobs() -> None:
    names = [job.name for job in definitions().get_repository_def().get_all_jobs()]
    assert sorted(name for name in names if not name.startswith("__")) == [
        "apply_docker",
        "apply_librenms",
        "apply_proxmox",
        "apply_tables",
        "approve",
        "clean_up",
        "read_netbox",
        "resolve",
        "sync_docker",
        "sync_group",
        "sync_librenms",
        "sync_proxmox",
        "sync_tables",
    ]


def test_no_sync_job_applies() -> None:
    repository = definitions().get_repository_def()
    for name in ("sync_librenms", "sync_proxmox", "sync_docker", "sync_tables", "read_netbox"):
        keys = repository.get_job(name).asset_layer.executable_asset_keys
        assert keys
        assert not [key for key in keys if key.path[0] == "apply"]


def test_nothing_applies_by_itself() -> None:
    specs = [spec for spec in definitions().resolve_all_asset_specs() if spec.key.path[0] == "apply"]
    assert len(specs) > 20
    assert all(spec.automation_condition is None for spec in specs)


def test_every_asset_says_what_it_is() -> None:
    for spec in definitions().resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.group_name, spec.key
        assert list(spec.owners) == ["team:network"], spec.key
        assert spec.kinds, spec.key


def test_tables_and_columns_have_the_comments_of_the_sql() -> None:
    specs = {spec.key.to_user_string(): spec for spec in definitions().resolve_all_asset_specs()}
    assert specs["librenms/ports"].description == (
        "LibreNMS's ports, as the last read of each endpoint found them. Ports of devices, deleted and ignored ones included."
    )
    assert str(specs["netbox/choices"].description).endswith(
        "Values that this NetBox accepts per model and field."
    )
    described = {
        f"{key}.{column.name}": column.description
        for key, spec in specs.items()
        if "dagster/column_schema" in spec.metadata
        for column in spec.metadata["dagster/column_schema"].columns
    }
    assert described["librenms/ports.ifSpeed"] == "bit/s"
    assert described["diff/proxmox/vlans.cause"] == "code of the reason, see sync.causes"


def test_the_shipped_instance_settings_are_ones_that_dagster_takes(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_settings("telemetry") == {"enabled": False}
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert {"key": "netbox_sync/endpoint", "value": {"applyLimitPerUniqueValue": True}, "limit": 1} in (
            queue.tag_concurrency_limits
        )


def test_everything_in_defs_is_found_by_dagster() -> None:
    """No list names what is in ``defs/``: a file there is enough."""
    found = definitions()
    assert sorted(sensor.name for sensor in found.sensors or ()) == [
        "activity",
        "apply_when_approved",
        "endpoints",
        "failed_runs",
        "intervals",
        "notifications",
        "status",
    ]
    assert list(found.resources or ()) == ["sync"]
    systems = {spec.key.path[0] for spec in found.resolve_all_asset_specs()}
    assert systems == {"librenms", "proxmox", "docker", "tables", "netbox", "diff", "apply"}


def test_without_a_place_for_the_cache_there_is_no_lineage_and_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a file"))
    config = tmp_path / "netbox_sync.yaml"
    assert load(config).stdout.startswith("True ")


LIGHT = """
import sys
import dagster
before = set(sys.modules)
from netbox_sync_dagster.definitions import definitions
definitions().get_repository_def()
print(sorted(set(sys.argv[1:]) & (set(sys.modules) - before)))
"""
NOT_NEEDED = (
    *("duckdb", "pyarrow", "numpy", "pandas", "sqlglot", "obstore", "httpx", "pynetbox", "proxmoxer"),
    *(
        "netbox_sync_dagster.compare.run",
        "netbox_sync_dagster.compare.graph",
        "netbox_sync_dagster.apply.run",
    ),
    *("netbox_sync_dagster.defs.syncing", "netbox_sync_dagster.storage.views"),
)


def test_the_definitions_load_nothing_that_only_runs_need(tmp_path: Path) -> None:
    config = tmp_path / "netbox_sync.yaml"
    endpoint = {"name": "paris", "kind": "librenms", "url": "http://127.0.0.1:1", "token_env": "T"}
    content = {"netbox": {"url": "http://127.0.0.1:1"}, "endpoints": [endpoint]}
    config.write_text(json.dumps(content), encoding="utf-8")
    # The cache exists: another test or process may not have made it.
    diff_sql.sql_of("librenms", "devices")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LIGHT, *NOT_NEEDED],
        env={**os.environ, "NETBOX_SYNC_CONFIG": str(config)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_the_product_imports_public_dagster_only() -> None:
    private = [
        f"{file.relative_to(ROOT)}: {line.strip()}"
        for file in [*sorted((ROOT / "netbox_sync_dagster").rglob("*.py")), *ROOT.glob("*.yaml")]
        for line in file.read_text(encoding="utf-8").splitlines()
        if "dagster._" in line.replace("netbox_sync_dagster._", "")
    ]
    assert private == []
