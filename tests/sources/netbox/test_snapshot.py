"""A snapshot of NetBox: every table, the same by GraphQL and REST, nothing lost, few requests."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_dagster.storage.errors import WarehouseError
from netbox_sync_dagster.storage.store import Warehouse
from netbox_sync_lab.netbox import LabNetBox
from tests.sources.netbox.conftest import Snap
from tests.sources.netbox.seed import Seed, expected, fill

MODELS = sorted({source.model for source in SOURCES.values()})


def _viewer(lab: LabNetBox, name: str, *without: str) -> str:
    permissions = {model: {"view"} for model in MODELS if model not in without}
    return lab.add_token(name, permissions, user="viewer").removeprefix("Token ")


def _graphql_and_rest(lab: LabNetBox) -> tuple[int, int]:
    return lab.count("POST", "/graphql/"), lab.count("GET", "/api/dcim/interfaces/")


def test_graphql_gives_the_rows_that_were_seeded(seeded_lab: tuple[LabNetBox, Seed], snap: Snap) -> None:
    lab, seed = seeded_lab
    lab.reset_requests()
    taken = snap(lab.url, lab.token)
    assert _graphql_and_rest(lab)[0] > 0
    assert _graphql_and_rest(lab)[1] == 0
    assert taken.manifest.reasons == []
    for table, rows in expected(seed.ids).items():
        assert taken.rows(table) == sorted(rows), table
    assert taken.sql("select netbox_version, plugins from t", "status") == [("4.6.8", "{}")]
    choice = "select value from t where model = 'dcim.interface' and field = 'mode' order by 1"
    assert taken.sql(choice, "choices") == [("access",), ("q-in-q",), ("tagged",), ("tagged-all",)]
    length = "select label from t where model = 'dcim.interface' and field = 'name' and value = 'max_length'"
    assert taken.sql(length, "choices") == [("64",)]
    of_a_field = (
        "select value, label from t where model = 'extras.customfield' and field = 'seed_choice' order by 1"
    )
    assert taken.sql(of_a_field, "choices") == [("a", "A"), ("b", "B")]


def test_rest_gives_the_same_rows(seeded_lab: tuple[LabNetBox, Seed], snap: Snap) -> None:
    lab, seed = seeded_lab
    lab.reset_requests()
    taken = snap(lab.url, _viewer(lab, "sees-all-types"))
    assert _graphql_and_rest(lab)[0] == 0
    assert taken.manifest.reasons == []
    by_graphql = snap(lab.url, lab.token, "other")
    for table, rows in expected(seed.ids).items():
        assert taken.rows(table) == sorted(rows), table
        stamps = "select id, last_updated from t order by id"
        assert taken.sql(stamps, table) == by_graphql.sql(stamps, table), table


@pytest.mark.parametrize("version", ["4.2.9", "4.4.5", "4.5.1", "4.5.2", "4.7.3"])
def test_other_versions_give_the_same_rows(version: str, snap: Snap) -> None:
    with LabNetBox(version=version) as lab:
        seed = Seed(lab.url, f"Token {lab.token}")
        wanted = _fill(seed)
        taken = snap(lab.url, lab.token)
        assert taken.manifest.reasons == []
        assert taken.manifest.source_version == version
        for table, rows in wanted.items():
            if version < "4.5" and table == "virtual_machines":
                # VMs have no start_on_boot there.
                wanted[table] = [(*row[:12], None, *row[13:]) for row in rows]
            if version < "4.6" and table == "module_bays":
                # Bays cannot be disabled there.
                wanted[table] = [(*row[:4], None, *row[5:]) for row in rows]
            assert taken.rows(table) == sorted(wanted[table]), table
        seed.http.close()


def _fill(seed: Seed) -> dict[str, list[tuple[Any, ...]]]:
    fill(seed)
    return expected(seed.ids)


def test_where_graphql_is_off_everything_is_read_by_rest(snap: Snap) -> None:
    with LabNetBox(graphql=False) as lab:
        seed = Seed(lab.url, f"Token {lab.token}")
        rows = _fill(seed)
        taken = snap(lab.url, lab.token)
        assert taken.manifest.reasons == []
        for table in rows:
            assert taken.rows(table) == sorted(rows[table]), table
        seed.http.close()


def test_the_etag_of_an_object_can_be_built_from_the_snapshot(
    seeded_lab: tuple[LabNetBox, Seed], snap: Snap
) -> None:
    lab, seed = seeded_lab
    taken = snap(lab.url, lab.token)
    number = seed.ids["peer"]
    [(stamp,)] = taken.sql(f"select last_updated from t where id = {number}", "interfaces")
    path, guard = f"/api/dcim/interfaces/{number}/", {"If-Match": f'W/"{stamp}"'}
    fresh = seed.http.patch(path, json={"description": "guarded"}, headers=guard)
    assert fresh.status_code == 200, fresh.text
    stale = seed.http.patch(path, json={"description": "again"}, headers=guard)
    assert stale.status_code == 412
    seed.patch("dcim/interfaces", number, {"description": ""})


def test_a_type_without_permission_is_named_and_the_others_are_read(
    seeded_lab: tuple[LabNetBox, Seed], snap: Snap
) -> None:
    lab, seed = seeded_lab
    taken = snap(lab.url, _viewer(lab, "no-interfaces", "dcim.interface"))
    assert taken.manifest.complete is False
    assert taken.manifest.reasons == [
        "interfaces: the token may not read /api/dcim/interfaces/;"
        " give its user the permission dcim.view_interface"
    ]
    assert taken.sql("select scope, scope_id, complete from t", "scopes") == [("table", "interfaces", False)]
    assert taken.rows("interfaces") == []
    assert taken.rows("devices") == sorted(expected(seed.ids)["devices"])


def test_references_to_hidden_objects_are_not_taken_for_empty(
    seeded_lab: tuple[LabNetBox, Seed], snap: Snap
) -> None:
    """GraphQL says null and leaves VLANs out of the list for a token that may not view VLANs."""
    lab, seed = seeded_lab
    taken = snap(lab.url, _viewer(lab, "no-vlans", "ipam.vlan"))
    port = f"select untagged_vlan_id, tagged_vlan_ids from t where id = {seed.ids['port']}"
    assert taken.sql(port, "interfaces") == [
        (seed.ids["vlan101"], [seed.ids["vlan102"], seed.ids["vlan300"]])
    ]


def _guests(seed: Seed, number: int) -> None:
    kind = seed.post("virtualization/cluster-types", {"name": "t", "slug": "t"})
    cluster = seed.post("virtualization/clusters", {"name": "c", "type": kind})

    def bulk(path: str, bodies: list[dict[str, Any]]) -> list[int]:
        answer = seed.http.post(f"/api/{path}/", json=bodies)
        assert answer.status_code == 201, answer.text
        return [row["id"] for row in answer.json()]

    vms = bulk(
        "virtualization/virtual-machines", [{"name": f"g{i}", "cluster": cluster} for i in range(number)]
    )
    nics = bulk("virtualization/interfaces", [{"virtual_machine": vm, "name": "net0"} for vm in vms])
    bulk("virtualization/virtual-disks", [{"virtual_machine": vm, "name": "d", "size": 10} for vm in vms])
    owner = {"assigned_object_type": "virtualization.vminterface"}
    macs = [{"mac_address": f"02:00:00:00:00:{i:02x}", **owner} for i in range(number)]
    bulk(
        "dcim/mac-addresses",
        [{**m, "assigned_object_id": n} for m, n in zip(macs, nics, strict=True)],
    )
    addresses = [{"address": f"192.0.2.{i + 1}/24", **owner} for i in range(number)]
    bulk(
        "ipam/ip-addresses",
        [{**a, "assigned_object_id": n} for a, n in zip(addresses, nics, strict=True)],
    )


def test_sixty_guests_take_eleven_requests_and_nine_when_the_choices_are_known(
    lab: LabNetBox, snap: Snap
) -> None:
    seed = Seed(lab.url, f"Token {lab.token}")
    _guests(seed, 60)
    lab.reset_requests()
    snap(lab.url, lab.token)
    assert len(lab.requests) == 11, lab.requests
    lab.reset_requests()
    taken = snap(lab.url, lab.token)
    assert len(lab.requests) == 9, lab.requests
    assert taken.manifest.row_counts["virtual_machines"] == 60
    assert taken.manifest.row_counts["choices"] > 100
    seed.http.close()


def _ports(seed: Seed, number: int) -> list[int]:
    site = seed.post("dcim/sites", {"name": "s", "slug": "s"})
    maker = seed.post("dcim/manufacturers", {"name": "m", "slug": "m"})
    kind = seed.post("dcim/device-types", {"model": "t", "slug": "t", "manufacturer": maker})
    role = seed.post("dcim/device-roles", {"name": "r", "slug": "r"})
    device = seed.post("dcim/devices", {"name": "d", "device_type": kind, "role": role, "site": site})
    # Names in the opposite order of the ids: paging by the default order would not be by id.
    bodies = [{"device": device, "name": f"p{number - i:04}", "type": "virtual"} for i in range(number)]
    answer = seed.http.post("/api/dcim/interfaces/", json=bodies)
    assert answer.status_code == 201
    return [row["id"] for row in answer.json()]


@pytest.mark.parametrize("in_flight", [1, 3])
@pytest.mark.parametrize("how", ["graphql", "rest"])
def test_many_pages_give_every_object_once(lab: LabNetBox, snap: Snap, how: str, in_flight: int) -> None:
    seed = Seed(lab.url, f"Token {lab.token}")
    ids = _ports(seed, 730)
    token = lab.token if how == "graphql" else _viewer(lab, "by-rest")
    taken = snap(lab.url, token, page_size=100, max_in_flight=in_flight)
    assert [row[0] for row in taken.rows("interfaces")] == ids
    seed.http.close()


@pytest.mark.parametrize("how", ["graphql", "rest", "4.5.1"])
def test_deletes_between_pages_lose_no_other_row(how: str, snap: Snap) -> None:
    with LabNetBox(version="4.5.1" if how == "4.5.1" else "4.6.8") as lab:
        seed = Seed(lab.url, f"Token {lab.token}")
        ids = _ports(seed, 300)
        token = lab.token if how != "rest" else _viewer(lab, "by-rest")
        path = "/graphql/" if how == "graphql" else "/api/dcim/interfaces/"
        method = "POST" if how == "graphql" else "GET"
        # The second page of interfaces is answered late; meanwhile rows of the first page vanish.
        skip = 2 if how == "graphql" else 1
        lab.fail_next(8, status=None, after_write=True, delay=0.3, method=method, path_prefix=path, skip=skip)
        deleted = ids[10:40]

        def delete() -> None:
            while lab.count(method, path) < skip:
                time.sleep(0.005)
            body = [{"id": number} for number in deleted]
            assert seed.http.request("DELETE", "/api/dcim/interfaces/", json=body).status_code == 204

        lab.reset_requests()
        thread = threading.Thread(target=delete)
        thread.start()
        taken = snap(lab.url, token, page_size=50, max_in_flight=1)
        thread.join()
        read = [row[0] for row in taken.rows("interfaces")]
        paths = [(method, where.startswith(path)) for method, where, _ in lab.requests]
        assert (method, True) in paths[paths.index(("DELETE", how != "graphql")) :]
        assert set(deleted) <= set(read)
        assert len(read) == len(set(read))
        assert set(ids) - set(deleted) <= set(read)
        seed.http.close()


def _page_limit(lab: LabNetBox, rows: int) -> None:
    """MAX_PAGE_SIZE of this server; its object types, which would show it, cannot be read."""
    lab.rest.max_page_size = rows
    lab._graphql_api().max_page_size = rows
    lab.fail_next(1, status=500, path_prefix="/api/core/object-types/")


def test_a_server_with_a_smaller_page_limit_is_read_whole(lab: LabNetBox, snap: Snap) -> None:
    seed = Seed(lab.url, f"Token {lab.token}")
    ids = _ports(seed, 170)
    _page_limit(lab, 60)
    taken = snap(lab.url, lab.token)
    assert [row[0] for row in taken.rows("interfaces")] == ids
    seed.http.close()


def test_lists_inside_an_object_are_read_whole_though_graphql_cuts_them(lab: LabNetBox, snap: Snap) -> None:
    seed = Seed(lab.url, f"Token {lab.token}")
    ids = _ports(seed, 3)
    answer = seed.http.post("/api/ipam/vlans/", json=[{"vid": i, "name": f"v{i}"} for i in range(2, 102)])
    vlans = [row["id"] for row in answer.json()]
    seed.patch("dcim/interfaces", ids[1], {"mode": "tagged", "tagged_vlans": vlans})
    _page_limit(lab, 60)
    taken = snap(lab.url, lab.token)
    tagged = taken.sql(f"select tagged_vlan_ids from t where id = {ids[1]}", "interfaces")
    assert tagged == [(vlans,)]
    seed.http.close()


def test_a_v2_token_works(lab: LabNetBox, snap: Snap) -> None:
    token = lab.add_token("second-token", v2=True).removeprefix("Bearer ")
    assert token.startswith("nbt_")
    assert snap(lab.url, token).manifest.complete


def test_netbox_before_4_2_is_refused(snap: Snap) -> None:
    with (
        LabNetBox(version="4.1.11") as lab,
        pytest.raises(ServerError, match=r"NetBox 4\.1\.11; netbox-sync needs NetBox 4\.2 or newer"),
    ):
        snap(lab.url, lab.token)


def test_a_wrong_token_is_named_but_not_shown(lab: LabNetBox, snap: Snap) -> None:
    with pytest.raises(ServerError, match="the token in NETBOX_TOKEN was refused") as error:
        snap(lab.url, "wrong-and-secret")
    assert "wrong-and-secret" not in str(error.value)
    assert not error.value.retryable


def test_an_address_that_is_no_netbox_is_said_so(lab: LabNetBox, snap: Snap) -> None:
    with pytest.raises(ServerError, match=r"there is no NetBox API at .*/elsewhere"):
        snap(f"{lab.url}/elsewhere", lab.token)


def test_a_server_error_fails_the_snapshot_and_keeps_the_last_one(
    lab: LabNetBox, snap: Snap, tmp_path: Path
) -> None:
    folder = Warehouse(tmp_path / "warehouse").snapshots("netbox", "netbox")
    lab.fail_next(50, status=500, path_prefix="/api/dcim/mac-addresses/")
    with pytest.raises(ServerError, match=r"GET /api/dcim/mac-addresses/ answered 500"):
        snap(lab.url, lab.token)
    with pytest.raises(WarehouseError):
        Warehouse(tmp_path / "warehouse").current(folder)
    lab.clear_faults()
    assert snap(lab.url, lab.token).manifest.complete


def test_a_passing_fault_is_tried_again(lab: LabNetBox, snap: Snap) -> None:
    lab.fail_next(1, status=503, retry_after=0, path_prefix="/graphql/")
    lab.fail_next(1, drop=True, path_prefix="/api/dcim/mac-addresses/")
    assert snap(lab.url, lab.token).manifest.complete


def test_choices_are_asked_for_again_after_an_upgrade(snap: Snap) -> None:
    with LabNetBox(version="4.6.7") as old:
        snap(old.url, old.token)
        asked = old.count("OPTIONS")
        snap(old.url, old.token)
        assert asked > 0
        assert old.count("OPTIONS") == asked
    with LabNetBox(version="4.6.8") as new:
        snap(new.url, new.token)
        assert new.count("OPTIONS") == asked
