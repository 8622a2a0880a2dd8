"""Tags and tagged VLANs of large tables, which are read apart from the other columns."""

from __future__ import annotations

from typing import Any

import pytest

from netbox_sync_lab.netbox import LabNetBox
from netbox_sync_lab.netbox.auth import Token
from netbox_sync_lab.netbox.wire import Answer, Request
from tests.sources.netbox.conftest import Snap
from tests.sources.netbox.seed import Seed

PAGE = 50
IDS_AND_TAGS = "select name, tags from t order by id"


def _ports(seed: Seed, bodies: list[dict[str, Any]]) -> list[int]:
    """Ports p0, p1, ... of one device, with these fields."""
    site = seed.post("dcim/sites", {"name": "s", "slug": "s"})
    maker = seed.post("dcim/manufacturers", {"name": "m", "slug": "m"})
    kind = seed.post("dcim/device-types", {"model": "t", "slug": "t", "manufacturer": maker})
    role = seed.post("dcim/device-roles", {"name": "r", "slug": "r"})
    device = seed.post("dcim/devices", {"name": "d", "device_type": kind, "role": role, "site": site})
    base = {"device": device, "type": "virtual"}
    answer = seed.http.post(
        "/api/dcim/interfaces/", json=[{**base, "name": f"p{i}", **one} for i, one in enumerate(bodies)]
    )
    assert answer.status_code == 201, answer.text
    return [row["id"] for row in answer.json()]


def _tags(seed: Seed, *slugs: str) -> None:
    for slug in slugs:
        seed.post("extras/tags", {"name": slug, "slug": slug})


@pytest.fixture
def seed(lab: LabNetBox) -> Seed:
    return Seed(lab.url, f"Token {lab.token}")


def _tagged(*slugs: str) -> dict[str, Any]:
    return {"tags": [{"slug": slug} for slug in slugs]}


def test_usual_and_unusual_tags_and_vlans_are_read_as_they_are(
    lab: LabNetBox, seed: Seed, snap: Snap
) -> None:
    _tags(seed, "ours", "lab", "rare")
    vlans = [seed.post("ipam/vlans", {"vid": vid, "name": f"v{vid}"}) for vid in (10, 20)]
    tags = [["ours"], ["ours", "lab"], []] * 60
    tags[70], tags[130] = ["ours", "rare"], ["rare"]
    bodies = [_tagged(*slugs) for slugs in tags]
    bodies[2] |= {"mode": "tagged", "tagged_vlans": vlans[:1]}
    bodies[75] |= {"mode": "tagged", "tagged_vlans": vlans}
    _ports(seed, bodies)
    lab.reset_requests()
    taken = snap(lab.url, lab.token, page_size=PAGE, max_in_flight=1)
    assert taken.sql(IDS_AND_TAGS, "interfaces") == [(f"p{i}", sorted(slugs)) for i, slugs in enumerate(tags)]
    assert taken.sql(
        "select name, tagged_vlan_ids from t where tagged_vlan_ids <> [] order by id", "interfaces"
    ) == [
        ("p2", vlans[:1]),
        ("p75", vlans),
    ]
    # Two requests for each of the three pages after the first, and one by REST for each page with
    # an unusual tag.
    assert lab.count("GET", "/api/dcim/interfaces/") == 2
    assert lab.count("POST", "/graphql/") == 2 + 3 * 2


def test_a_page_of_unusual_tags_is_read_with_its_tags(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    _tags(seed, "ours", "other")
    tags = [["ours"]] * 60 + [["other"]] * 60
    _ports(seed, [_tagged(*slugs) for slugs in tags])
    taken = snap(lab.url, lab.token, page_size=PAGE, max_in_flight=1)
    assert taken.sql(IDS_AND_TAGS, "interfaces") == [(f"p{i}", slugs) for i, slugs in enumerate(tags)]
    # 40 ports of the second page have an unusual tag: too many to read them one by one.
    assert lab.count("GET", "/api/dcim/interfaces/") == 0


def test_tables_without_tags_on_their_first_page_find_those_on_later_ones(
    lab: LabNetBox, seed: Seed, snap: Snap
) -> None:
    _tags(seed, "late")
    tags: list[list[str]] = [[]] * 99 + [["late"]]
    _ports(seed, [_tagged(*slugs) for slugs in tags])
    taken = snap(lab.url, lab.token, page_size=PAGE)
    assert taken.sql(IDS_AND_TAGS, "interfaces") == [(f"p{i}", slugs) for i, slugs in enumerate(tags)]


def test_lists_that_the_server_cuts_are_not_taken_for_whole(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    _tags(seed, "ours")
    lab.rest.max_page_size = 60
    lab._graphql_api().max_page_size = 60
    lab.fail_next(1, status=500, path_prefix="/api/core/object-types/")
    tags = [["ours"]] * 150
    _ports(seed, [_tagged(*slugs) for slugs in tags])
    taken = snap(lab.url, lab.token)
    assert taken.sql(IDS_AND_TAGS, "interfaces") == [(f"p{i}", slugs) for i, slugs in enumerate(tags)]


def test_an_edit_between_a_row_and_its_tags_leaves_the_older_etag(
    lab: LabNetBox, seed: Seed, snap: Snap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the newer one, a write of the old tags would pass for fresh."""
    _tags(seed, "ours")
    ports = _ports(seed, [_tagged("ours")] * 100)
    path = f"/api/dcim/interfaces/{ports[60]}/"
    api = lab._graphql_api()
    answer = api.answer

    def edited_before_the_tags(request: Request, token: Token) -> Answer:
        if b"tag0:" in request.body:
            lab.session().resave("dcim.interface", ports[60], tags=[])
        return answer(request, token)

    monkeypatch.setattr(api, "answer", edited_before_the_tags)
    taken = snap(lab.url, lab.token, page_size=PAGE, max_in_flight=1)
    [(stamp, tags)] = taken.sql(f"select last_updated, tags from t where id = {ports[60]}", "interfaces")
    assert tags == []
    write = seed.http.patch(path, json={"description": "x"}, headers={"If-Match": f'W/"{stamp}"'})
    assert write.status_code == 412
