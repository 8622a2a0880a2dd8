"""A token that sees a part of NetBox: what is hidden is found by its permissions, or by what NetBox still shows of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from netbox_sync_dagster.config.servers import NetBoxTarget
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.netbox.check import check_netbox
from netbox_sync_dagster.sources.netbox.listings import sources_of
from netbox_sync_lab.netbox import LabNetBox
from tests.lies import honest, lying
from tests.sources.netbox.conftest import VIEW_EVERYTHING, Snap, viewer
from tests.sources.netbox.seed import Seed, fill

READS_PERMISSIONS = {**VIEW_EVERYTHING, "users.objectpermission": {"view"}}


@pytest.fixture
def two_sites(lab: LabNetBox) -> Seed:
    """Sites paris and lyon, each with a device that has two interfaces, an address, and a primary MAC address."""
    seed = Seed(lab.url, f"Token {lab.token}")
    maker = seed.post("dcim/manufacturers", {"name": "Cisco", "slug": "cisco"}, "maker")
    kind = seed.post("dcim/device-types", {"manufacturer": maker, "model": "C9300", "slug": "c9300"}, "kind")
    role = seed.post("dcim/device-roles", {"name": "Access", "slug": "access", "color": "00ff00"}, "role")
    for place in ("paris", "lyon"):
        site = seed.post("dcim/sites", {"name": place, "slug": place}, f"site {place}")
        device = seed.post(
            "dcim/devices", {"name": f"sw-{place}", "site": site, "device_type": kind, "role": role}, place
        )
        for name in ("Gi1", "Gi2"):
            port = seed.post(
                "dcim/interfaces", {"device": device, "name": name, "type": "1000base-t"}, f"{place} {name}"
            )
        mac = seed.post(
            "dcim/mac-addresses",
            {
                "mac_address": f"00:00:5E:00:53:0{site}",
                "assigned_object_type": "dcim.interface",
                "assigned_object_id": port,
            },
            f"mac {place}",
        )
        seed.http.patch(f"/api/dcim/interfaces/{port}/", json={"primary_mac_address": mac})
        seed.post(
            "ipam/ip-addresses",
            {
                "address": f"10.0.{site}.1/24",
                "assigned_object_type": "dcim.interface",
                "assigned_object_id": port,
            },
            f"ip {place}",
        )
    return seed


def marked(taken: Any) -> dict[str, str]:
    """Table -> why it is incomplete."""
    return dict(taken.sql("SELECT scope_id, reason FROM t WHERE NOT complete", "scopes"))


SIGHTS: dict[str, tuple[dict[str, Any], str]] = {
    "a site": ({"dcim.site": {"slug": "paris"}}, "sites"),
    "devices of a site": ({"dcim.device": {"site__slug": "paris"}}, "devices"),
    "interfaces of a device": ({"dcim.interface": {"device__name": "sw-paris"}}, "interfaces"),
    "MAC addresses": ({"dcim.macaddress": {"mac_address__startswith": "00:00:5E:00:53:01"}}, "mac_addresses"),
}


@pytest.mark.parametrize("version", ["4.6.8", "4.2.9"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_permissions_that_can_be_read_say_what_is_hidden(
    two_sites: Seed, lab: LabNetBox, snap: Snap, monkeypatch: pytest.MonkeyPatch, sight: str, version: str
) -> None:
    constraints, table = SIGHTS[sight]
    (model,) = constraints
    lab.version = version
    lab.rest.version_text = version
    header = lab.add_token("limited-token-1", dict(READS_PERMISSIONS), user="some", constraints=constraints)
    taken = snap(lab.url, header.removeprefix("Token "))
    why = (
        f"the token views {model} only within the constraints of the permission 'some {model}', so objects may be"
        " hidden; give its user a permission to view all of them"
    )
    assert not taken.manifest.complete
    assert marked(taken)[table] == f"{table}: {why}"
    monkeypatch.setenv("NETBOX_TOKEN", header.removeprefix("Token "))
    checks = check_netbox(NetBoxTarget.model_validate({"url": lab.url}))
    assert [(check.ok, check.sentence) for check in checks if check.name == f"rights: all {table}"] == [
        (False, why)
    ]


@pytest.mark.parametrize("sight", SIGHTS)
def test_what_refers_to_hidden_objects_gives_them_away(
    two_sites: Seed, lab: LabNetBox, snap: Snap, sight: str
) -> None:
    """The token may not read permissions."""
    constraints, table = SIGHTS[sight]
    header = lab.add_token("limited-token-1", dict(VIEW_EVERYTHING), user="some", constraints=constraints)
    taken = snap(lab.url, header.removeprefix("Token "))
    assert not taken.manifest.complete
    assert marked(taken)[table].startswith(f"{table}: ")
    assert "; give its user the permission" in marked(taken)[table]


def test_netbox_s_own_counts_give_hidden_objects_away(two_sites: Seed, lab: LabNetBox, snap: Snap) -> None:
    """Interfaces that nothing refers to."""
    header = lab.add_token(
        "limited-token-1", dict(VIEW_EVERYTHING), user="some", constraints={"dcim.interface": {"name": "Gi2"}}
    )
    taken = snap(lab.url, header.removeprefix("Token "))
    assert marked(taken) == {
        "interfaces": "interfaces: NetBox counts 2 of them for devices 1, and the token sees 1; give its user the"
        " permission dcim.view_interface without constraints, or let NetBox count again"
        " (manage.py calculate_cached_counts)"
    }


def test_a_token_that_sees_everything_is_asked_nothing_more(
    two_sites: Seed, lab: LabNetBox, snap: Snap, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert snap(lab.url, lab.token).manifest.complete
    header = lab.add_token("limited-token-1", dict(READS_PERMISSIONS), user="some")
    token = header.removeprefix("Token ")
    assert snap(lab.url, token, home="b").manifest.complete
    before = len(lab.requests)
    assert snap(lab.url, token, home="c").manifest.complete
    assert len(lab.requests) - before <= 14
    monkeypatch.setenv("NETBOX_TOKEN", token)
    (check,) = [
        check
        for check in check_netbox(NetBoxTarget.model_validate({"url": lab.url}))
        if check.name == "rights: all objects"
    ]
    assert check.ok and check.sentence == "the token sees every object of all types that are read"


def test_what_cannot_be_proven_is_said(
    two_sites: Seed, lab: LabNetBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = lab.add_token("limited-token-1", dict(VIEW_EVERYTHING), user="some")
    monkeypatch.setenv("NETBOX_TOKEN", header.removeprefix("Token "))
    (check,) = [
        check
        for check in check_netbox(NetBoxTarget.model_validate({"url": lab.url}))
        if check.name == "rights: all objects"
    ]
    assert check.ok and check.sentence.startswith("cannot be proven: NetBox does not tell")


def test_bay_types_that_the_token_may_not_view_are_not_taken_for_none(snap: Snap) -> None:
    """NetBox 4.7 leaves them out of GraphQL's answer, and REST says their ids."""
    with LabNetBox(version="4.7.3") as server:
        seed = Seed(server.url, f"Token {server.token}")
        fill(seed)
        header = server.add_token("limited-token-1", dict(READS_PERMISSIONS), user="some")
        taken = snap(server.url, header.removeprefix("Token "))
        listed = "select bay_type_ids from t where id = "
        assert taken.sql(f"{listed} {seed.ids['module_type']}", "module_types") == [([seed.ids["bay_type"]],)]
        assert taken.sql(f"{listed} {seed.ids['bay']}", "module_bays") == [([seed.ids["bay_type"]],)]
        # What it sees all of is still asked for in one request.
        assert server.count("POST", "/graphql/") > 0


def test_objects_that_come_and_go_while_netbox_is_read_hide_nothing(snap: Snap) -> None:
    """A device is made once the devices were read, before the interfaces are; another one is deleted in between."""
    told: set[str] = set()

    def once(path: str, content: Any) -> Any:
        if path in told or not isinstance(content, dict) or not content.get("results"):
            return None
        told.add(path)
        if path == "/api/dcim/devices/":
            return {**content, "results": content["results"][:-1]}
        if path == "/api/dcim/interfaces/":
            gone = {**content["results"][-1], "id": 9000, "device": {"id": 900, "name": "gone"}}
            return {**content, "results": [*content["results"], gone]}
        return None

    with lying(LabNetBox, lie=honest) as server:
        seed = Seed(server.url, f"Token {server.token}")
        fill(seed)
        header = server.add_token("limited-token-1", dict(VIEW_EVERYTHING), user="some")
        server.lie = once
        taken = snap(server.url, header.removeprefix("Token "))
    assert {"/api/dcim/devices/", "/api/dcim/interfaces/"} <= told
    assert (taken.manifest.complete, taken.manifest.reasons) == (True, [])


SHAPES: dict[str, Any] = {
    "a list": [],
    "null": None,
    "a text": "no",
    "a number": 7,
    "an empty object": {},
    "data is a list": {"data": []},
    "data is null": {"data": None},
    "no lists": {"data": {}},
    "null lists": {"data": {"site_list": None}},
    "lists of lists": {"data": {"site_list": [[]]}},
    "errors is a text": {"errors": "no"},
    "errors are texts": {"errors": ["no"], "data": None},
    "results is null": {"count": 1, "next": None, "results": None},
    "results is an object": {"count": 1, "next": None, "results": {"id": 1}},
    "results are lists": {"count": 1, "next": None, "results": [[]]},
    "results without id": {"count": 1, "next": None, "results": [{"name": "x"}]},
}
PATHS = (
    "/graphql/",
    "/api/status/",
    "/api/dcim/devices/",
    "/api/extras/custom-fields/",
    "/api/core/object-types/",
    "/api/users/permissions/",
    "/api/authentication-check/",
    "/api/dcim/interfaces/",
)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_of_another_shape_is_one_sentence(snap: Snap, tmp_path: Path, shape: str) -> None:
    """Of GraphQL another shape makes it read by REST; elsewhere it fails the read, with a sentence; never a traceback."""
    content = SHAPES[shape]

    def replaced(target: str) -> Callable[[str, Any], Any]:
        # None would leave the answer.
        return lambda path, _: ({} if content is None else content) if path == target else None

    with lying(LabNetBox, lie=honest) as server:
        for number, path in enumerate(PATHS):
            server.lie = replaced(path)
            said = ""
            with suppress(ServerError):
                snap(server.url, server.token, home=f"{number}")
                said = "read"
            assert (said == "") or path != "/api/status/"
            attempts = Path(tmp_path / f"{number}" / "snapshots/netbox/netbox/attempts.jsonl").read_text()
            last = json.loads(attempts.splitlines()[-1])
            assert last["ok"] or re.fullmatch(r"netbox: [^\n]+", last["error"])


@pytest.mark.live
@pytest.mark.parametrize("sight", ["devices of a site", "interfaces of a device", "MAC addresses"])
@pytest.mark.parametrize("reads_permissions", [True, False])
def test_a_real_netbox_hides_the_same(
    live: tuple[str, str, Seed], snap: Snap, sight: str, reads_permissions: bool
) -> None:
    url, _, seed = live
    constraint = {
        "devices of a site": {"dcim.device": {"name": "no such device"}},
        "interfaces of a device": {"dcim.interface": {"device__name": "no such device"}},
        "MAC addresses": {"dcim.macaddress": {"mac_address": "02:00:00:00:00:00"}},
    }[sight]
    version = tuple(int(part) for part in seed.get("status")["netbox-version"].split(".")[:2])
    models = sorted({source.model for source in sources_of(version).values()})
    if reads_permissions:
        models.append("users.objectpermission")
    token = viewer(seed, models, constraint)
    taken = snap(url, token)
    table = {"dcim.device": "devices", "dcim.interface": "interfaces", "dcim.macaddress": "mac_addresses"}[
        next(iter(constraint))
    ]
    assert not taken.manifest.complete
    assert table in marked(taken)
