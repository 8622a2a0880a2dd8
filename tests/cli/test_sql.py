"""``sql``: queries are answered, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import CliHarness

DOCS = Path(__file__).parents[2] / "docs"
REFUSED = (
    "error: sql only reads: give queries (SELECT, FROM, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN), and SET for those after it; "
    "to write a file, use --csv or --json and redirect the output\n"
)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP VIEW diff.changes",
        "CREATE TABLE mine AS SELECT 1",
        "COPY (SELECT 1) TO 'written.csv'",
        "COPY (PIVOT (SELECT 1 AS a) ON a) TO 'written.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'written.csv'",
        "-- a note\nEXPLAIN (ANALYZE) COPY (SELECT 1) TO 'written.csv'",
        "SELECT 1; COPY (SELECT 1) TO 'written.csv'",
    ],
)
def test_what_writes_is_refused(synced: CliHarness, statement: str) -> None:
    answer = synced.run("sql", statement)
    assert (answer.code, answer.out, answer.err) == (1, "", REFUSED)
    assert not (synced.folder / "written.csv").exists()


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("-- the ports\nSELECT count(*) AS n FROM librenms.ports", "n\n2\n"),
        ("--the ports\nSELECT count(*) AS n FROM librenms.ports", "n\n2\n"),
        ("SET VARIABLE port = 'Gi0/1'; SELECT getvariable('port') AS port", "port\nGi0/1\n"),
        ("PIVOT (SELECT 'a' AS k, 2 AS v) ON k USING sum(v)", "a\n2\n"),
        ("SELECT 'drop view x; copy y to z' AS text", "text\ndrop view x; copy y to z\n"),
    ],
)
def test_queries_are_answered(synced: CliHarness, statement: str, answer: str) -> None:
    assert synced.ok("sql", "--csv", statement) == answer


def test_a_comparison_is_not_changed_either(synced: CliHarness) -> None:
    answer = synced.run("sql", "--compare", "nms", "DROP TABLE match.devices")
    assert (answer.code, answer.err) == (1, REFUSED)


def test_several_queries_are_several_tables(synced: CliHarness) -> None:
    shown = synced.ok("sql", "SELECT 1 AS one; SELECT 2 AS two")
    assert [line.split() for line in shown.splitlines() if "─" not in line] == [
        *(["one"], ["1"], ["1", "row"]),
        *(["two"], ["2"], ["1", "row"]),
    ]
    both = synced.run("sql", "--json", "SELECT 1; SELECT 2")
    assert (both.code, both.err) == (1, "error: --json and --csv take one query, not 2\n")
    nothing = synced.run("sql", "SET VARIABLE port = 1")
    assert (nothing.code, nothing.err) == (1, "error: the query is empty\n")


def test_a_misspelled_option_is_no_query(synced: CliHarness) -> None:
    answer = synced.run("sql", "--jsn", "SELECT 1")
    assert answer.code == 1
    assert answer.err.startswith("error: No such option: --jsn")


def test_the_query_of_waiting_changes_counts_what_status_counts(synced: CliHarness) -> None:
    page = (DOCS / "sql.md").read_text(encoding="utf-8")
    [query] = re.findall(r"Changes that are waiting for a decision:\n\n```sql\n(.*?)```", page, re.DOTALL)
    synced.ok("approve", "nms", "--resource", "vlans", "--yes")
    assert (
        synced.ok("sql", "--csv", "SELECT waiting FROM sync.status WHERE endpoint = 'nms'") == "waiting\n8\n"
    )
    assert synced.ok("sql", "--csv", query) == (
        "endpoint,resource,action,rows\n"
        "nms,custom_fields,create,1\n"
        "nms,devices,create,1\n"
        "nms,interfaces,create,2\n"
        "nms,ip_addresses,create,1\n"
        "nms,mac_addresses,create,1\n"
        "nms,primary_ips,update,1\n"
        "nms,primary_macs,update,1\n"
    )


def test_the_queries_about_answers_run_as_they_are_pasted(synced: CliHarness) -> None:
    page = (DOCS / "resolutions.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert block.startswith("-- ")
    assert synced.ok("sql", block).splitlines()[-1] == "0 rows"
