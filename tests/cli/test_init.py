"""``init``: a file to start from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.config import load_config
from netbox_sync_lab.librenms import LabLibreNMS
from netbox_sync_lab.proxmox import LabProxmox, ProxmoxState
from tests.cli.conftest import CliHarness
from tests.support import NetBox

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_answers_the_file_has_an_example_of_each_kind(capsys: Capture) -> None:
    assert run(["init"]) == 0

    assert capsys.readouterr().out == (
        "wrote netbox_sync.yaml\n"
        "wrote netbox_sync.schema.json\n"
        "wrote dagster.yaml\n"
        "wrote workspace.yaml\n"
        "wrote .gitignore\n"
        "next:\n"
        "  edit netbox_sync.yaml\n"
        "  export NETBOX_TOKEN=... LIBRENMS_TOKEN=... PROXMOX_TOKEN=...\n"
        "  netbox-sync check\n"
    )
    config = load_config("netbox_sync.yaml")
    assert [(e.name, e.kind) for e in config.endpoints] == [
        ("docker1", "docker"),
        ("librenms", "librenms"),
        ("proxmox", "proxmox"),
        ("machines", "tables"),
    ]
    text = Path("netbox_sync.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=netbox_sync.schema.json\n")


def test_options_give_exactly_the_endpoints_that_exist(capsys: Capture) -> None:
    paris = "proxmox,name=pve-paris,url=https://pve1.example.com:8006,user=netbox@pve,token_name=sync"
    lyon = "proxmox,url=https://pve2.example.com:8006,user=netbox@pve,token_name=sync,token_env=LYON_TOKEN"
    switches = "librenms,url=https://nms.example.com,import_devices=all,tls.verify=false"
    netbox = ("--netbox-url", "https://netbox.example.org", "--netbox-token-env", "NB_TOKEN")
    endpoints = [word for one in (paris, lyon, switches) for word in ("--endpoint", one)]
    assert run(["init", *netbox, *endpoints]) == 0

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "  export NB_TOKEN=... PROXMOX_TOKEN=... LYON_TOKEN=... LIBRENMS_TOKEN=...",
        "  netbox-sync check",
    ]
    config = load_config("netbox_sync.yaml")
    assert (config.netbox.base_url, config.netbox.token_env) == ("https://netbox.example.org", "NB_TOKEN")
    assert [(e.name, e.address) for e in config.endpoints] == [
        ("pve-paris", "https://pve1.example.com:8006"),
        ("proxmox", "https://pve2.example.com:8006"),
        ("librenms", "https://nms.example.com"),
    ]
    assert (config.endpoints[2].tls.verify, config.endpoints[0].tls.verify) == (False, True)
    # The comments that explain the settings are there.
    assert "    token_name: sync           # the part after '!'" in Path("netbox_sync.yaml").read_text(
        "utf-8"
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--endpoint", "vmware"],
            "--endpoint vmware: no such kind; there are: docker, librenms, proxmox, tables",
        ),
        (["--endpoint", "docker,host"], "--endpoint docker: 'host' is not setting=value"),
        (
            ["--endpoint", "librenms"],
            "--endpoint librenms: give url (URL, e.g. https://librenms.example.com)",
        ),
        (["--netbox-url", "netbox"], "netbox_sync.yaml:7: netbox.url: "),
        (["--endpoint", "docker,hots=a"], "endpoints.0.hots: unknown field; did you mean 'host'?"),
        (
            ["--netbox-token-env", "nbt_abc.def"],
            "netbox.token_env: must be the name of an environment variable",
        ),
    ],
)
def test_wrong_options_write_nothing(options: list[str], sentence: str, capsys: Capture) -> None:
    assert run(["init", *options]) == 1
    assert sentence in capsys.readouterr().err
    assert list(Path().iterdir()) == []


def test_a_password_replaces_a_token(capsys: Capture) -> None:
    endpoint = "proxmox,url=https://p.example.com,user=a@pam,password_env=PVE_PASSWORD"
    assert run(["init", "--endpoint", endpoint]) == 0
    assert "  export NETBOX_TOKEN=... PVE_PASSWORD=...\n" in capsys.readouterr().out
    text = Path("netbox_sync.yaml").read_text(encoding="utf-8")
    assert "    # token_env: PROXMOX_TOKEN\n" in text and "    password_env: PVE_PASSWORD\n" in text


def test_a_dry_run_prints_the_configuration_alone(capsys: Capture) -> None:
    assert run(["init", "--dry-run", "--endpoint", "docker,name=shop"]) == 0
    shown = capsys.readouterr()
    assert shown.err == (
        "would write in .: netbox_sync.yaml, netbox_sync.schema.json, dagster.yaml, workspace.yaml, .gitignore\n"
    )
    assert list(Path().iterdir()) == []
    Path("there.yaml").write_text(shown.out, encoding="utf-8")
    assert [e.name for e in load_config("there.yaml").endpoints] == ["shop"]


def test_dagster_starts_from_the_folder_and_git_ignores_what_it_writes() -> None:
    Path(".gitignore").write_text("*.pyc\n/data", encoding="utf-8")
    Path("workspace.yaml").write_text("mine", encoding="utf-8")
    assert run(["init"]) == 0

    settings = YAML(typ="safe").load(Path("dagster.yaml"))
    assert settings["telemetry"] == {"enabled": False}
    assert Path("workspace.yaml").read_text(encoding="utf-8") == "mine"
    assert Path(".gitignore").read_text(encoding="utf-8").splitlines() == [
        *("*.pyc", "/data", "# Written by netbox-sync and Dagster"),
        *(
            "/history/",
            "/schedules/",
            "/storage/",
            "/logs/",
            "/.logs_queue/",
            "/.telemetry/",
            "/.nux/",
            "/.env",
        ),
    ]
    before = Path(".gitignore").read_bytes()
    assert run(["init", "--force"]) == 0
    assert Path(".gitignore").read_bytes() == before


@pytest.mark.parametrize(
    ("before", "newline"),
    [
        (b"*.pyc\r\nlogs\r\n", b"\r\n"),
        (b"*.pyc\r\nlogs", b"\r\n"),
        # Latin-1, and UTF-8 with the mark of Windows's editors.
        (b"caf\xe9/\nlogs\n", b"\n"),
        (b"\xef\xbb\xbflogs\n", b"\n"),
    ],
)
def test_lines_of_gitignore_are_kept_byte_for_byte(before: bytes, newline: bytes) -> None:
    Path(".gitignore").write_bytes(before)
    assert run(["init"]) == 0

    after = Path(".gitignore").read_bytes()
    assert after.startswith(before)
    assert after[len(before) :].removeprefix(newline if before.endswith(b"s") else b"") == newline.join(
        [
            *(b"# Written by netbox-sync and Dagster", b"/data/", b"/history/", b"/schedules/", b"/storage/"),
            *(b"/.logs_queue/", b"/.telemetry/", b"/.nux/", b"/.env", b""),
        ]
    )
    assert run(["init", "--force"]) == 0
    assert Path(".gitignore").read_bytes() == after


def test_try_asks_every_server_of_the_options(harness: CliHarness, nms: LabLibreNMS, netbox: NetBox) -> None:
    (harness.folder / "netbox_sync.yaml").unlink()
    options = ("init", "--try", "--netbox-url", netbox.url, "--endpoint")
    harness.environment["LIBRENMS_TOKEN"] = "wrong"
    refused = harness.run(*options, f"librenms,url={nms.url}")
    assert refused.code == 1 and "401" in refused.err
    assert not (harness.folder / "netbox_sync.yaml").exists()

    harness.environment["LIBRENMS_TOKEN"] = nms.token
    answer = harness.run(*options, f"librenms,url={nms.url}")
    assert answer.code == 0
    assert [line.partition(" accepts")[0].split()[0] for line in answer.err.splitlines()] == [
        "NetBox",
        "LibreNMS",
    ]


def test_on_a_terminal_it_asks_for_servers_and_tries_them(
    harness: CliHarness, nms: LabLibreNMS, netbox: NetBox
) -> None:
    (harness.folder / "netbox_sync.yaml").unlink()
    token = harness.environment.pop("LIBRENMS_TOKEN")
    closed = "http://127.0.0.1:9"
    answers = (
        # NetBox: a wrong address first.
        *(closed, "", "a", netbox.url, ""),
        # LibreNMS: a wrong token first, which is asked again.
        *("vmware", "librenms", "nms", nms.url, "", "all", "wrong", "a", "", "", "", "", token),
        # Docker: kept, though nobody answers.
        *("docker", "", closed, "k", ""),
    )
    shown = harness.talk("init", answers=answers)

    assert "Connection refused" in shown or "connect" in shown
    assert "  no such kind: vmware" in shown
    assert "LIBRENMS_TOKEN is not set. Its value, to try it now; not stored (Enter: do not try): " in shown
    assert token not in shown and "wrong" not in shown
    assert " accepts the token" in shown
    assert "  export LIBRENMS_TOKEN=...\r\n  netbox-sync check\r\n" in shown
    config = load_config(harness.folder / "netbox_sync.yaml")
    assert config.netbox.base_url == netbox.url
    assert [(e.name, e.kind, e.address) for e in config.endpoints] == [
        ("nms", "librenms", nms.url),
        ("docker1", "docker", closed),
    ]


def test_a_certificate_that_is_not_known_leads_to_the_question_for_the_authority(harness: CliHarness) -> None:
    state = ProxmoxState(cluster="paris")
    state.add_node("pve1", network=[])
    with LabProxmox(state) as server:
        harness.environment["PROXMOX_TOKEN"] = server.token_value
        answers = ("proxmox", "", server.url, server.user, server.token_name, "", "a")
        again = ("", "", "", "", "", server.ca_path, "")
        shown = harness.talk(
            "init", "new.yaml", "--netbox-url", "https://netbox.example.com", answers=(*answers, *again)
        )
        config = load_config(harness.folder / "new.yaml")
        assert str(config.endpoints[0].tls.ca) == server.ca_path
    assert "certificate" in shown and "Proxmox VE 9" in shown


def test_a_refused_answer_is_not_offered_again(harness: CliHarness, netbox: NetBox, nms: LabLibreNMS) -> None:
    """One may be a token, pasted where the name of its variable is asked for."""
    answers = (
        *("not-a-url", netbox.url, "tok-0123456789abcdef", ""),
        *("librenms", "No Name", "core", nms.url, "", "some", "all"),
        # A name that another endpoint has.
        *("librenms", "core", "more", nms.url, "", ""),
        "",
    )
    shown = harness.talk("init", "new.yaml", answers=answers)
    prompts = [line for line in shown.splitlines() if "[" in line]
    assert "must be the name of an environment variable" in shown
    assert [
        line for line in prompts for bad in ("not-a-url", "tok-0123", "No Name", "[some") if f"[{bad}" in line
    ] == []
    # Each is refused at its question, with the rule.
    rule = "must be at most 63 lower-case letters, digits, - and _, the first a letter or digit"
    question = "\r\nName of this endpoint (lower-case letters, digits, - and _) [librenms]: "
    assert f"  endpoints.0.name: {rule} (found: 'No Name'){question}" in shown
    assert f"  endpoints.1.name: endpoint name given twice: core{question}" in shown
    config = load_config(harness.folder / "new.yaml")
    assert (config.netbox.base_url, config.netbox.token_env) == (netbox.url, "NETBOX_TOKEN")
    assert [(e.name, e.address) for e in config.endpoints] == [("core", nms.url), ("more", nms.url)]


def test_a_wrong_option_ends_it_before_any_question(harness: CliHarness) -> None:
    shown = harness.talk("init", "new.yaml", "--netbox-url", "nowhere", answers=(), code=1)
    assert shown.startswith("error: ") and "netbox.url" in shown


def test_with_all_options_nothing_is_asked_on_a_terminal(harness: CliHarness) -> None:
    options = ("--netbox-url", "https://netbox.example.com", "--endpoint", "docker")
    shown = harness.talk("init", "new.yaml", *options, answers=())
    assert shown.startswith("wrote new.yaml\r\n")


def test_a_secret_that_is_not_given_is_not_tried(harness: CliHarness) -> None:
    del harness.environment["NETBOX_TOKEN"]
    answers = ("https://netbox.example.com", "", "", "")
    shown = harness.talk("init", "new.yaml", answers=answers)
    assert "  not tried; netbox-sync check does it once the variable is set" in shown
    assert load_config(harness.folder / "new.yaml").endpoints == []
    # Without a source, what comes next is to add one.
    assert (
        "; Enter: none): \r\n  no source: netbox-sync sync needs one; add it to the file, or run this again\r\n"
        in shown
    )
    assert (
        "next:\r\n  add an endpoint below `endpoints:` in new.yaml\r\n  export NETBOX_TOKEN=...\r\n" in shown
    )


def test_an_existing_file_is_kept_unless_forced(capsys: Capture) -> None:
    Path("netbox_sync.yaml").write_text("mine", encoding="utf-8")

    assert run(["init"]) == 1
    assert capsys.readouterr().err == "error: netbox_sync.yaml already exists; use --force to replace it\n"
    assert Path("netbox_sync.yaml").read_text(encoding="utf-8") == "mine"
    assert list(Path().iterdir()) == [Path("netbox_sync.yaml")]
    assert run(["init", "--force"]) == 0
    assert Path("netbox_sync.yaml").read_text(encoding="utf-8") != "mine"


def test_links_and_modes_stay() -> None:
    Path("shared").mkdir()
    target = Path("shared/sync.yaml")
    target.write_text("mine", encoding="utf-8")
    target.chmod(0o600)
    Path("netbox_sync.yaml").symlink_to("shared/sync.yaml")
    Path("dagster.yaml").symlink_to("more/dagster.yaml")
    Path(".gitignore").write_text("*.pyc\n", encoding="utf-8")
    Path(".gitignore").chmod(0o664)

    assert run(["init", "--force"]) == 0
    assert Path("netbox_sync.yaml").readlink() == target
    assert "endpoints:" in target.read_text(encoding="utf-8")
    assert target.stat().st_mode & 0o777 == 0o600
    # The file of this link did not exist.
    assert Path("dagster.yaml").is_symlink() and "telemetry" in Path("more/dagster.yaml").read_text("utf-8")
    assert Path(".gitignore").stat().st_mode & 0o777 == 0o664
    assert sorted(path.name for path in Path("shared").iterdir()) == ["sync.yaml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_owner_and_group_stay() -> None:
    Path("netbox_sync.yaml").write_text("mine", encoding="utf-8")
    os.chown("netbox_sync.yaml", 12_345, 23_456)
    Path("netbox_sync.yaml").chmod(0o640)

    assert run(["init", "--force"]) == 0
    made = Path("netbox_sync.yaml").stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o777) == (12_345, 23_456, 0o640)


def test_the_schema_is_beside_the_file_and_can_be_written_again(capsys: Capture) -> None:
    Path("conf").mkdir()
    assert run(["init", "conf"]) == 0
    first = Path("conf/netbox_sync.yaml").read_text(encoding="utf-8").splitlines()[0]
    # Relative to the file.
    assert Path("conf", first.partition("$schema=")[2]) == Path("conf/netbox_sync.schema.json")
    assert json.loads(Path("conf/netbox_sync.schema.json").read_text("utf-8"))["title"] == "netbox_sync.yaml"
    Path("conf/netbox_sync.schema.json").unlink()
    capsys.readouterr()

    assert run(["init", "conf", "--schema"]) == 0
    assert capsys.readouterr().out == "wrote conf/netbox_sync.schema.json\n"


def test_an_example_is_copied_beside_the_configuration(capsys: Capture) -> None:
    assert run(["init", "--example", "ansible-facts"]) == 0
    assert capsys.readouterr().out == "wrote ansible-facts; its README.md says how to use it\n"
    assert Path("ansible-facts/devices.sql").exists() and not Path("netbox_sync.yaml").exists()

    assert run(["init", "--example", "ansible-facts"]) == 1
    assert (
        capsys.readouterr().err == "error: ansible-facts already exists; use --force to replace its files\n"
    )
    assert run(["init", "--example", "ansible-fact"]) == 1
    assert capsys.readouterr().err == (
        "error: no example 'ansible-fact'; there are: ansible-facts, librenms-database, netdisco, spreadsheet, vcenter\n"
    )


def test_help_teaches_the_commands_in_the_order_of_the_job(capsys: Capture) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    job = text[text.index("The steps") : text.index("Only `apply` writes")]
    words = [line.split()[0] for line in job.splitlines()[1:] if line.strip()]
    assert words == ["init", "check", "sync", "diff", "approve", "apply", "undo", "status"]


@pytest.mark.parametrize(
    "command",
    ["init", "check", "sync", "diff", "approve", "reject", "withdraw", "apply", "undo", "status", "sql"],
)
def test_every_command_explains_itself(command: str, capsys: Capture) -> None:
    assert run([command, "--help"]) == 0
    assert f"Usage: netbox-sync {command}" in capsys.readouterr().out


def test_the_version(capsys: Capture) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("netbox-sync ")


def test_custom_links_lead_from_netbox_to_the_review_page(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "netbox_sync.yaml"
    config.write_text("netbox: {url: http://127.0.0.1:9}\nweb: {public_url: https://sync.example.com/}\n")
    assert run(["init", "--custom-links"]) == 0
    assert (
        "  Link URL      https://sync.example.com/object?name={{ object.name|urlencode }}\n"
        in capsys.readouterr().out
    )
    config.write_text("netbox: {url: http://127.0.0.1:9}\n")
    assert run(["init", "--custom-links"]) == 1
    assert "set web.public_url to the address of the review page" in capsys.readouterr().err
