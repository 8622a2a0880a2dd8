"""The snapshot against a real NetBox: rows, references, ETags."""

from __future__ import annotations

import json

import pytest

from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.sources.netbox.check import check_netbox
from netbox_sync_dagster.sources.netbox.listings import SOURCES, sources_of
from tests.sources.netbox.conftest import Snap, viewer
from tests.sources.netbox.seed import Seed, expected

pytestmark = pytest.mark.live
Live = tuple[str, str, Seed]


def _models(seed: Seed) -> list[str]:
    """The models that this NetBox has, without any plugin."""
    return sorted({source.model for source in sources_of(seed.version).values()})


def _seeded(rows: list[tuple], wanted: list[tuple]) -> list[tuple]:
    """The rows of the seed, without the custom fields that this NetBox had before."""
    ids = {row[0] for row in wanted}
    return [tuple(_own_fields(value) for value in row) for row in rows if row[0] in ids]


def _own_fields(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    fields = {name: content for name, content in json.loads(value).items() if name.startswith("seed_")}
    return json.dumps(fields, separators=(",", ":"))


def test_graphql_and_rest_give_the_rows_that_were_seeded(live: Live, snap: Snap) -> None:
    url, token, seed = live
    by_graphql = snap(url, token, "graphql")
    by_rest = snap(url, viewer(seed, _models(seed)), "rest")
    assert by_graphql.manifest.reasons == by_rest.manifest.reasons == []
    for table, rows in expected(seed.ids).items():
        if seed.version < (4, 5) and table == "virtual_machines":
            # VMs have no start_on_boot there.
            rows[:] = [(*row[:12], None, *row[13:]) for row in rows]
        rows.sort(key=lambda row: row[0])
        assert _seeded(by_graphql.rows(table), rows) == rows, table
        assert by_graphql.sql("select * exclude (snapshot_id) from t order by id", table) == by_rest.sql(
            "select * exclude (snapshot_id) from t order by id", table
        ), table


def test_the_etag_of_an_object_can_be_built_from_the_snapshot(live: Live, snap: Snap) -> None:
    url, token, seed = live
    taken = snap(url, token)
    for table, path, name in (
        ("interfaces", "dcim/interfaces", "peer"),
        ("vlans", "ipam/vlans", "vlan101"),
        ("mac_addresses", "dcim/mac-addresses", "loose_mac"),
    ):
        number = seed.ids[name]
        [(stamp,)] = taken.sql(f"select last_updated from t where id = {number}", table)
        guard = {"If-Match": f'W/"{stamp}"'}
        fresh = seed.http.patch(f"/api/{path}/{number}/", json={"description": "guarded"}, headers=guard)
        assert fresh.status_code == 200, fresh.text
        stale = seed.http.patch(f"/api/{path}/{number}/", json={"description": "again"}, headers=guard)
        # Before 4.6 NetBox passes over If-Match.
        assert stale.status_code == (412 if seed.version >= (4, 6) else 200), stale.text
        seed.http.patch(
            f"/api/{path}/{number}/", json={"description": "VLAN 101" if table == "vlans" else ""}
        )


def test_references_to_objects_that_the_token_may_not_view_are_read_all_the_same(
    live: Live, snap: Snap
) -> None:
    url, _, seed = live
    token = viewer(seed, _models(seed), {"ipam.vlan": {"vid": 101}})
    taken = snap(url, token)
    port = taken.sql(
        f"select untagged_vlan_id, tagged_vlan_ids from t where id = {seed.ids['port']}", "interfaces"
    )
    assert port == [(seed.ids["vlan101"], sorted([seed.ids["vlan102"], seed.ids["vlan300"]]))]
    assert taken.sql(f"select vid from t where id = {seed.ids['vlan300']}", "vlans") == []


def test_a_type_without_permission_is_named_and_the_others_are_read(live: Live, snap: Snap) -> None:
    url, _, seed = live
    taken = snap(url, viewer(seed, [model for model in _models(seed) if model != "dcim.interface"]))
    assert taken.manifest.reasons == [
        "interfaces: the token may not read /api/dcim/interfaces/;"
        " give its user the permission dcim.view_interface"
    ]
    assert taken.sql("select scope, scope_id, complete from t", "scopes") == [("table", "interfaces", False)]
    assert taken.sql(f"select name from t where id = {seed.ids['sw1']}", "devices") == [("seed-sw1",)]


def test_check_names_what_a_token_may_not_do(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    url, token, seed = live
    monkeypatch.setenv("NETBOX_TOKEN", viewer(seed, _models(seed)))
    target = NetBoxTarget.model_validate({"url": url})
    found = {check.name: (check.ok, check.sentence) for check in check_netbox(target)}
    assert found["rights: racks"] == (True, "view")
    assert found["rights: vlans"] == (
        False,
        "missing ipam.add_vlan, ipam.change_vlan, ipam.delete_vlan (or the token is not write-enabled):"
        " such changes will fail when they are applied; give the token's user these permissions",
    )
    monkeypatch.setenv("NETBOX_TOKEN", token)
    assert [check.sentence for check in check_netbox(target) if not check.ok] == []


def test_permissions_that_prove_full_view_allow_graphql(live: Live, snap: Snap) -> None:
    url, _, seed = live
    sources = sources_of(seed.version)
    shown = {model for source in sources.values() for model in source.shows(seed.version)}
    absent = {source.model for source in SOURCES.values()} - set(_models(seed))
    models = sorted({*_models(seed), *shown} - absent)
    token = viewer(seed, [*models, "users.objectpermission"])
    by_graphql = snap(url, token, "proven")
    by_rest = snap(url, viewer(seed, _models(seed)), "unproven")
    for table in sources:
        assert by_graphql.rows(table) == by_rest.rows(table), table
