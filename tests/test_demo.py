"""The demo, as a new user runs it: it ends well, and no secret is left anywhere."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import httpx
import pytest

from netbox_sync_dagster.cli.app import run
from netbox_sync_dagster.cli.console import make_console
from netbox_sync_dagster.compare.causes import cause_kinds
from netbox_sync_dagster.demo.commands import forget_data
from netbox_sync_dagster.demo.servers import LIBRENMS_TOKEN, NETBOX_TOKEN
from netbox_sync_lab.librenms.schema import SNMP_COMMUNITY
from netbox_sync_lab.proxmox.server import PASSWORD, TOKEN_VALUE
from tests.cli.conftest import CliHarness
from tests.docs.test_commands import OWN, own
from tests.support import CACHE

SECRETS = (SNMP_COMMUNITY, PASSWORD, TOKEN_VALUE, LIBRENMS_TOKEN, NETBOX_TOKEN)
# A date and a time, as a text column must not hold them.
TIME = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
COMMAND = [sys.executable, "-c", "from netbox_sync_dagster.cli import main; main()"]


@dataclass
class Demo:
    """A demo that has run."""

    folder: Path
    code: int
    out: str
    err: str
    # What a person sees after logging in on the review page.
    page: str


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "here"
    errors = folder.parent / "errors"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            [*COMMAND, "demo", "--all", "--dir", str(folder), "--ui", "--ui-port", "0", "--page-port", "0"],
            cwd=folder.parent,
            env={"PATH": os.environ["PATH"], "HOME": str(folder.parent), "USER": "alice", **CACHE},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    lines, page = [], ""
    config = folder / "netbox_sync.yaml"
    for line in process.stdout:
        lines.append(line)
        if line.startswith("One more sync through Dagster"):
            whole = config.read_text()
            replace_with(config, re.sub("(  - name: .*\n)", r"\1    enabled: false\n", whole))
        if line.startswith("Starting the Dagster UI"):
            replace_with(config, whole)
        if found := re.match(r"Review page: (\S+)   log in as demo with the password demo", line):
            page = logged_in(found[1])
        if line.startswith("Dagster UI: http://127.0.0.1:"):
            process.send_signal(signal.SIGINT)
    return Demo(folder, process.wait(60), "".join(lines), errors.read_text(), page)


def replace_with(config: Path, text: str) -> None:
    """A sync through Dagster takes 5 s of CPU time for each endpoint; ``defs/test_ui_sync.py`` has it. Without any it takes
    place and does nothing."""
    changed = config.with_suffix(".new")
    changed.write_text(text)
    changed.replace(config)


def logged_in(address: str) -> str:
    """The page that a person sees after logging in at this address."""
    with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as page:
        found = re.search(r'name="csrf" value="([^"]*)"', page.get("/login").text)
        assert found is not None
        return page.post("/login", data={"csrf": found[1], "user": "demo", "password": "demo"}).text


def files_with(home: Path, *words: str) -> dict[str, list[str]]:
    """{word: files of a warehouse that contain it}; Parquet, which is compressed, is searched row by row."""
    found: dict[str, list[str]] = {word: [] for word in words}
    parquet: dict[str, list[str]] = {}
    for file in sorted(file for file in home.rglob("*") if file.is_file()):
        if file.suffix == ".parquet":
            parquet.setdefault(file.name, []).append(str(file))
            continue
        content = file.read_bytes()
        for word in words:
            if word.encode() in content:
                found[word].append(str(file.relative_to(home)))
    query = """SELECT DISTINCT t.filename, unnest(list_filter(?::VARCHAR[], lambda w: contains(to_json(t)::VARCHAR, w)))
               FROM read_parquet(?, union_by_name = true, filename = true) AS t"""
    with duckdb.connect() as con:
        for files in parquet.values():
            for file_name, word in con.execute(query, [list(words), files]).fetchall():
                found[word].append(str(Path(file_name).relative_to(home)))
    return found


def test_it_ends_with_an_empty_diff(demo: Demo) -> None:
    assert demo.code == 0, demo.out[-3000:] + demo.err
    assert "\nNo change is left after the apply. The whole job took " in demo.out
    assert demo.err == ""
    assert "Traceback" not in demo.out


def test_all_steps_fit_on_a_few_screens_and_open_rows_are_counted(demo: Demo) -> None:
    assert len(demo.out.splitlines()) < 150
    assert "5. The same again: no change is left to approve" in demo.out
    assert re.search(r"\n80 rows wait for an answer, see netbox-sync resolve", demo.out)


def test_without_options_it_stops_before_anything_is_decided(tmp_path: Path) -> None:
    harness = CliHarness(tmp_path, {})
    done = harness.run("demo")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert len(lines) < 150
    assert [line.split()[2] for line in lines if line.startswith("$ ")] == ["sync", "diff", "diff"]
    look = done.out[done.out.index("Now look.") :]
    assert "\n  . demo/lab.env " in look and "\n  netbox-sync apply pve-lyon " in look
    with duckdb.connect(str(tmp_path / "demo/data/netbox_sync.duckdb"), read_only=True) as con:
        decided = "SELECT (SELECT count(*) FROM ledger.approvals), (SELECT count(*) FROM ledger.operations)"
        assert con.execute(decided).fetchall() == [(0, 0)]
    assert [secret for secret in SECRETS if secret in done.out] == []
    shell = ". demo/lab.env && netbox-sync diff pve-lyon --exit-code"
    looked = subprocess.run(
        ["sh", "-c", shell],
        cwd=tmp_path,
        env=harness.all_environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Changes wait.
    assert looked.returncode == 2 and ": 152 create, 49 update\n" in looked.stdout


def test_the_review_page_runs_beside_dagster(demo: Demo) -> None:
    assert "pve-lyon" in demo.page
    assert "What waits for me" in demo.page
    assert "\nDagster UI: http://127.0.0.1:" in demo.out


def test_every_step_is_shown_as_the_command_that_a_user_would_type(demo: Demo) -> None:
    commands = [line.split()[2] for line in demo.out.splitlines() if line.startswith("$ netbox-sync ")]

    assert commands == [
        *("check", "sync", "diff", "diff", "diff"),
        *("sync", "approve", "apply") * 3,
        *("sync", "status", "sql", "sql"),
    ]


def test_commands_are_shown_as_people_type_them(demo: Demo) -> None:
    queries = [line for line in demo.out.splitlines() if line.startswith("$ netbox-sync sql ")]
    assert queries[1] == (
        """$ netbox-sync sql "SELECT endpoint, key, reason FROM diff.changes WHERE action = 'conflict' ORDER BY ALL LIMIT 5\""""
    )
    # A shell takes them so.
    assert [len(shlex.split(query)) for query in queries] == [4, 4]


def test_what_it_wrote_is_in_the_ledger_and_nothing_failed(demo: Demo) -> None:
    database = demo.folder / "data" / "netbox_sync.duckdb"
    with duckdb.connect(str(database), read_only=True) as con:
        verdicts = con.execute("SELECT DISTINCT verdict FROM ledger.verdicts").fetchall()
        waiting = con.execute(
            "SELECT count(*) FROM diff.changes WHERE action IN ('create', 'update', 'delete')"
        ).fetchall()

    assert verdicts == [("applied",)]
    assert waiting == [(0,)]


def test_times_are_moments_in_every_view(demo: Demo) -> None:
    """Of text columns only LibreNMS's times of polls hold times: they do not say their time zone."""
    found = set()
    with duckdb.connect(str(demo.folder / "data" / "netbox_sync.duckdb"), read_only=True) as con:
        views = con.execute(
            """SELECT schema_name || '.' || table_name, list(column_name) FROM duckdb_columns()
               WHERE NOT internal AND data_type = 'VARCHAR'
                   AND schema_name <> 'history' AND (schema_name <> 'diff' OR table_name = 'changes')
               GROUP BY ALL"""
        ).fetchall()
        for view, columns in views:
            times = [f"any_value('{view}.{c}') FILTER (regexp_matches({c}, '{TIME}'))" for c in columns]
            found |= set(con.execute(f"SELECT {', '.join(times)} FROM {view}").fetchone() or ())
    assert found - {None} == {"librenms.devices.last_polled"}


def test_every_row_that_is_no_change_has_a_cause_of_the_list_for_it(demo: Demo) -> None:
    """All rows and fields of all diffs: the first, in which nothing may be created yet, to the last."""
    rows = f"read_parquet('{demo.folder}/data/diffs/*/*/*.parquet', union_by_name = true)"
    found = duckdb.sql(
        f"""SELECT action, cause FROM {rows} WHERE action IN ('blocked', 'conflict', 'drifted')
            UNION SELECT f.decision, f.cause FROM {rows}, unnest(fields) AS u(f) WHERE f.decision IN ('conflict', 'drifted')
            ORDER BY ALL"""
    ).fetchall()
    assert found == [(cause_kinds()[cause].action, cause) for _, cause in found]
    by_action = {action: [cause for of, cause in found if of == action] for action, _ in found}
    assert by_action == {
        "blocked": [
            *("device_disabled", "device_ignored", "may_not_create", "name_too_long", "needs_held_row"),
            *("no_primary_address", "remote_device_unknown", "size_unknown", "vid_out_of_range"),
        ],
        "conflict": [
            *("assigned_elsewhere", "duplicate_in_source", "miscabled", "name_not_shown"),
            *("several_untagged_vlans", "vlan_named_differently"),
        ],
        "drifted": [
            *("not_owned", "other_primary_address", "removed_and_left", "removed_not_ours"),
            "source_with_precedence",
        ],
    }


def test_no_secret_is_in_what_it_prints(demo: Demo) -> None:
    assert [secret for secret in SECRETS if secret in demo.out + demo.err] == []


def test_no_secret_is_in_any_file_of_the_warehouse(demo: Demo) -> None:
    home = demo.folder / "data"

    found = files_with(home, "par-acc1.example.net", "alice", *SECRETS)
    # The search finds what is there: a device in a snapshot, and who approved in the ledger.
    assert any(f.endswith("devices.parquet") for f in found["par-acc1.example.net"])
    assert any(f.startswith("ledger/approvals/") for f in found["alice"])
    assert [secret for secret in SECRETS if found[secret]] == []


def test_the_sample_diff_of_the_documentation_is_the_one_of_the_demo(demo: Demo) -> None:
    root = Path(__file__).parents[1]
    total = "2956 changes of 984 objects: 1773 create, 1183 update; 61 questions: 5 conflict, 49 blocked, 7 drifted"
    counts = {"questions  5 conflict, 49 blocked, 7 drifted", total}
    printed = set(demo.out.splitlines())
    assert counts <= printed
    for page in ("README.md", "docs/cli.md"):
        lines = set((root / page).read_text(encoding="utf-8").splitlines())
        assert counts <= lines
        assert {line for line in lines if " changes of " in line and "questions:" in line} == {total}
        # With MAC addresses, VLANs and IP addresses, which the sync counts by resource.
        assert "interfaces  2894 changes of 947 objects: 1752 create, 1142 update" in lines
    assert any(line.split()[:5] == ["interfaces", "744", "create,", "203", "update,"] for line in printed)


def test_every_query_of_the_documentation_is_answered(demo: Demo) -> None:
    page = (Path(__file__).parents[1] / "docs" / "sql.md").read_text(encoding="utf-8")
    queries = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    # Those of `netbox-sync sql` on all pages.
    of_commands = [words for shown in OWN.values() if (words := own(shown) or [])[0] == "sql"]
    queries += [words[-1] for words in of_commands if "--compare" not in words and " " in words[-1]]

    assert len(queries) >= 25
    with duckdb.connect(str(demo.folder / "data" / "netbox_sync.duckdb"), read_only=True) as con:
        for query in queries:
            con.execute(query).fetchall()
        # The views and columns that its tables name are there.
        for view in re.findall(r"`((?:librenms|proxmox|netbox|diff|ledger|sync|desired)\.[a-z_]+)`", page):
            con.execute(f"DESCRIBE {view}").fetchall()


# Commands that need no server; the queries of `sql` are in the test above.
READING = {
    "applies",
    "approvals",
    "diff",
    "history",
    "ledger",
    "mappings",
    "metrics",
    "resolutions",
    "status",
}
ENDPOINTS = {"librenms", "pve-paris", "pve-lyon"}


def reading_commands() -> list[list[str]]:
    """The commands of all pages that only read, about endpoints of the demo; ENDPOINT stands for one."""
    found = []
    for shown in OWN.values():
        words = [("librenms" if word == "ENDPOINT" else word) for word in own(shown) or []]
        named = words[1:2] if words[0] in ("diff", "mappings", "resolutions", "approvals") else []
        known = all(word in ENDPOINTS or word.startswith("-") for word in named)
        only_reads = words[0] in READING and not {"accept", "--compare", "--withdraw", "--help"} & set(words)
        if (
            words not in found
            and only_reads
            and known
            and not (shown.named and words[0] in ("mappings", "history"))
        ):
            found.append(words)
    return found


def test_commands_of_the_documentation_that_only_read_are_answered(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETBOX_SYNC_CONFIG", str(demo.folder / "netbox_sync.yaml"))
    monkeypatch.setenv("NETBOX_SYNC_HOME", str(demo.folder / "data"))
    done = [(words, run(words)) for words in reading_commands()]
    assert len(done) >= 15
    assert [words for words, code in done if code != 0] == [], capsys.readouterr().err


def test_a_new_lab_forgets_what_was_read_from_an_earlier_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    forget_data(tmp_path, make_console())
    assert (tmp_path / "data").exists()
    (tmp_path / "lab.env").touch()
    forget_data(tmp_path, make_console())
    assert not (tmp_path / "data").exists()
    assert capsys.readouterr().out == f"removed {tmp_path / 'data'} of an earlier lab, whose NetBox is gone\n"
