"""Questions are answered on the page: the forms, who may, what follows, and how an answer is withdrawn."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from netbox_sync_dagster.apply import apply_approved
from netbox_sync_dagster.approve import approve
from netbox_sync_dagster.storage.locks import EndpointLock
from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.web import rights
from tests.kept import kept
from tests.support import NetBox
from tests.web.conftest import PASSWORD, Site, Visitor
from tests.web.test_hostile_text import BIDI, SCRIPT
from tests.web.test_rights import VIEW, VM, WRITE

MACHINES = "virtualization/virtual-machines"
ROW = {"resource": "virtual_machines", "key": "web1"}


@pytest.fixture
def near(site: Site) -> int:
    """NetBox has a web1 and a db1 in other clusters, without a vmid, and a device type R640 & Co; the id of web1."""
    states = [site.netbox.store, site.cluster]
    kept("near", site.warehouse.home, states, lambda: _near(site))
    return int(NetBox(site.netbox.url, site.netbox.token).one(MACHINES, name="web1")["id"])


def _near(site: Site) -> None:
    netbox = NetBox(site.netbox.url, site.netbox.token)
    netbox.create("virtualization/cluster-types", name="other", slug="other")
    _candidate(site, "web1", "old")
    _candidate(site, "db1", f"{SCRIPT[:60]}{BIDI}")
    maker = netbox.create("dcim/manufacturers", name="Dell", slug="dell")
    netbox.create("dcim/device-types", manufacturer=maker["id"], model="R640 & Co", slug="r640")
    site.sync()
    assert _action(site) == _action(site, "db1") == "conflict"


def _candidate(site: Site, name: str, cluster: str) -> None:
    """A virtual machine of that name in a new cluster."""
    netbox = NetBox(site.netbox.url, site.netbox.token)
    kind = netbox.one("virtualization/cluster-types", name="other")
    made = netbox.create("virtualization/clusters", name=cluster, type=kind["id"])
    netbox.create(MACHINES, name=name, cluster=made["id"])


class Overtaken(NamedTuple):
    """The fields of pages that were opened before the current diff was made: {key of the row: {field: value}}."""

    near: int
    drawn: dict[str, dict[str, str]]


# The pages are opened only when the beginning is made.
_drawn: dict[str, dict[str, str]] = {}


@pytest.fixture
def overtaken(site: Site, near: int) -> Overtaken:
    """Since the pages were opened, NetBox got a second db1, and a newer diff was made."""

    def make() -> None:
        anna = _anna(site)
        for key in ("web1", "db1"):
            anna.open("/plans/paris/row", **{**ROW, "key": key})
            _drawn[key] = {name: anna.value(name) for name in ("diff_id", "content")}
        _candidate(site, "db1", "older")
        site.sync()

    kept("overtaken", site.warehouse.home, [site.netbox.store, site.cluster], make)
    return Overtaken(near, _drawn)


def _action(site: Site, key: str = "web1") -> str | None:
    rows = [row.action for row in site.plan().rows if (row.resource, row.key) == ("virtual_machines", key)]
    return rows[0] if rows else None


def _anna(site: Site) -> Visitor:
    anna = site.visitor()
    anna.log_in()
    return anna


def _answer(visitor: Visitor, answer: str, **more: Any) -> str:
    """Open the row, answer, and wait for what follows."""
    visitor.open("/plans/paris/row", **ROW)
    fields = {**ROW, "diff_id": visitor.value("diff_id"), "answer": answer, "field": "", "scope": "one"}
    if 'name="content"' in visitor.page:
        fields["content"] = visitor.value("content")
    return _follow(visitor, visitor.send("/plans/paris/answer", **{**fields, **more}))


def _follow(visitor: Visitor, text: str) -> str:
    if visitor.path.startswith("/comparisons/"):
        # They end with the comparison.
        visitor.http.get(f"{visitor.path}/events")
        text = visitor.open(visitor.path)
    assert "Comparing" not in text
    return text


def _recorded(site: Site) -> list[tuple[Any, ...]]:
    sql = "select answer, netbox_id, key, who, through, why, state, withdrawn_by from ledger.resolutions order by seq"
    return ask(site.warehouse, lambda con: con.execute(sql).fetchall())


def test_a_question_is_answered_and_the_answer_withdrawn(site: Site, near: int) -> None:
    anna = _anna(site)
    assert "virtual_machines" not in anna.open("/plans/paris", view="causes")
    assert "Answer…" in anna.text
    assert f"{near} in NetBox" in anna.open("/plans/paris/questions", action="conflict")
    assert "web1, cluster old" in anna.text

    text = _answer(anna, "pick", netbox_id=str(near))

    assert "recorded: pick for 1 row" in text
    different = text.partition("Rows that are different now")[2]
    assert "~ update virtual machines web1 cluster old → paris" in different
    assert "! conflict 2 1" in text
    assert _action(site) == "update"
    assert _recorded(site) == [("pick", near, "web1", "anna", "web", "", "valid", None)]

    listed = anna.open("/plans/paris/answers")
    assert f"valid pick {near} virtual machines web1" in listed
    [resolution] = ask(
        site.warehouse,
        lambda con: con.execute("select resolution_id from ledger.resolutions").fetchone() or (),
    )
    text = _follow(anna, anna.send(f"/plans/paris/answers/{resolution}/withdraw"))
    assert "withdrawn: pick (answer of anna)" in text
    assert "! conflict virtual machines web1" in text.partition("Rows that are different now")[2]
    assert _action(site) == "conflict"
    assert "withdrawn by anna on" in anna.open("/plans/paris/answers")
    assert "Nobody has answered anything that is valid" in anna.open("/plans/paris/answers", state="valid")
    lines = (site.warehouse.ledger / "resolutions" / "paris").glob("*.jsonl")
    assert '"login_by":"password"' in "".join(path.read_text() for path in lines)


def test_a_value_that_is_kept_from_now_on_says_so_and_asks_again_when_withdrawn(drifted: Site) -> None:
    anna = _anna(drifted)

    text = _answer(anna, "keep", field="memory", always="1", why="tuned")

    assert "recorded: keep for 1 row, from now on" in text
    assert "= acknowledged virtual machines web1" in text.partition("Rows that are different now")[2]
    assert "answered keep for memory, from now on by anna" in anna.open("/plans/paris/row", **ROW)
    assert "valid keep, from now on virtual machines web1 , memory" in anna.open("/plans/paris/answers")
    sql = "select resolution_id, always from ledger.resolutions"
    [(resolution, always)] = ask(drifted.warehouse, lambda con: con.execute(sql).fetchall())
    assert always is True
    text = _follow(anna, anna.send(f"/plans/paris/answers/{resolution}/withdraw"))
    assert "withdrawn: keep, from now on (answer of anna)" in text
    assert "? drifted virtual machines web1" in text.partition("Rows that are different now")[2]


def test_an_acknowledged_row_is_counted_and_shown_on_request(site: Site, near: int) -> None:
    anna = _anna(site)
    assert "'acknowledge' needs a reason" in _answer(anna, "acknowledge")
    assert "give a day (2027-01-31)" in _answer(anna, "acknowledge", why="later", until="soon")
    assert _recorded(site) == []

    text = _answer(anna, "acknowledge", why="moves in May", until="2090-01-31")

    assert "= acknowledged 0 1" in text
    listed = anna.open("/plans/paris", resource="virtual_machines")
    assert "= acknowledged 1" in listed
    assert "key=web1" not in anna.page
    anna.open("/plans/paris", action="acknowledged")
    assert "key=web1" in anna.page
    assert "1 acknowledged" in anna.open("/")


def test_a_page_that_a_newer_diff_overtook_records_nothing(site: Site, overtaken: Overtaken) -> None:
    anna, near, drawn = _anna(site), str(overtaken.near), overtaken.drawn["web1"]

    text = _answer(anna, "pick", netbox_id=near, **drawn)
    assert "A newer diff was made since you opened the page. It asks the same." in text
    assert _recorded(site) == []
    shown = {name: anna.value(name) for name in ("diff_id", "content", "netbox_id", "answer", "scope")}
    assert "recorded: pick" in _follow(anna, anna.send("/plans/paris/answer", **ROW, confirmed="1", **shown))

    # Now the row is an update, which asks nothing.
    assert "does not ask this any longer" in _answer(anna, "create", **drawn)
    assert len(_recorded(site)) == 1


def test_another_question_is_shown_instead_of_recorded(site: Site, overtaken: Overtaken) -> None:
    db1, *_ = NetBox(site.netbox.url, site.netbox.token).all(MACHINES, name="db1")

    text = _answer(_anna(site), "pick", key="db1", netbox_id=str(db1["id"]), **overtaken.drawn["db1"])

    assert "it asks something else" in text
    assert "Record for" not in text
    assert _recorded(site) == []


def test_all_rows_that_ask_the_same_are_previewed(site: Site, near: int) -> None:
    anna = _anna(site)
    text = _answer(anna, "create", scope="all", why="two of them")
    assert "Create for 1 row of paris" in text
    assert "Record for 1 row" in text
    assert _recorded(site) == []
    fields = {name: anna.value(name) for name in ("diff_id", "content", "answer", "scope")}
    assert "recorded: create for 1 row" in _follow(
        anna, anna.send("/plans/paris/answer", **ROW, confirmed="1", **fields)
    )
    assert _action(site) == "create"


def test_who_may_not_change_such_objects_does_not_answer(
    site: Site, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "_FRESH_SECONDS", 0.0)
    for name, permissions, refusal in (
        ("viewer", VIEW, f"viewer has no right to change {VM} in NetBox"),
        ("nobody", {}, "does not ask this"),
    ):
        site.netbox.add_user(name, PASSWORD, permissions)
        visitor = site.visitor()
        visitor.log_in(name)
        diff_id = site.plan().diff_id
        visitor.open("/plans/paris/row", **ROW)
        if name == "viewer":
            assert f"You may not answer this: {refusal}" in visitor.text
        fields = {**ROW, "answer": "pick", "netbox_id": str(near), "scope": "one", "diff_id": diff_id}
        visitor.open("/")
        assert refusal in visitor.send("/plans/paris/answer", **fields)
    assert _recorded(site) == []

    site.netbox.add_user("bob", PASSWORD, WRITE)
    bob = site.visitor()
    bob.log_in("bob")
    # Which is compared later.
    with EndpointLock.for_sync(site.warehouse, "proxmox", "paris", "somebody"):
        assert "recorded: pick" in _answer(bob, "pick", netbox_id=str(near))
    [resolution] = ask(
        site.warehouse,
        lambda con: con.execute("select resolution_id from ledger.resolutions").fetchone() or (),
    )
    path = f"/plans/paris/answers/{resolution}/withdraw"
    viewer = site.visitor()
    viewer.log_in("viewer")
    assert "Withdraw" not in viewer.open("/plans/paris/answers")
    assert "viewer may change nothing" in viewer.send(path)
    nobody = site.visitor()
    nobody.log_in("nobody")
    assert "web1" not in nobody.open("/plans/paris/answers")
    assert "no such answer" in nobody.send(path)
    assert viewer.http.post(path, data={"csrf": "wrong"}).status_code == 403
    assert _recorded(site)[0][-2:] == ("valid", None)


@pytest.mark.usefixtures("near")
def test_names_of_candidates_are_text(site: Site) -> None:
    anna = _anna(site)
    for path in ("/plans/paris/row", "/plans/paris/questions"):
        anna.open(path, **{**ROW, "key": "db1"})
        assert "db1, cluster <script>alert(1)</script>" in anna.text.replace("&lt;", "<")
        assert "<script>alert" not in anna.page and BIDI[0] not in anna.page
        assert "\\u202e" in anna.page


@pytest.mark.usefixtures("near")
def test_a_name_is_mapped_and_a_busy_endpoint_is_compared_later(site: Site) -> None:
    node = {"resource": "devices", "key": "pve1"}

    def reason() -> str:
        [row] = [row for row in site.plan().rows if row.resource == "devices"]
        return row.reason or ""

    assert reason().startswith("no device type: map device_types")
    anna = _anna(site)
    text = anna.open("/plans/paris/row", **node)
    cpu = "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"
    # Each name that is missing has its own form.
    for kind, word in (("device type", cpu), ("role", "node"), ("site", "pve1")):
        assert f"Map the {kind} {word} : it means this {kind} in NetBox" in text
        assert f"Map this {kind} for every row" in text
    assert '<option value="R640 &amp; Co">' in anna.page
    several = _answer(anna, "map", value="R640 & Co", **node)
    assert "these rows ask for several names; say of which section the name is (--section)" in several
    assert f"device type '{cpu}', role 'node', site 'pve1'" in several
    other = _answer(anna, "map", value="R640 & Co", section="platforms", word="Debian", **node)
    assert "not all of these rows ask what the platform 'Debian' means" in other
    device_type = {"section": "device_types", "word": cpu, **node}
    wrong = _answer(anna, "map", value="R640 & C", **device_type)
    assert "NetBox has no device_types 'R640 & C'; did you mean R640 & Co?" in wrong
    assert 'class="btn" href="/plans/paris/row?resource=devices&amp;key=pve1">Back</a>' not in anna.page
    # A browser says which page the form was on.
    page = f"{site.url}/plans/paris/row?resource=devices&key=pve1"
    form = {"csrf": anna.secret, "diff_id": site.plan().diff_id, "answer": "map", "value": "R640 & C"}
    anna.take(anna.http.post("/plans/paris/answer", data=form | device_type, headers={"referer": page}))
    assert 'class="btn" href="/plans/paris/row?resource=devices&amp;key=pve1">Back</a>' in anna.page
    assert _recorded(site) == []

    with EndpointLock.for_sync(site.warehouse, "proxmox", "paris", "somebody"):
        text = _answer(anna, "map", value="R640 & Co", **device_type)
    assert "recorded: map for every row with this device type" in text
    assert "paris was not compared again: " in text
    assert "somebody" in text
    assert reason().startswith("no device type")

    site.sync()
    assert reason().startswith("no role: map roles")
    assert "R640 & Co" in anna.open("/plans/paris/answers")


def test_an_undo_names_the_answers_that_would_propose_it_again(drifted: Site) -> None:
    site, anna = drifted, _anna(drifted)
    assert "memory 1024 → 2048" in _answer(anna, "take", field="memory")
    plan, config = site.plan(), site.config
    [row] = plan.changes
    approve(
        site.warehouse,
        plan,
        [row.change_id],
        who="anna",
        through="cli",
        policies=config.endpoint("paris").policies,
    )
    done = apply_approved(site.warehouse, config.netbox, "paris", plan, who="anna")
    anna.open("/ledger")
    text = anna.send(f"/ledger/applies/{done.apply_id}/undo")
    said = (
        "1 answer leads to what this reverts: the next sync proposes it again unless it is withdrawn . "
        "take for virtual machines web1, memory (anna)"
    )
    assert said in text
    assert 'href="/plans/paris/answers?state=valid"' in anna.page
    site.netbox.add_user("racks", PASSWORD, permissions={"dcim.rack": {"view"}})
    racks = site.visitor()
    racks.log_in("racks")
    assert "1 answer" not in racks.open(f"/plans/undo-{done.apply_id}")
