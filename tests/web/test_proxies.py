"""Failed logins count where they come from, and headers are believed of the proxy alone."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from netbox_sync_dagster.web import login as web_login
from tests.web.conftest import PASSWORD, Site, served


class Clock:
    """A monotonic clock that tests set."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def monotonic(self) -> float:
        return self.now


def test_guessed_passwords(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(web_login, "time", clock)
    for name in ("bob", "carl"):
        site.netbox.add_user(name, PASSWORD, {})
    visitor = site.visitor()
    for _ in range(5):
        assert "does not accept this name" in visitor.log_in("bob", "wrong")
        assert visitor.status == 401
    asked = site.netbox.count("POST", "/api/users/tokens/provision/")
    assert "too many failed logins; try again in 5 seconds" in visitor.log_in("bob")
    # Other names wait too: the address does.
    assert "too many failed logins" in visitor.log_in("carl")
    visitor.open("/login")
    assert "too many failed logins" in visitor.send("/login", token="nbt_x.y")
    assert site.netbox.count("POST", "/api/users/tokens/provision/") == asked
    clock.now += 6
    assert "does not accept this name" in visitor.log_in("bob", "wrong")
    assert "try again in 10 seconds" in visitor.log_in("bob", "wrong")
    clock.now += 11
    # One good login does not take the failures of the address away.
    assert "paris" in visitor.log_in("carl")
    visitor = site.visitor()
    assert "does not accept this name" in visitor.log_in("carl", "wrong")
    assert "try again in 20 seconds" in visitor.log_in("carl", "wrong")
    for _ in range(20):
        clock.now += 901
        visitor.log_in("bob", "wrong")
    assert "try again in 900 seconds" in visitor.log_in("bob")
    clock.now += 901
    assert "paris" in visitor.log_in("bob")
    # Where NetBox cannot be asked, nothing counts as a failed login.
    clock.now += 901
    visitor = site.visitor()
    site.netbox.fail_next(3, status=500, path_prefix="/api/users/tokens/provision/")
    for _ in range(3):
        assert "too many" not in visitor.log_in("anna")


def test_attempts_sent_at_once_count(site: Site) -> None:
    attempts = web_login.Attempts()
    for _ in range(5):
        attempts.begin("address 1", "name bob")
    with pytest.raises(web_login.LoginError, match="try again in 5 seconds"):
        attempts.begin("address 1", "name anna")
    with pytest.raises(web_login.LoginError, match="try again in 5 seconds"):
        attempts.begin("address 2", "name bob")


class TestProxy:
    """A page behind a proxy that names the person."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {
            "port": 0,
            "public_url": "https://sync.example.com",
            "trusted_proxy": {"addresses": ["127.0.0.1/32"], "user_header": "X-Remote-User"},
        }

    def test_only_the_proxy_names_people(self, site: Site) -> None:
        view = {"virtualization.virtualmachine": {"view"}}
        site.netbox.add_user("bob", PASSWORD, view)
        site.netbox.add_user("carl", None, view, active=False)
        secure = "__Host-netbox-sync"
        assert httpx.get(f"{site.url}/").status_code == 303
        answer = httpx.get(f"{site.url}/plans/paris", headers={"X-Remote-User": "bob"})
        assert "web1" in answer.text
        [cookie] = [line for line in answer.headers.get_list("set-cookie") if line.startswith(secure)]
        assert {"secure", "httponly", "path=/"} <= {part.strip().lower() for part in cookie.split(";")[1:]}
        assert "domain" not in cookie.lower()
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        identity = cookie.partition(";")[0].partition("=")[2]
        # The cookie alone is nobody, and so is it with another name.
        assert httpx.get(f"{site.url}/", cookies={secure: identity}).status_code == 303
        two = [("X-Remote-User", "bob"), ("X-Remote-User", "anna")]
        answer = httpx.get(f"{site.url}/", headers=two)
        assert (answer.status_code, "more than one header" in answer.text) == (409, True)
        assert "bob" not in httpx.get(f"{site.url}/", headers={"X_Remote_User": "bob"}).text
        # Names that NetBox does not know, or keeps out, see nothing.
        for name in ("nobody", "carl", "BOB", "bob,anna"):
            assert "web1" not in httpx.get(f"{site.url}/plans/paris", headers={"X-Remote-User": name}).text
        # Nobody logs in past the proxy.
        visitor = site.visitor()
        assert "logged in by the proxy" in visitor.open("/login")
        answer = visitor.http.post("/login", data={"csrf": "", "user": "anna", "password": PASSWORD})
        assert answer.status_code == 403

    def test_another_address_is_not_the_proxy(self, site: Site) -> None:
        content = json.loads(site.config_path.read_text())
        content["web"]["trusted_proxy"]["addresses"] = ["192.0.2.1/32", "::1/128"]
        site.config_path.write_text(json.dumps(content))
        with served(site.config_path, site.warehouse) as url:
            for header in ("X-Remote-User", "X-Forwarded-For", "Forwarded"):
                headers = {"X-Remote-User": "anna", header: "anna", "X-Forwarded-For": "192.0.2.1"}
                assert httpx.get(f"{url}/", headers=headers).status_code == 303


def test_without_a_proxy_no_header_names_anybody(site: Site) -> None:
    for header in ("X-Remote-User", "Remote-User", "X-Forwarded-User", "X-Auth-Request-User"):
        assert httpx.get(f"{site.url}/", headers={header: "anna"}).status_code == 303


class TestTlsProxy:
    """A page behind a proxy that only does TLS: people log in on the page."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"port": 0, "trusted_proxy": {"addresses": ["127.0.0.1/32", "10.0.0.0/8"]}}

    def test_failed_logins_are_counted_by_the_browser_behind_the_proxy(self, site: Site) -> None:
        guesser = site.visitor(**{"X-Forwarded-For": "203.0.113.9"})
        for number in range(5):
            assert "does not accept this name" in guesser.log_in(f"user{number}", "wrong")
        assert "too many failed logins" in guesser.log_in("anna")
        # What the browser itself writes before the proxy's entry changes nothing.
        liar = site.visitor(**{"X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.1.2.3"})
        assert "too many failed logins" in liar.log_in("anna")
        other = site.visitor(**{"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
        assert "paris" in other.log_in("anna")


def test_without_a_trusted_proxy_x_forwarded_for_hides_nobody(site: Site) -> None:
    for number in range(5):
        site.visitor(**{"X-Forwarded-For": f"203.0.113.{number}"}).log_in(f"user{number}", "wrong")
    assert "too many failed logins" in site.visitor(**{"X-Forwarded-For": "203.0.113.99"}).log_in("anna")
