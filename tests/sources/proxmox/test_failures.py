"""Endpoints that cannot be read: one sentence, no secret in it, and the last snapshot stays current."""

import socket

import pytest

from netbox_sync_dagster.config.secrets import MissingSecret
from netbox_sync_dagster.server_errors import ServerError
from netbox_sync_dagster.sources.proxmox.check import check_proxmox


@pytest.fixture
def endpoint(state, serve):
    state.add_qemu(100, node="pve1", name="web01")
    return serve(state)


def failure(endpoint):
    with pytest.raises(ServerError) as caught:
        endpoint.snapshot()
    text = str(caught.value)
    assert text.startswith("endpoint 'rack': ")
    assert "\n" not in text
    return text


def test_a_wrong_token(endpoint, monkeypatch):
    endpoint.snapshot()
    before = endpoint.warehouse.manifest(endpoint.warehouse.snapshots("proxmox", "rack"))
    monkeypatch.setenv("PVE_TEST_TOKEN", "0badc0de-0000-4000-8000-000000000000")

    text = failure(endpoint)

    assert "refused the token sync@pve!netbox" in text
    assert "0badc0de" not in text
    folder = endpoint.warehouse.snapshots("proxmox", "rack")
    assert endpoint.warehouse.manifest(folder) == before
    assert '"ok":false' in (folder / "attempts.jsonl").read_text().splitlines()[-1]


def test_the_whole_token_line_may_be_given(endpoint, monkeypatch):
    lab = endpoint.lab
    monkeypatch.setenv("PVE_TEST_TOKEN", f"{lab.user}!{lab.token_name}={lab.token_value}")

    assert endpoint.snapshot().manifest.complete


def test_a_token_with_a_line_break_is_not_shown(endpoint, monkeypatch):
    monkeypatch.setenv("PVE_TEST_TOKEN", "secret-one\nsecret-two")

    assert "secret" not in failure(endpoint).replace("set it again", "")


def test_no_token_in_the_environment(endpoint, monkeypatch):
    monkeypatch.delenv("PVE_TEST_TOKEN")

    with pytest.raises(MissingSecret, match="endpoint 'rack': set the environment variable PVE_TEST_TOKEN"):
        endpoint.snapshot()


def test_user_and_password(endpoint):
    by_password = endpoint.changed(token_name=None, token_env=None, password_env="PVE_TEST_PASSWORD")
    del endpoint

    snapshot = by_password.snapshot()

    assert snapshot.sql("SELECT name_given FROM guests") == [("web01",)]
    assert snapshot.manifest.complete


def test_a_wrong_password(endpoint, monkeypatch):
    monkeypatch.setenv("PVE_TEST_PASSWORD", "not-this-one")
    by_password = endpoint.changed(token_name=None, token_env=None, password_env="PVE_TEST_PASSWORD")

    text = failure(by_password)

    assert "refused the password of sync@pve" in text
    assert "not-this-one" not in text


def test_a_user_with_a_second_factor_needs_an_api_token(endpoint):
    lab = endpoint.lab
    lab.add_user(lab.user, lab.password, second_factor=True)
    by_password = endpoint.changed(token_name=None, token_env=None, password_env="PVE_TEST_PASSWORD")

    text = failure(by_password)

    assert text.endswith("sync@pve logs in with a second factor; use an API token for netbox-sync")


def test_an_unknown_certificate_authority(endpoint):
    text = failure(endpoint.changed(tls={}))

    assert "TLS to https://127.0.0.1:" in text
    assert "certificate verify failed" in text
    assert "set tls.ca" in text


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_certificate_is_not_checked_where_that_is_wanted(endpoint):
    assert endpoint.changed(tls={"verify": False}).snapshot().manifest.complete


def test_a_file_that_holds_no_certificate(endpoint, tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")

    assert "the file in tls.ca cannot be used" in failure(
        endpoint.changed(tls={"ca": str(tmp_path / "empty.pem")})
    )


def test_nothing_listens(endpoint, monkeypatch):
    monkeypatch.setattr("netbox_sync_dagster.http._FIRST_PAUSE", 0.01)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        text = failure(endpoint.changed(url=f"https://127.0.0.1:{port}"))

    assert "refused the connection" in text
    assert "8006" in text


def test_plain_http(endpoint):
    for given, right in (
        ("http://127.0.0.1:35599", "https://127.0.0.1:35599"),
        ("http://127.0.0.1:8006", "https://127.0.0.1:8006"),
        ("http://127.0.0.1", "https://127.0.0.1:8006"),
    ):
        sentence = f"Proxmox answers over HTTPS only; write the url as {right}"
        assert failure(endpoint.changed(url=given)).endswith(sentence)


def test_a_login_page_instead_of_the_api(endpoint):
    endpoint.lab.fail_always(status="html200")

    assert "answered with a web page instead of JSON" in failure(endpoint)


def test_another_path_is_not_the_api(endpoint):
    assert "web page" in failure(endpoint.changed(url=f"{endpoint.lab.url}/portal"))


def test_the_api_path_may_be_part_of_the_url(endpoint):
    assert endpoint.changed(url=f"{endpoint.lab.url}/api2/json/").snapshot().manifest.complete


@pytest.mark.parametrize("status", [502, 503, "reset", "truncate", "html200"])
def test_passing_faults_are_read_again(endpoint, monkeypatch, status):
    monkeypatch.setattr("netbox_sync_dagster.http._FIRST_PAUSE", 0.01)
    endpoint.lab.fail_next(2, status=status, path_prefix="/nodes/pve1/qemu/100/config")
    endpoint.lab.fail_next(1, status=status, path_prefix="/cluster/resources")

    snapshot = endpoint.snapshot()

    assert snapshot.manifest.complete
    assert snapshot.sql("SELECT name_given FROM guests") == [("web01",)]


def test_a_server_that_dies_in_the_middle_fails_the_snapshot_soon(state, endpoint, monkeypatch):
    monkeypatch.setattr("netbox_sync_dagster.http._FIRST_PAUSE", 0.01)
    for vmid in range(200, 500):
        state.add_qemu(vmid, node="pve1")

    def die(message):
        if message.endswith("guests"):
            endpoint.lab.fail_always(status="reset")

    with pytest.raises(ServerError, match="broke during GET"):
        endpoint.snapshot(progress=die)
    assert len(endpoint.lab.requests) < 150


def test_a_token_that_is_taken_back_in_the_middle_fails_the_snapshot(endpoint):
    lab = endpoint.lab

    def revoke(message):
        if message.endswith("guests"):
            lab.add_token(lab.user, lab.token_name, "another value")

    with pytest.raises(ServerError, match="refused the token"):
        endpoint.snapshot(progress=revoke)


def test_no_right_to_see_the_cluster(endpoint):
    lab = endpoint.lab
    lab.add_token(lab.user, lab.token_name, lab.token_value, privileges=["VM.Audit"])

    text = failure(endpoint)

    assert "no permission for GET /cluster/status" in text
    assert "Sys.Audit" in text


def test_a_token_that_sees_only_some_guests(state, endpoint):
    state.add_qemu(101, node="pve1")
    lab = endpoint.lab
    lab.add_token(
        lab.user,
        lab.token_name,
        lab.token_value,
        privileges={"/": ["Sys.Audit", "Datastore.Audit", "SDN.Audit"], "/vms/101": ["VM.Audit"]},
    )

    snapshot = endpoint.snapshot()

    assert snapshot.sql("SELECT vmid FROM guests") == [(101,)]
    assert "VM.Audit is missing on /vms (it holds on /vms/101 only)" in snapshot.reason("rights")
    assert not snapshot.manifest.complete


def test_a_cluster_without_any_guest_is_complete_where_the_token_sees_all_guests(state, serve):
    endpoint = serve(state)
    assert endpoint.snapshot().scopes() == set()

    lab = endpoint.lab
    lab.add_token(lab.user, lab.token_name, lab.token_value, privileges=["Sys.Audit", "Datastore.Audit"])
    snapshot = endpoint.snapshot()

    assert ("cluster", "*") in snapshot.scopes()
    assert "no guest is seen" in snapshot.reason("cluster")


def test_checks_of_a_good_endpoint(endpoint):
    checks = check_proxmox(endpoint.config)

    assert [(check.ok, check.name) for check in checks] == [
        (True, "reachable"),
        (True, "tls"),
        (True, "token"),
        (True, "version"),
        (True, "rights: Sys.Audit on /"),
        (True, "rights: Sys.Audit"),
        (True, "rights: VM.Audit"),
        (True, "rights: Datastore.Audit"),
        (True, "rights: VM.GuestAgent.Audit"),
        (True, "rights: backups"),
        (True, "rights: SDN"),
        (True, "rights: pools"),
    ]


def test_a_check_names_the_right_on_the_root(endpoint):
    """The state of the cluster needs Sys.Audit on / itself."""
    lab = endpoint.lab
    rights = {
        "/nodes": ["Sys.Audit"],
        "/vms": ["VM.Audit", "VM.GuestAgent.Audit"],
        "/storage": ["Datastore.Audit"],
    }
    lab.add_token(lab.user, lab.token_name, lab.token_value, privileges=rights)

    failed = {check.name: check.sentence for check in check_proxmox(endpoint.config) if not check.ok}

    assert failed == {
        "rights: Sys.Audit on /": "Sys.Audit is missing on /, which the state of the cluster (/cluster/status) needs;"
        " give it to the user and to the token on /"
    }


def test_checks_name_each_missing_right(state, serve):
    state.version = "8.4.1"
    endpoint = serve(state)
    lab = endpoint.lab
    lab.add_token(lab.user, lab.token_name, lab.token_value, privileges=["Sys.Audit", "VM.Audit"])

    failed = {check.name: check.sentence for check in check_proxmox(endpoint.config) if not check.ok}

    assert list(failed) == ["rights: Datastore.Audit", "rights: VM.Monitor"]
    assert "Datastore.Audit is missing on /storage" in failed["rights: Datastore.Audit"]


@pytest.mark.parametrize(
    ("change", "name"),
    [({"tls": {}}, "tls"), ({"token_name": "other"}, "token"), ({"url": "http://127.0.0.1:1"}, "reachable")],
)
def test_checks_stop_at_the_first_thing_that_fails(endpoint, change, name):
    checks = check_proxmox(endpoint.changed(**change).config)

    assert [check.name for check in checks if not check.ok] == [name]
    assert checks[-1].name == name
