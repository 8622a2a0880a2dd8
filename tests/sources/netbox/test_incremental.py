"""NetBox read incrementally: always the rows of a full read, and a full read wherever that is not certain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from netbox_sync_dagster.sources.netbox import incremental, position
from netbox_sync_dagster.sources.netbox.listings import SOURCES
from netbox_sync_lab.netbox import LabNetBox
from tests.sources.netbox.conftest import VIEW_EVERYTHING, Snap, Taken
from tests.sources.netbox.seed import Seed, fill
from tests.sources.netbox.writes import Edit, delete, new, patch


@pytest.fixture(autouse=True)
def _every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(position, "LARGE", 0)
    # A changed object of so few has most others as neighbours.
    monkeypatch.setattr(incremental, "_MOST_ROWS", 100_000)


@pytest.fixture
def seed(lab: LabNetBox) -> Seed:
    seed = Seed(lab.url, f"Token {lab.token}")
    fill(seed)
    return seed


@pytest.fixture
def settled(lab: LabNetBox, seed: Seed) -> None:
    """What was seeded happened long ago: recent changes are read again."""
    for label in ("core.objectchange", *(source.model for source in SOURCES.values())):
        for row in list(lab.store.rows(label)) if label in lab.store.models else []:
            name = "time" if label == "core.objectchange" else "last_updated"
            lab.store.put(label, {**row, name: row[name] - timedelta(hours=2)})


# What they change, in order. Of those marked with *, NetBox changes a row that gets neither a new last_updated nor an
# entry in the changelog.
EDITS: dict[str, Edit] = {
    "a port": patch("dcim/interfaces", "port", description="edited"),
    "tags of a port": patch("dcim/interfaces", "sub", tags=[{"slug": "seed-blue"}]),
    "a new port": new("dcim/interfaces", "extra", device="@sw1", name="new", type="virtual"),
    "another site": new("dcim/sites", "lyon", name="Seed Lyon", slug="seed-lyon"),
    "the site of a location: * its racks and devices": patch("dcim/locations", "floor", site="@lyon"),
    "the location of a rack: * its devices": patch("dcim/racks", "rack", location=None),
    "the scope of a cluster: * its VMs": patch(
        "virtualization/clusters", "cluster", scope_type="dcim.site", scope_id="@lyon"
    ),
    "a disk: * its VM's size": patch("virtualization/virtual-disks", "disk", size=5000),
    "another disk: * its VM's size": new(
        "virtualization/virtual-disks", "disk2", virtual_machine="@vm", name="scsi1", size=700
    ),
    "a disk is deleted: * its VM's size": delete("virtualization/virtual-disks", "disk2"),
    "the slug of a tag": patch("extras/tags", "blue", slug="seed-navy"),
    "an untagged VLAN is deleted: its ports": delete("ipam/vlans", "vlan101"),
    "a tagged VLAN is deleted: * its ports": delete("ipam/vlans", "vlan300"),
    "a primary MAC address is deleted: * its port": delete("dcim/mac-addresses", "mac"),
    "a cable is deleted: its ports": delete("dcim/cables", "cable"),
    "a primary address is deleted: its device": delete("ipam/ip-addresses", "ip4"),
    "a LAG is deleted: its members": delete("dcim/interfaces", "lag"),
    "a module is deleted": delete("dcim/modules", "module"),
    "a VRF is deleted: its interfaces": delete("ipam/vrfs", "red"),
    "a platform is deleted: its devices and VMs": delete("dcim/platforms", "os"),
    "a tag is deleted": delete("extras/tags", "blue"),
    "a device is deleted: all its parts": delete("dcim/devices", "sw1"),
    "a VM is deleted: all its parts": delete("virtualization/virtual-machines", "vm"),
}


def _in_parts(names: Iterable[str], size: int) -> Iterator[list[str]]:
    listed = list(names)
    for first in range(0, len(listed), size):
        yield listed[first : first + size]


def _same(one: Taken, other: Taken) -> None:
    for table in SOURCES:
        query = "select * exclude (snapshot_id) from t order by id"
        assert one.sql(query, table) == other.sql(query, table), table


def assert_read_incrementally(url: str, token: str, snap: Snap, edits: object) -> None:
    """What was edited is read incrementally, and as a full read reads it."""
    taken = snap(url, token)
    # A real NetBox may have custom fields that refer to what is deleted.
    if "custom fields may refer to" not in (taken.manifest.read_reason or ""):
        assert (taken.manifest.read, taken.manifest.read_reason) == ("incremental", None), edits
    _same(taken, snap(url, token, "full", full_read_hours=0))


def _compare_after_edits(url: str, token: str, seed: Seed, snap: Snap) -> None:
    assert snap(url, token).manifest.read == "full"
    for names in _in_parts(EDITS, 6):
        for name in names:
            EDITS[name](seed)
        assert_read_incrementally(url, token, snap, names)


def test_every_edit_is_read(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    _compare_after_edits(lab.url, lab.token, seed, snap)


@pytest.mark.live
def test_every_edit_is_read_from_a_real_netbox(live: tuple[str, str, Seed], snap: Snap) -> None:
    url, token, seed = live
    if seed.version < (4, 6):
        pytest.skip("older than 4.6: always read completely")
    _compare_after_edits(url, token, seed, snap)


@pytest.mark.usefixtures("settled")
def test_without_changes_no_table_is_read_or_written(lab: LabNetBox, snap: Snap) -> None:
    first = snap(lab.url, lab.token)
    lab.reset_requests()
    second = snap(lab.url, lab.token)
    assert second.manifest.read == "incremental"
    assert second.manifest.row_counts == first.manifest.row_counts
    assert (second.folder / "interfaces.parquet").samefile(first.folder / "interfaces.parquet")
    # One for the dates of all tables that have rows, one for the small tables; a count for each table by REST.
    assert lab.count("POST", "/graphql/") == 1 + 1
    assert lab.count("GET", "/api/core/object-changes/") == 1
    assert lab.count("GET", "/api/dcim/interfaces/") == 1


def _read(lab: LabNetBox, snap: Snap, **settings: object) -> tuple[str | None, str | None]:
    taken = snap(lab.url, lab.token, **settings)
    _same(taken, snap(lab.url, lab.token, "full", full_read_hours=0))
    return taken.manifest.read, taken.manifest.read_reason


def test_a_save_without_the_changelog_is_found_by_its_date(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    snap(lab.url, lab.token)
    row = lab.store.ref("dcim.interface", seed.ids["port"])
    lab.store.put("dcim.interface", {**row, "description": "by a script", "last_updated": lab.store.tick()})
    assert _read(lab, snap) == ("incremental", None)


def test_an_edit_while_the_clock_was_slow_is_found_by_the_changelog(
    lab: LabNetBox, seed: Seed, snap: Snap
) -> None:
    snap(lab.url, lab.token)
    seed.patch("dcim/interfaces", seed.ids["port"], {"description": "late"})
    row = lab.store.ref("dcim.interface", seed.ids["port"])
    early = row["last_updated"] - timedelta(hours=5)
    lab.store.put("dcim.interface", {**row, "last_updated": early})
    assert _read(lab, snap) == ("incremental", None)


@pytest.mark.usefixtures("settled")
def test_a_delete_without_the_changelog_fails_the_proof(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    before = snap(lab.url, lab.token).manifest.row_counts["mac_addresses"]
    lab.store.remove("dcim.macaddress", seed.ids["loose_mac"])
    assert _read(lab, snap) == (
        "full",
        f"NetBox counts {before - 1} mac_addresses, and {before} are known",
    )
    assert _read(lab, snap) == ("incremental", None)


def test_a_restored_backup_is_read_completely(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    snap(lab.url, lab.token)
    newest = max(row["id"] for row in lab.store.rows("core.objectchange"))
    lab.store.remove("core.objectchange", newest)
    gone = f"entry {newest} of NetBox's changelog is gone: it was pruned, or a backup was restored"
    assert _read(lab, snap) == ("full", gone)
    newest -= 1
    row = lab.store.ref("core.objectchange", newest)
    lab.store.put("core.objectchange", {**row, "time": row["time"] + timedelta(seconds=1)})
    assert _read(lab, snap) == (
        "full",
        f"entry {newest} of NetBox's changelog is another one: a backup was restored",
    )


def test_a_changelog_of_which_no_entry_is_known_is_another_one(
    lab: LabNetBox, seed: Seed, snap: Snap
) -> None:
    """Another NetBox behind the same URL, or one that has pruned all that was seen."""
    snap(lab.url, lab.token)
    numbers = sorted(row["id"] for row in lab.store.rows("core.objectchange"))
    last = lab.store.ref("core.objectchange", numbers[-1])
    for number in numbers:
        lab.store.remove("core.objectchange", number)
    lab.store.put("core.objectchange", {**last, "id": numbers[-1] + 50_000})
    gone = f"entry {numbers[-1]} of NetBox's changelog is gone: it was pruned, or a backup was restored"
    assert _read(lab, snap) == ("full", gone)


def test_an_empty_changelog_proves_nothing(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    for number in [row["id"] for row in lab.store.rows("core.objectchange")]:
        lab.store.remove("core.objectchange", number)
    snap(lab.url, lab.token)
    assert _read(lab, snap) == (
        "full",
        "NetBox's changelog was empty, so a restored backup would not show",
    )


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("interfaces", lambda text: text[:-20]),
        ("sites", lambda text: text[:40] + b"x" + text[41:]),
    ],
)
def test_a_damaged_file_of_the_last_snapshot_is_read_again(
    lab: LabNetBox, seed: Seed, snap: Snap, tmp_path: Path, table: str, damage: Callable[[bytes], bytes]
) -> None:
    snap(lab.url, lab.token)
    [file] = tmp_path.glob(f"warehouse/snapshots/netbox/netbox/2*/{table}.parquet")
    file.write_bytes(damage(file.read_bytes()))
    assert _read(lab, snap) == ("full", "a file of the last snapshot is missing or damaged")
    assert _read(lab, snap) == ("incremental", None)


def test_entries_that_netbox_prunes_are_not_missed(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    snap(lab.url, lab.token)
    for number in sorted(row["id"] for row in lab.store.rows("core.objectchange"))[:10]:
        lab.store.remove("core.objectchange", number)
    assert _read(lab, snap) == ("incremental", None)


def test_a_change_with_a_lower_id_than_one_that_was_seen_is_found(
    lab: LabNetBox, seed: Seed, snap: Snap
) -> None:
    """Two transactions: the one that began first ended last."""
    seed.patch("dcim/interfaces", seed.ids["sub"], {"description": "first"})
    hidden = max(row["id"] for row in lab.store.rows("core.objectchange"))
    change = lab.store.ref("core.objectchange", hidden)
    seed.patch("dcim/interfaces", seed.ids["peer"], {"description": "second"})
    after = lab.store.ref("dcim.interface", seed.ids["sub"])
    lab.store.remove("core.objectchange", hidden)
    lab.store.put("dcim.interface", {**after, "description": ""})
    snap(lab.url, lab.token)
    lab.store.put("core.objectchange", change)
    lab.store.put("dcim.interface", after)
    assert _read(lab, snap) == ("incremental", None)


def test_new_custom_fields_change_every_row(lab: LabNetBox, seed: Seed, snap: Snap) -> None:
    snap(lab.url, lab.token)
    body = {"name": "seed_new", "type": "text", "default": "x", "object_types": ["dcim.interface"]}
    seed.post("extras/custom-fields", body)
    assert _read(lab, snap) == ("full", "custom fields changed")


def test_an_old_full_read_and_other_circumstances(
    lab: LabNetBox, seed: Seed, snap: Snap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snap(lab.url, lab.token)

    def read_after(**changed: str) -> str | None:
        for file in tmp_path.glob("warehouse/snapshots/netbox/netbox/2*/position.json"):
            file.write_text(json.dumps({**json.loads(file.read_text()), **changed}))
        return snap(lab.url, lab.token).manifest.read_reason

    assert read_after(full_at=(datetime.now(UTC) - timedelta(hours=25)).isoformat()) == (
        "the last full read is more than 24 hours old"
    )
    assert (
        read_after(full_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat()) == "the clock was set back"
    )
    assert read_after(at=(datetime.now(UTC) + timedelta(hours=1)).isoformat()) == (
        "NetBox's clock was set back"
    )
    assert read_after(url="https://other.example.com") == (
        "NetBox's url, version, plugins or branch changed, or what is read from it"
    )
    assert snap(lab.url, lab.token, full_read_hours=0).manifest.read_reason == "netbox.full_read_hours is 0"
    monkeypatch.setattr(position, "LARGE", 500)
    assert snap(lab.url, lab.token).manifest.read_reason == "no table has more than 500 rows"


def test_a_token_that_may_not_see_the_changelog_reads_everything(
    lab: LabNetBox, seed: Seed, snap: Snap
) -> None:
    token = lab.add_token("viewer", VIEW_EVERYTHING, user="viewer").removeprefix("Token ")
    snap(lab.url, token)
    taken = snap(lab.url, token)
    assert taken.manifest.read_reason == (
        "it is not proven that the token sees all objects and the changelog"
    )


def test_the_views_name_the_snapshot_of_a_table_that_did_not_change(
    lab: LabNetBox, seed: Seed, snap: Snap, tmp_path: Path
) -> None:
    from netbox_sync_dagster.storage.store import Warehouse
    from netbox_sync_dagster.storage.views import open_views

    first, second = snap(lab.url, lab.token), snap(lab.url, lab.token)
    with open_views(Warehouse(tmp_path / "warehouse"), history=True) as con:
        current = con.execute("select distinct snapshot_id from netbox.interfaces").fetchall()
        kept = con.execute("select distinct snapshot_id from history.netbox_interfaces order by 1").fetchall()
        how = con.execute("select read, read_reason from sync.snapshots order by snapshot_id").fetchall()
    assert current == [(second.manifest.snapshot_id,)]
    assert kept == [(first.manifest.snapshot_id,), (second.manifest.snapshot_id,)]
    assert how == [("full", "there is no earlier read to continue"), ("incremental", None)]
