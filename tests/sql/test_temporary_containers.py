"""While Docker Compose recreates a container: what is compared, what counts as listed, what proves nothing."""

from __future__ import annotations

from netbox_sync_dagster.sqlfiles import read_sql
from tests.sql.rules import Rules

OLD, NEW = "d58e697edffe" + "0" * 52, "f" * 64


def test_a_temporary_name_is_nothing_to_compare_and_its_container_is_there() -> None:
    """By its own id, by that of a listed one, or of Compose; any other such name is a name."""
    rules = Rules("docker", "whale")
    rules.put("netbox.status", netbox_version="4.6.8")
    for name, number, project in (
        ("d58e697edffe_web", OLD, None),
        ("db", "aaaaaaaaaaaa" + "0" * 52, None),
        ("aaaaaaaaaaaa_db", NEW, None),
        ("bbbbbbbbbbbb_cache", NEW, "shop"),
        ("0123456789ab_mine", NEW, None),
    ):
        rules.put(
            "docker.containers",
            name=name,
            id=number,
            state="running",
            inspected=True,
            compose_project=project,
        )
    rules.con.execute("ALTER TABLE config.endpoint ADD COLUMN IF NOT EXISTS cluster_name VARCHAR")
    for table in ("virtual_machines", "listed_guests", "incomplete_scopes", "skipped"):
        rules.con.execute(f"INSERT INTO desired.{table} BY NAME {read_sql(f'desired/docker/{table}.sql')}")
    assert rules.rows("SELECT name FROM desired.virtual_machines ORDER BY name") == [
        ("0123456789ab_mine",),
        ("db",),
    ]
    listed = {name for (name,) in rules.rows("SELECT source_id FROM desired.listed_guests")}
    assert {"web", "db", "cache"} <= listed
    assert rules.rows(
        "SELECT reason FROM desired.incomplete_scopes WHERE resource = 'mac_addresses' ORDER BY 1"
    ) == [("Docker Compose is recreating it: there is aaaaaaaaaaaa_db",)]
    assert rules.rows("SELECT key, reason FROM desired.skipped ORDER BY key") == [
        ("aaaaaaaaaaaa_db", "a temporary name: Docker Compose is recreating db"),
        ("bbbbbbbbbbbb_cache", "a temporary name: Docker Compose is recreating cache"),
        ("d58e697edffe_web", "a temporary name: Docker Compose is recreating web"),
    ]
