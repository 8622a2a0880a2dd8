"""Checks the rules of an endpoint against its current snapshots: errors, rows, time, and what each would change."""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from netbox_sync_dagster.compare.causes import sentence_of
from netbox_sync_dagster.compare.rules import RuleSet
from netbox_sync_dagster.compare.run import Comparer
from netbox_sync_dagster.config import Endpoint
from netbox_sync_dagster.rules import Rule, RuleError, Sandbox

# Fields or objects that an answer names.
_SHOWN = 5


@dataclass
class Checked:
    """One rule. ``rows``: of its result; ``objects``: those of them that the endpoint shows; ``fields``: {field: rows};
    ``seconds``: how long it took; ``errors``: why it cannot be used; ``problems``: {sentence: objects} of values that
    cannot be written; ``plan``: DuckDB's plan."""

    rule: Rule
    rows: int = 0
    objects: int = 0
    seconds: float = 0
    fields: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    problems: dict[str, int] = field(default_factory=dict)
    plan: str = ""


def check_rules(comparer: Comparer, endpoint: Endpoint, rules: list[Rule], timeout: float) -> list[Checked]:
    """Run the rules over the desired tables of the current snapshots, then the comparison with those that can be used.
    Nothing is published.

    Raises what ``Comparer.compare`` raises except RuleError, which is in ``errors``.
    """
    checked = [Checked(rule) for rule in rules]
    with comparer.before_rules(endpoint) as con, Sandbox(con, rules, timeout) as sandbox:
        for one in checked:
            _run(sandbox, one)
    usable = [one for one in checked if not one.errors]
    if usable:
        with comparer.explored(endpoint, RuleSet([one.rule for one in usable], timeout)) as con:
            for one in usable:
                _look_up(con, one)
    return checked


def _run(sandbox: Sandbox, one: Checked) -> None:
    try:
        one.plan = sandbox.explain(one.rule)
        outcome = sandbox.run(one.rule)
    except RuleError as error:
        one.errors = error.errors
        return
    one.rows, one.seconds = outcome.rows.num_rows, outcome.seconds
    if not one.rule.skips:
        one.fields = {
            str(found["values"]): found["counts"].as_py()
            for found in outcome.rows.column("field").value_counts()
        }


def _look_up(con: duckdb.DuckDBPyConnection, one: Checked) -> None:
    if one.rows == 0:
        return
    given = [one.rule.name, one.rule.resource]
    if one.rule.skips:
        row = con.execute(
            """SELECT count(DISTINCT r.key) FROM desired.rule_skips r JOIN desired.skipped s
               ON s.resource = r.resource AND s.key = r.key WHERE r.file = ? AND r.resource = ?""",
            given,
        ).fetchone()
        one.objects = row[0] if row else 0
        return
    row = con.execute(
        """SELECT count(DISTINCT r.key) FROM desired.rule_fields r JOIN diff.ruled_objects o
           ON o.resource = r.resource AND o.rule_key = r.key WHERE r.file = ? AND r.resource = ?""",
        given,
    ).fetchone()
    one.objects = row[0] if row else 0
    found = con.execute(
        """SELECT problem, count(DISTINCT key) FROM (
               SELECT resource, key, problem FROM diff.rule_values
               UNION ALL SELECT resource, owner, problem FROM match.contact_assignments)
           WHERE problem IS NOT NULL AND contains(problem, to_json(?)::VARCHAR) AND resource = ?
           GROUP BY problem ORDER BY 2 DESC, 1""",
        given,
    ).fetchall()
    for problem, number in found:
        sentence = sentence_of(problem) or problem
        one.problems[sentence] = one.problems.get(sentence, 0) + number
