"""What an attacker tries: forged requests, stolen cookies, hostile names and paths, and what the page keeps of secrets."""

from __future__ import annotations

import httpx
import pytest

from netbox_sync_dagster.storage.views import ask
from netbox_sync_dagster.web import security
from netbox_sync_dagster.web.serve import server_config
from tests.web.conftest import PASSWORD, Site, Visitor, served

COOKIE = "netbox-sync"


def _web1(site: Site) -> str:
    return next(row.change_id for row in site.plan().changes if row.key == "web1")


def _anna(site: Site) -> Visitor:
    anna = site.visitor()
    assert "paris" in anna.log_in()
    return anna


def _tokens(site: Site) -> list[str]:
    return [
        row["description"]
        for row in site.netbox.store.rows("users.token")
        if row["description"].startswith("netbox-sync web")
    ]


def _decisions(site: Site) -> int:
    sql = "select count(*) from ledger.approvals"
    [(number,)] = ask(site.warehouse, lambda con: con.execute(sql).fetchall())
    return int(number)


def test_forged_requests(site: Site) -> None:
    anna, other = _anna(site), _anna(site)
    other.open("/plans/paris")
    anna.open("/plans/paris")
    fields = {"id": [_web1(site)], "decision": "approve", "diff_id": anna.value("diff_id")}
    for secret in ("", "x", other.secret, "ä"):
        assert "not from this page" in anna.send("/plans/paris/review", **fields, csrf=secret)
        assert anna.status == 403
        anna.open("/plans/paris")
    secret = anna.secret
    foreign: list[dict[str, str]] = [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": site.url.replace("127.0.0.1", "localhost")},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ]
    posts = ("/plans/paris/review", "/plans/paris/decide", "/plans/paris/apply", "/freeze", "/unfreeze")
    for header in foreign:
        for path in (*posts, "/logout", "/login"):
            answer = anna.http.post(path, data={"csrf": secret, **fields}, headers=header)
            assert (answer.status_code, "from another site" in answer.text) == (403, True), (path, header)
    for path in (*posts, "/logout", "/applies/x/stop", "/ledger/applies/x/undo"):
        assert anna.http.post(path, data=fields).status_code == 403, path
        assert anna.http.get(path).status_code in (404, 405), path
    assert "paris" in anna.open("/")
    # A login form has a secret too, so that nobody is logged in as somebody else.
    stranger = httpx.Client(base_url=site.url)
    answer = stranger.post("/login", data={"user": "anna", "password": PASSWORD, "csrf": "x"})
    assert answer.status_code == 403
    # The same origin passes.
    assert "Approve 1 change" in anna.take(
        anna.http.post(
            "/plans/paris/review",
            data={"csrf": secret, **fields},
            headers={"Origin": site.url, "Sec-Fetch-Site": "same-origin"},
        )
    )
    # A decision form is good once.
    key = anna.value("key")
    assert "approved" in anna.send("/plans/paris/decide", key=key)
    number = _decisions(site)
    anna.open("/plans/paris")
    assert "was sent before" in anna.send("/plans/paris/decide", key=key)
    other.open("/plans/paris")
    assert "was sent before" in other.send("/plans/paris/decide", key=key)
    assert (_decisions(site), number) == (number, 1)


def test_cookies_and_sessions(site: Site) -> None:
    anna = site.visitor()
    anna.http.cookies.set(COOKIE, "brought-along", domain="127.0.0.1", path="/")
    anna.http.follow_redirects = False
    anna.open("/login")
    answer = anna.http.post("/login", data={"csrf": anna.secret, "user": "anna", "password": PASSWORD})
    [cookie] = [line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{COOKIE}=")]
    identity = cookie.partition(";")[0].partition("=")[2]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert len(identity) >= 40
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert not any(part.startswith(("domain", "expires", "max-age")) for part in attributes)
    assert httpx.get(f"{site.url}/", cookies={COOKIE: "brought-along"}).status_code == 303
    assert httpx.get(f"{site.url}/", cookies={COOKIE: identity}).status_code == 200
    # A second login makes another id and ends the first session with its token.
    assert len(_tokens(site)) == 1
    again = httpx.Client(base_url=site.url, cookies={COOKIE: identity}, follow_redirects=True)
    form = Visitor(site.url)
    form.http = again
    form.log_in()
    assert httpx.get(f"{site.url}/", cookies={COOKIE: identity}).status_code == 303
    assert len(_tokens(site)) == 1
    identity = next(
        cookie.value or ""
        for cookie in again.cookies.jar
        if cookie.name == COOKIE and cookie.value != identity
    )
    form.send("/logout")
    assert form.path == "/login"
    assert _tokens(site) == []
    assert httpx.get(f"{site.url}/", cookies={COOKIE: identity}).status_code == 303
    # A session that is idle too long ends, and its token with it, though nobody asks for anything.
    state = site.state
    _anna(site)
    assert len(_tokens(site)) == 1
    state.sessions._idle = -1.0
    state.sessions.sweep()
    assert _tokens(site) == []


def test_a_stopping_server_leaves_no_token(site: Site) -> None:
    with served(site.config_path, site.warehouse) as url:
        visitor = Visitor(url)
        visitor.log_in()
        assert len(_tokens(site)) == 1
    assert _tokens(site) == []


def test_neither_password_nor_token_is_kept(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    anna = _anna(site)
    [row] = [
        row
        for row in site.netbox.store.rows("users.token")
        if row["description"].startswith("netbox-sync web")
    ]
    pages = [anna.page, anna.open("/ledger"), anna.open("/plans/paris")]
    anna.approve("paris", _web1(site))
    pages += [anna.page, anna.apply("paris"), anna.page]
    out = "".join(capfd.readouterr())
    for secret in (PASSWORD, PASSWORD.replace(" ", "+"), row["secret"]):
        assert not any(secret in page for page in (*pages, out))
        found = [
            path
            for path in site.config_path.parent.rglob("*")
            if path.is_file() and secret.encode() in path.read_bytes()
        ]
        assert found == []


def test_protecting_headers_are_on_every_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = _anna(site)
    large = b"&".join([b"a=" + b"x" * 500_000] * (security.MOST_BODY // 500_000 + 1))
    urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [
        anna.http.get("/"),
        anna.http.get("/plans/paris/export.csv"),
        anna.http.get("/plans/paris/export.exe"),
        anna.http.get("/no-such-page"),
        anna.http.get("/static/page.js"),
        anna.http.get("/static/none.js"),
        anna.http.get("/vendor/css/vendor/tabler.min.css"),
        anna.http.get("/health"),
        anna.http.delete("/ledger"),
        anna.http.get("/plans/paris/row", params={"resource": "x\x00", "key": "\x00"}),
        httpx.get(f"{site.url}/ledger"),
        anna.http.post("/plans/paris/review", content=large, headers=urlencoded),
        httpx.post(f"{site.url}/login", content=large, headers=urlencoded),
        anna.http.post(
            "/plans/paris/review", content=b"x", headers={"Content-Type": "multipart/form-data; boundary=b"}
        ),
    ]
    # A redirect would name the host of the request.
    answers += [anna.http.get(path) for path in ("/static", "/ledger/", "/login/")]
    monkeypatch.setattr("netbox_sync_dagster.web.sessions.Sessions.find", lambda *_: 1 / 0)
    answers.append(anna.http.get("/ledger"))
    codes = [answer.status_code for answer in answers]
    assert codes == [200, 200, 404, 404, 200, 404, 200, 200, 404, 404, 303, 403, 403, 400, 404, 404, 404, 500]
    for answer in answers:
        for name, content in security.HEADERS.items():
            assert answer.headers.get(name) == content, (answer.url, name)
        assert "server" not in answer.headers
        assert "ZeroDivisionError" not in answer.text
    policy = security.HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy and "http" not in policy
    assert answers[0].headers["Cache-Control"] == "no-store"


def test_paths_and_redirects_lead_nowhere_else(site: Site) -> None:
    (site.config_path.parent / "secret.txt").write_text("kept to itself")
    anna = _anna(site)
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/..%5capp.py",
        "/static//etc/passwd",
        "/vendor/%2e%2e/%2e%2e/starlette/applications.py",
        "/plans/..%2f..%2fsecret.txt",
        "/plans/%2e%2e",
        "/plans/undo-..%2f..%2fx",
        "/plans/undo-%2e%2e",
        "/plans/nobody",
        "/applies/..%2fx",
        "/ledger/applies/..%2f..%2fx",
    ):
        answer = httpx.get(httpx.URL(site.url).copy_with(raw_path=path.encode()), cookies=anna.http.cookies)
        assert answer.status_code in (303, 404), path
        assert not any(word in answer.text for word in ("root:x:0", "kept to itself", "import "))
    for wanted in (
        *(
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
        ),
        *(
            "/\t/evil.example",
            "/\n/evil.example",
            "///evil.example",
            "http:evil.example",
            " //evil.example",
            "/\u2044/x",
        ),
    ):
        visitor = site.visitor()
        visitor.http.follow_redirects = False
        visitor.open("/login", next=wanted)
        assert visitor.value("next") == "/", wanted
        answer = visitor.http.post(
            "/login", data={"csrf": visitor.secret, "user": "anna", "password": PASSWORD, "next": wanted}
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/"), wanted
    visitor = site.visitor()
    visitor.open("/plans/paris?action=create")
    wanted = visitor.value("next")
    assert visitor.send("/login", user="anna", password=PASSWORD, next=wanted)
    assert visitor.path == "/plans/paris"
    # Nobody writes a sentence onto the page of somebody else.
    assert "call 0800" not in site.visitor().open("/login", notice="call 0800")


def test_a_name_that_was_pointed_here_is_refused(site: Site) -> None:
    for host in ("evil.example.com", "evil.example.com:8780", "127.0.0.1.evil.example.com"):
        answer = httpx.get(f"{site.url}/login", headers={"Host": host})
        assert (answer.status_code, "netbox-sync" in answer.text) == (400, False)
    assert httpx.get(f"{site.url}/login", headers={"Host": "localhost:8780"}).status_code == 200


def test_a_token_that_netbox_does_not_delete_is_reported(site: Site) -> None:
    said: list[str] = []
    how = server_config(
        site.config_path, site.warehouse, site.config.web, lambda line: said.append(str(line))
    )
    with served(site.config_path, site.warehouse, how) as url:
        visitor = Visitor(url)
        visitor.log_in()
        site.netbox.fail_next(1, status=403, method="DELETE", path_prefix="/api/users/tokens/")
        assert "Log in" in visitor.send("/logout")
        visitor.log_in()
        visitor.send("/logout")
    [line] = said
    assert line.startswith(
        "the token of a session could not be deleted: netbox: no permission for DELETE /api/users/"
    )
    assert "403" in line
