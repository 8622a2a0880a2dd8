"""Lists that are shorter than they were, per device, node, guest or container: no evidence that anything is gone.

A whole table hides the fall of one device's rows: 47 ports of one switch are nothing beside 4,500. So the rows of
each owner are counted, kept in the table ``row_counts``, and compared with the last good snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from netbox_sync_dagster.warehouse import duck
from netbox_sync_dagster.warehouse.parquet import Row
from netbox_sync_dagster.warehouse.tables import SYSTEMS

# Less than this share of the rows of the last good snapshot is no evidence for a delete.
SHRINK_LIMIT = 0.7
# Fewer lost rows than this are everyday work, unless nothing is left.
MIN_LOST = 3
# The scope of such a fall is the table's name with this before it.
SHORT = "short_"


@dataclass(frozen=True)
class Counted:
    """Rows that are counted per owner.

    ``owners``: SQL for the owner of each row, over the snapshot's tables. ``all_from``: that nothing is left counts as
    a fall from this many rows on. ``min_lost``: fewer lost rows are none, as long as any is left. ``judged``: False
    only counts. ``quiet``: a fall leaves the snapshot complete, because the number changes by nature.
    """

    table: str
    what: str
    owners: str
    all_from: int = 2
    min_lost: int = MIN_LOST
    judged: bool = True
    quiet: bool = False


def _addresses(family: int, owner: str) -> str:
    return f"SELECT {owner} FROM ip_addresses JOIN ports USING (port_id) WHERE family = {family}"


COUNTED: dict[str, tuple[Counted, ...]] = {
    "librenms": (
        Counted("devices", "devices", "SELECT '*' FROM devices"),
        # A polled device without any port is hardly ever right.
        Counted(
            "ports", "ports", "SELECT device_id FROM ports WHERE NOT coalesce(deleted, false)", all_from=1
        ),
        Counted("ip_addresses", "IPv4 addresses", _addresses(4, "device_id")),
        Counted("ip_addresses", "IPv6 addresses", _addresses(6, "device_id")),
        Counted("ip_addresses", "IPv4 addresses of all devices", _addresses(4, "'*'")),
        Counted("ip_addresses", "IPv6 addresses of all devices", _addresses(6, "'*'")),
        Counted("port_vlans", "VLAN memberships", "SELECT device_id FROM port_vlans"),
        # Few rows, and a LAG is cleared for want of a single one.
        Counted("port_stack", "LAG members", "SELECT device_id FROM port_stack", min_lost=1),
        Counted("vlans", "VLANs", "SELECT device_id FROM vlans"),
        Counted("links", "neighbours", "SELECT local_device_id FROM links WHERE coalesce(active, true)"),
        Counted("inventory", "parts", "SELECT device_id FROM inventory"),
        Counted("transceivers", "transceivers", "SELECT device_id FROM transceivers"),
    ),
    "proxmox": (
        Counted("guests", "guests", "SELECT '*' FROM guests", judged=False),
        Counted("node_interfaces", "interfaces", "SELECT node FROM node_interfaces", all_from=1),
        Counted("guest_interfaces", "network interfaces", "SELECT vmid FROM guest_interfaces", all_from=1),
        Counted("disks", "disks", "SELECT vmid FROM disks"),
        Counted(
            "guest_addresses",
            "IPv4 addresses",
            "SELECT vmid FROM guest_addresses WHERE family = 4",
            quiet=True,
        ),
        Counted(
            "guest_addresses",
            "IPv6 addresses",
            "SELECT vmid FROM guest_addresses WHERE family = 6",
            quiet=True,
        ),
        Counted("snapshots", "snapshots", "SELECT vmid FROM snapshots", judged=False),
    ),
    "docker": (
        Counted("containers", "containers", "SELECT '*' FROM containers", judged=False),
        Counted("container_interfaces", "networks", "SELECT container FROM container_interfaces"),
        Counted(
            "container_addresses", "addresses", "SELECT container FROM container_addresses", judged=False
        ),
    ),
}
# Where the owners themselves are listed: one that is gone takes its numbers along.
_OWNERS = {
    "librenms": "SELECT device_id FROM devices",
    "proxmox": "SELECT node FROM nodes UNION ALL SELECT vmid::VARCHAR FROM guests",
    "docker": "SELECT name FROM containers",
}
# Gaps that reach all tables.
_WIDE = ("installation", "devices", "cluster", "rights", "containers", "ports", "node", "guest", "container")

_JUDGE = """
WITH found AS ({found}),
rows_now AS (SELECT table_no, owner, count(*) AS rows FROM found WHERE owner IS NOT NULL GROUP BY ALL),
before AS (SELECT c.table_no, b.owner, b.baseline, b.peak, b.accepted FROM last b JOIN counted c USING (source_table, counted)),
listed AS (SELECT owner::VARCHAR AS owner FROM ({owners}) AS o(owner) UNION SELECT '*'),
gaps AS (
    SELECT c.table_no, if(s.scope = 'table', '*', s.scope_id) AS owner
    FROM scopes s JOIN counted c
        ON s.scope = c.source_table OR s.scope IN ({wide}) OR (s.scope = 'table' AND s.scope_id IN ('*', c.source_table))
    WHERE NOT s.complete AND s.unseen
),
paired AS (
    SELECT coalesce(n.table_no, b.table_no) AS table_no, coalesce(n.owner, b.owner) AS owner, coalesce(n.rows, 0) AS rows,
        b.baseline, greatest(coalesce(b.peak, 0), coalesce(n.rows, 0)) AS peak, coalesce(b.accepted, false) AS accepted
    FROM rows_now n FULL JOIN before b ON b.table_no = n.table_no AND b.owner = n.owner
),
unread AS (
    SELECT p.table_no, p.owner, bool_or(g.table_no IS NOT NULL) AS unread
    FROM paired p LEFT JOIN gaps g ON g.table_no = p.table_no AND g.owner IN ('*', p.owner)
    GROUP BY ALL
),
judged AS (
    SELECT p.*, c.*, u.unread, p.owner IN (FROM listed) AS listed,
        c.judged AND NOT u.unread AND p.owner IN (FROM listed) AND p.baseline IS NOT NULL
        AND ((p.rows = 0 AND p.baseline >= c.all_from)
             OR (p.baseline - p.rows >= c.min_lost AND p.rows < p.baseline * {limit})) AS fallen
    FROM paired p JOIN counted c USING (table_no) JOIN unread u USING (table_no, owner)
)
SELECT source_table, counted, owner, rows, baseline, peak, accepted, fallen, unread, quiet
FROM judged
WHERE listed OR unread
ORDER BY table_no, owner
"""


def count_owners(system: str, stage: Path, last: Path | None, scopes: list[Row]) -> Iterator[Row]:
    """The rows of every owner in the snapshot that is written in ``stage``.

    ``last``: the folder of the current snapshot; ``scopes``: the gaps known by now. Yields {source_table, counted,
    owner, rows, baseline (in the last good snapshot, None where it had none), peak, accepted, fallen (whether the rows
    are too few to be believed), unread (whether they were not read completely), quiet}.
    """
    if system not in COUNTED:
        return
    counted = COUNTED[system]
    with duck.connect() as con:
        for table in SYSTEMS[system]:
            file = stage / f"{table}.parquet"
            if table not in ("scopes", "rejected", "row_counts"):
                con.execute(f"CREATE VIEW {table} AS FROM read_parquet('{duck.quoted(duck.pattern(file))}')")
        con.execute("CREATE TABLE scopes (scope VARCHAR, scope_id VARCHAR, complete BOOLEAN, unseen BOOLEAN)")
        if scopes:
            con.executemany(
                "INSERT INTO scopes VALUES (?, ?, ?, ?)",
                [(row["scope"], row["scope_id"], row["complete"], row["unseen"]) for row in scopes],
            )
        con.execute(
            "CREATE TABLE counted (table_no INTEGER, source_table VARCHAR, counted VARCHAR, all_from INTEGER,"
            " min_lost INTEGER, judged BOOLEAN, quiet BOOLEAN)"
        )
        con.executemany(
            "INSERT INTO counted VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (number, c.table, c.what, c.all_from, c.min_lost, c.judged, c.quiet)
                for number, c in enumerate(counted)
            ],
        )
        con.execute(f"CREATE VIEW last AS {_last(last)}")
        found = " UNION ALL ".join(
            f"SELECT {number} AS table_no, owner::VARCHAR AS owner FROM ({c.owners}) AS o(owner)"
            for number, c in enumerate(counted)
        )
        wide = ", ".join(f"'{scope}'" for scope in _WIDE)
        query = _JUDGE.format(found=found, owners=_OWNERS[system], wide=wide, limit=SHRINK_LIMIT)
        cursor = con.execute(query)
        names = [column[0] for column in cursor.description]
        for row in cursor.fetchall():
            yield dict(zip(names, row, strict=True))


def _last(folder: Path | None) -> str:
    file = None if folder is None else folder / "row_counts.parquet"
    if file is None or not file.exists():
        return (
            "SELECT NULL::VARCHAR AS source_table, NULL::VARCHAR AS counted, NULL::VARCHAR AS owner,"
            " NULL::BIGINT AS baseline, NULL::BIGINT AS peak, NULL::BOOLEAN AS accepted WHERE false"
        )
    return f"FROM read_parquet('{duck.quoted(duck.pattern(file))}')"
