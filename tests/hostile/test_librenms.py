"""A LibreNMS whose lists do not end, or hold something other than rows: no snapshot or a marked one, and nothing left on disk."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.librenms.snapshot import snapshot_librenms
from netbox_sync_dagster.storage import Warehouse
from netbox_sync_dagster.storage.snapshots import Manifest
from netbox_sync_lab.certs import LabCertificates
from tests.hostile.behaviours import OK
from tests.hostile.clients import LIMITS, SECRETS, librenms
from tests.hostile.server import Asked, Behaviour, HostileServer, routes
from tests.parquet import looking

API = "/api/v0"
SYSTEM = json.dumps({"status": "ok", "system": [{"local_ver": "25.10.0"}]}).encode()


def listed(key: str, *rows: Any) -> bytes:
    return json.dumps({"status": "ok", key: list(rows)}).encode()


def device(number: int, **more: Any) -> dict[str, Any]:
    return {"device_id": number, "hostname": f"sw{number}", "sysName": f"sw{number}", **more}


def port(number: int, **more: Any) -> dict[str, Any]:
    return {"port_id": number, "device_id": 1, "ifName": f"Gi0/{number}", **more}


def good(**lists: bytes | Behaviour) -> Behaviour:
    """One device with one port; ``lists`` by key replace what is listed."""
    answers: dict[str, bytes | Behaviour] = {
        f"{API}/system": SYSTEM,
        f"{API}/ports": lists.get("ports", listed("ports", port(1))),
        f"{API}/devices": lists.get("devices", listed("devices", device(1))),
        f"{API}/resources/ip/addresses": lists.get("addresses", listed("ip_addresses")),
        f"{API}/resources/vlans": lists.get("vlans", listed("vlans")),
        f"{API}/resources/links": listed("links"),
        f"{API}/resources/locations": listed("locations"),
        f"{API}/routing/vrf": listed("vrfs"),
    }
    return routes(answers, listed("ports"))


def endless(key: str, row: Any) -> Behaviour:
    """A list that never closes, as fast as it goes."""

    def behave(_: Asked) -> Iterator[bytes]:
        yield OK + b"\r\n" + f'{{"status": "ok", "{key}": ['.encode()
        for start in count(1, 500):
            yield "".join(json.dumps(row(start + n)) + "," for n in range(500)).encode()

    return behave


def read(home: Path, behaviour: Behaviour, **limits: Any) -> Manifest:
    with HostileServer(behaviour) as server:
        endpoint = librenms(server.url, limits={**LIMITS, **limits})
        return snapshot_librenms(endpoint, Warehouse(home))


def left(home: Path) -> list[str]:
    return sorted(str(file.relative_to(home)) for file in home.rglob("*") if file.is_file())


def table(home: Path, name: str) -> list[dict[str, Any]]:
    warehouse = Warehouse(home)
    file = warehouse.current(warehouse.snapshots("librenms", "nms")) / f"{name}.parquet"
    with looking() as con:
        return con.execute("SELECT * FROM read_parquet(?)", [str(file)]).to_arrow_table().to_pylist()


@pytest.mark.parametrize("key", ["ports", "devices"])
def test_a_list_without_end_leaves_the_last_snapshot_and_no_file(key: str, tmp_path: Path) -> None:
    before = read(tmp_path, good())
    files = left(tmp_path)
    rows = {"ports": port, "devices": device}

    with pytest.raises(ServerError) as caught:
        read(tmp_path, good(**{key: endless(key, rows[key])}))

    assert str(caught.value) == (
        f"endpoint 'nms': GET {API}/{key} answered more than 2 MiB; look at what the server sends, or raise "
        "limits.list_mib"
    )
    warehouse = Warehouse(tmp_path)
    assert warehouse.manifest(warehouse.snapshots("librenms", "nms"))["snapshot_id"] == before.snapshot_id
    assert left(tmp_path) == files


def test_a_list_of_less_importance_without_end_is_unknown(tmp_path: Path) -> None:
    manifest = read(
        tmp_path, good(vlans=endless("vlans", lambda n: {"vlan_id": n, "device_id": 1, "vlan_vlan": n}))
    )

    assert not manifest.complete
    assert any("/resources/vlans answered more than 2 MiB" in reason for reason in manifest.reasons)
    assert manifest.row_counts["ports"] == 1


def test_a_list_of_too_many_rows(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"GET /ports answered more than 99 rows; .* raise limits.rows"):
        read(tmp_path, good(ports=listed("ports", *map(port, range(1, 101)))), rows=99)


def test_a_long_list_of_too_many_rows(tmp_path: Path) -> None:
    rows = [port(number, ifAlias="x" * 1000) for number in range(1, 5001)]
    with pytest.raises(ServerError, match=r"GET /ports answered more than 4000 rows"):
        read(tmp_path, good(ports=listed("ports", *rows)), list_mib=16, rows=4000)


def test_a_row_that_would_fill_the_memory(tmp_path: Path) -> None:
    rows = [port(1), port(2, ifAlias="x" * (6 << 20))]
    with pytest.raises(ServerError, match=r"GET /ports answered a row of more than 1 MiB"):
        read(tmp_path, good(ports=listed("ports", *rows)), list_mib=16)


def test_a_text_that_is_too_long_costs_its_row(tmp_path: Path) -> None:
    rows = [port(1), port(2, ifAlias="x" * 70_000)]

    manifest = read(tmp_path, good(ports=listed("ports", *rows)))

    assert [row["port_id"] for row in table(tmp_path, "ports")] == [1]
    assert not manifest.complete
    rejected = table(tmp_path, "rejected")
    assert [(row["row_key"], row["reason"]) for row in rejected] == [
        ("2", "ifAlias: a text is 70,000 characters long, and at most 65,536 are taken; shorten it there")
    ]
    assert len(rejected[0]["row_json"]) <= 4000


@pytest.mark.parametrize("value", ['"ifSpeed":1e308', '"ifAlias":' + "[" * 900 + "]" * 900])
def test_a_value_that_nothing_can_hold_costs_its_row(value: str, tmp_path: Path) -> None:
    text = '{"status":"ok","ports":[{"port_id":1,"device_id":1},{"port_id":2,"device_id":1,' + value + "}]}"

    manifest = read(tmp_path, good(ports=text.encode()))

    assert [row["port_id"] for row in table(tmp_path, "ports")] == [1]
    assert [row["row_key"] for row in table(tmp_path, "rejected")] == ["2"]
    assert not manifest.complete


def test_all_answers_together_are_too_large(tmp_path: Path) -> None:
    ports = listed("ports", *(port(number, ifAlias="x" * 1000) for number in range(1, 801)))

    with pytest.raises(ServerError, match=r"hold more than 1 MiB; .*raise limits.snapshot_mib"):
        read(tmp_path, good(ports=ports, vlans=ports), snapshot_mib=1)
    assert not [name for name in left(tmp_path) if name.endswith(".parquet")]


def test_all_answers_together_take_too_long(tmp_path: Path) -> None:
    def slow(key: str) -> Behaviour:
        def behave(asked: Asked) -> Iterator[bytes]:
            yield OK + b"\r\n"
            for _ in range(100):
                time.sleep(0.02)
                yield b" "
            yield listed(key)

        return behave

    began = time.monotonic()
    with pytest.raises(ServerError, match=r"took longer than 1 seconds; .* raise limits.snapshot_seconds"):
        read(tmp_path, good(ports=slow("ports")), snapshot_seconds=1)
    assert time.monotonic() - began < 5


def test_a_credential_in_the_data_is_masked_and_makes_the_snapshot_incomplete(tmp_path: Path) -> None:
    token = SECRETS["LIBRENMS_TOKEN"]

    manifest = read(tmp_path, good(devices=listed("devices", device(1, sysDescr=f"agent {token} of sync"))))

    assert [row["sysDescr"] for row in table(tmp_path, "devices")] == ["agent *** of sync"]
    assert manifest.reasons == [
        f"GET {API}/devices answered with the credential that netbox-sync uses there, which is shown as *** and makes "
        "the snapshot incomplete; replace that credential, and remove it from the data"
    ]
    assert not [name for name in left(tmp_path) if token.encode() in (tmp_path / name).read_bytes()]


def test_a_credential_that_arrives_in_two_pieces_is_masked_too(tmp_path: Path) -> None:
    token = SECRETS["LIBRENMS_TOKEN"]
    whole = listed("devices", device(1, sysDescr=f"agent {token} of sync"))
    middle = whole.index(token.encode()) + 10

    def split(_: Asked) -> Iterator[bytes]:
        yield OK + b"\r\n" + whole[:middle]
        time.sleep(0.2)
        yield whole[middle:]

    read(tmp_path, good(devices=split))

    assert [row["sysDescr"] for row in table(tmp_path, "devices")] == ["agent *** of sync"]


def test_values_without_number_are_not_decoded(certificates: LabCertificates, tmp_path: Path) -> None:
    many = b'{"status":"ok","system":[' + b"1," * 8_000_001 + b"1]}"
    with (
        HostileServer(routes({f"{API}/system": many})) as server,
        pytest.raises(ServerError, match="GET /api/v0/system answered more than 8,000,000 values"),
    ):
        snapshot_librenms(librenms(server.url, timeout=5, limits={"answer_seconds": 30}), Warehouse(tmp_path))
