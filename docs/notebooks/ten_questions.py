"""Ten questions about drift, decisions and writes, with plots: a marimo notebook.

    pip install marimo altair
    NETBOX_SYNC_HOME=data marimo edit ten_questions.py

It only reads. Every cell is one question; change the SQL and the others follow.
"""

import marimo

app = marimo.App(width="medium", app_title="netbox-sync: ten questions")


@app.cell
def _():
    import os

    import altair as alt
    import marimo as mo

    import netbox_sync_dagster

    data = netbox_sync_dagster.open(os.environ.get("NETBOX_SYNC_HOME", "data"))

    def bars(frame, x, y, color=None, title=""):
        """Horizontal bars, the longest first; a sentence where there is nothing to show."""
        if frame.empty:
            return mo.md(f"*{title}: nothing.*")
        chart = alt.Chart(frame, title=title).mark_bar()
        return chart.encode(x=x, y=alt.Y(y, sort="-x"), color=color or alt.value("#4c78a8"))

    return alt, bars, data, mo


@app.cell
def _(data, mo):
    # 1. Is every endpoint in sync, and if not, why?
    status = data.status()[["endpoint", "system", "state", "last_success", "error", "reasons"]]
    mo.vstack([mo.md("## 1. Is every endpoint in sync?"), status])
    return (status,)


@app.cell
def _(bars, data):
    # 2. What differs from NetBox, by resource?
    drift = data.sql(
        """SELECT endpoint, resource, action, count(*) AS rows FROM diff.changes
           WHERE action <> 'acknowledged' AND decision IS DISTINCT FROM 'applied' GROUP BY ALL ORDER BY ALL"""
    )
    bars(drift, "rows:Q", "resource:N", "action:N", "2. What differs from NetBox?")
    return (drift,)


@app.cell
def _(bars, data):
    # 3. Which fields differ most often?
    fields = data.sql(
        """SELECT resource || '.' || field AS field, count(*) AS objects FROM diff.fields
           WHERE action = 'update' GROUP BY ALL ORDER BY objects DESC LIMIT 20"""
    )
    bars(fields, "objects:Q", "field:N", title="3. Which fields differ most often?")
    return (fields,)


@app.cell
def _(bars, data):
    # 4. What waits for a person, and for which cause?
    causes = data.sql(
        """SELECT cause, any_value(example) AS example, sum(rows)::BIGINT AS rows FROM diff.causes
           WHERE action IN ('conflict', 'blocked') GROUP BY cause ORDER BY rows DESC LIMIT 20"""
    )
    bars(causes, "rows:Q", "cause:N", title="4. What waits for a person?")
    return (causes,)


@app.cell
def _(alt, data, mo):
    # 5. How long have differences been there?
    ages = data.sql(
        """SELECT endpoint, date_diff('day', first_seen, now()) AS days, count(*) AS rows
           FROM diff.changes
           WHERE first_seen IS NOT NULL AND action <> 'acknowledged' AND decision IS DISTINCT FROM 'applied'
           GROUP BY ALL ORDER BY ALL"""
    )
    (
        mo.md("*5. How long have differences been there? There are none.*")
        if ages.empty
        else alt.Chart(ages, title="5. How many days have differences been there?")
        .mark_bar()
        .encode(x="days:O", y="rows:Q", color="endpoint:N")
    )
    return (ages,)


@app.cell
def _(alt, data, mo):
    # 6. How much was written, when and by whom?
    written = data.sql(
        """SELECT started::DATE AS day, coalesce(nullif(who, ''), through) AS who, sum(applied)::BIGINT AS changes
           FROM ledger.applies GROUP BY ALL ORDER BY ALL"""
    )
    (
        mo.md("*6. How much was written? Nothing yet.*")
        if written.empty
        else alt.Chart(written, title="6. How much was written, and by whom?")
        .mark_bar()
        .encode(x="day:T", y="changes:Q", color="who:N")
    )
    return (written,)


@app.cell
def _(data, mo):
    # 7. What was approved and not applied, and why?
    refused = data.sql(
        """SELECT endpoint, resource, key, verdict, message FROM ledger.verdicts
           WHERE verdict <> 'applied' ORDER BY seq DESC LIMIT 100"""
    )
    mo.vstack([mo.md("## 7. What was approved and not applied?"), refused])
    return (refused,)


@app.cell
def _(alt, data, mo):
    # 8. Does the drift grow or shrink?
    course = data.sql(
        """SELECT endpoint, finished, coalesce(list_sum(flatten(list_transform(map_values(counts),
               lambda actions: map_values(actions)))), 0)::BIGINT AS rows
           FROM sync.diffs ORDER BY finished"""
    )
    (
        mo.md("*8. Does the drift grow or shrink? There is no diff yet.*")
        if course.empty
        else alt.Chart(course, title="8. Does the drift grow or shrink?")
        .mark_line(point=True)
        .encode(x="finished:T", y="rows:Q", color="endpoint:N")
    )
    return (course,)


@app.cell
def _(bars, data):
    # 9. What does netbox-sync leave out, and why?
    left_out = data.sql(
        """SELECT resource, cause, count(*) AS objects FROM sync.skipped
           GROUP BY ALL ORDER BY objects DESC LIMIT 20"""
    )
    bars(left_out, "objects:Q", "cause:N", "resource:N", "9. What is left out, and why?")
    return (left_out,)


@app.cell
def _(bars, data):
    # 10. Which of NetBox's objects did netbox-sync create?
    created = data.sql(
        """SELECT endpoint, object_type, count(*) AS objects FROM ledger.created
           GROUP BY ALL ORDER BY objects DESC"""
    )
    bars(created, "objects:Q", "object_type:N", "endpoint:N", "10. What did netbox-sync create?")
    return (created,)


if __name__ == "__main__":
    app.run()
