"""Which NetBox virtual machine a guest is: its VMID, its name and its MAC addresses against each other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sql.estate import check_settled
from tests.sql.rules import Rules

Found = dict[str, tuple[int | None, str | None]]
MAC = "BC:24:11:00:00:{:02X}"


class Cluster(Rules):
    """Cluster paris, NetBox id 1; cluster lyon, NetBox id 2."""

    def __init__(self, kind: str = "proxmox") -> None:
        super().__init__(kind, "paris")
        self.put("desired.clusters", key="paris", name="paris")
        self.con.execute("INSERT INTO match.clusters (key, netbox_id, name) VALUES ('paris', 1, 'paris')")
        docker = kind == "docker"
        self.cluster_field = "docker_host" if docker else "proxmox_cluster"
        self.id_field = "docker_container" if docker else "proxmox_vmid"

    def has(
        self, netbox_id: int, name: str, number: Any, *macs: int, cluster: str = "paris", **more: Any
    ) -> None:
        """What NetBox has. ``ours``: the number was written by this product; ``named``: the name that it wrote."""
        ours, named = more.pop("ours", False), more.pop("named", None)
        fields = {} if number is None else {self.cluster_field: cluster, self.id_field: number}
        where = {"paris": 1, "lyon": 2}[cluster]
        content = {"cf": fields, "cluster_id": where, "vcpus": 2.0, "memory": 2048, **more}
        self.put("netbox.virtual_machines", id=netbox_id, name=name, **content)
        written = {f"cf.{self.id_field}": str(number)} if ours else {}
        if named:
            written["name"] = f'"{named}"'
        for field, value in written.items():
            of = {"object_type": "virtualization/virtual-machines", "netbox_id": netbox_id}
            self.put("ledger.last_written", field=field, value=value, **of)
        for position, mac in enumerate(macs):
            nic = netbox_id * 100 + position
            self.put("netbox.vm_interfaces", id=nic, virtual_machine_id=netbox_id, name=f"net{position}")
            end = {"assigned_object_type": "virtualization.vminterface", "assigned_object_id": nic}
            self.put("netbox.mac_addresses", id=nic, mac_address=MAC.format(mac), **end)

    def shows(self, number: Any, name: str, *macs: int, **more: Any) -> None:
        """What Proxmox shows."""
        content = {"cluster": "paris", "vcpus": 2.0, "memory": 2048, **more}
        self.put("desired.virtual_machines", key=name, source_id=str(number), name=name, **content)
        self.put("desired.listed_guests", source_id=str(number))
        for position, mac in enumerate(macs):
            self.put(
                "desired.vm_interfaces",
                key=f"{name} net{position}",
                virtual_machine=name,
                old_name=f"net{position}",
                mac=MAC.format(mac),
            )

    def elsewhere(
        self, number: Any, name: str | None, *macs: int, uuid: str | None = None, gap: str | None = None
    ) -> None:
        """What the endpoint lyon-pve shows in the cluster lyon; without a number only that it reads it."""
        texts = [MAC.format(mac) for mac in macs]
        self.put(
            "config.other_guests",
            endpoint="lyon-pve",
            cluster="lyon",
            vmid=number and str(number),
            name=name,
            macs=texts,
            uuid=uuid,
            gap=gap,
        )

    def found(self) -> Found:
        """{guest: (NetBox id, problem)}"""
        self.run("match.known_machines", "match.machine_names")
        self.run("match.virtual_machine_pairs", "match.virtual_machine_exceptions", "match.virtual_machines")
        check_settled(self.con)
        return {
            key: (netbox_id, problem)
            for key, netbox_id, problem in self.rows(
                "SELECT key, netbox_id, problem FROM match.virtual_machines"
            )
        }

    def candidates(self) -> dict[str, list[int]]:
        query = "SELECT key, candidate_ids FROM match.virtual_machines WHERE candidate_ids IS NOT NULL"
        return dict(self.rows(query))


@pytest.fixture
def paris() -> Cluster:
    return Cluster()


def ids(found: Found) -> dict[str, int | None]:
    assert [problem for _, problem in found.values() if problem] == []
    return {name: netbox_id for name, (netbox_id, _) in found.items()}


def test_another_machine_has_the_vmid_now(paris: Cluster) -> None:
    paris.has(1, "erp", 105, 1)
    paris.shows(105, "scratch", 2)
    assert paris.found() == {
        "scratch": (
            None,
            "another machine has vmid 105 now: in NetBox it is erp (id 1), and neither the name nor a MAC address is"
            " the same; delete that one in NetBox, or take its proxmox_vmid off",
        )
    }
    assert paris.candidates() == {"scratch": [1]}


def test_a_renamed_guest_is_found_by_its_vmid_and_a_second_witness(paris: Cluster) -> None:
    paris.has(1, "erp", 105, 1)
    paris.has(2, "db", 106, 2, 3, ours=True)
    paris.has(3, "ct", 107, ours=True)
    paris.has(4, "Web shop", 108, 5, named="web")
    paris.shows(105, "erp2", 1)
    # One of two cards was replaced.
    paris.shows(106, "db2", 3, 9, vcpus=8.0)
    # Without any card: nothing but the name differs.
    paris.shows(107, "ct2")
    # Renamed in NetBox; its card was replaced.
    paris.shows(108, "web", 7)
    assert ids(paris.found()) == {"erp2": 1, "db2": 2, "ct2": 3, "web": 4}


def test_the_smbios_uuid_is_a_witness(paris: Cluster) -> None:
    """The same one: renamed, and its card replaced. Another one: another machine, if without any card too."""
    for netbox_id, name in ((1, "erp"), (2, "db"), (3, "ct")):
        paris.has(netbox_id, name, 100 + netbox_id, *([netbox_id] if netbox_id < 3 else []))
        paris.put("config.former_guests", netbox_id=netbox_id, uuid=f"uuid-{netbox_id}")
    paris.put("netbox.virtual_disks", id=1, virtual_machine_id=2, name="scsi0", size=32768)
    paris.shows(101, "erp2", 8, uuid="uuid-1")
    # A copy of the configuration, with another disk.
    paris.shows(102, "db2", 9, uuid="uuid-2")
    paris.shows(103, "ct2", uuid="uuid-9")
    found = paris.found()
    assert found["erp2"] == (1, None)
    assert found["db2"][0] is None
    assert (found["db2"][1] or "").startswith(
        "another machine has vmid 102 now: in NetBox it is db (id 2), and"
    )
    assert found["ct2"] == (
        None,
        "another machine has vmid 103 now: in NetBox it is ct (id 3), and neither the name nor the SMBIOS UUID is"
        " the same; delete that one in NetBox, or take its proxmox_vmid off",
    )


def test_a_guest_whose_cards_were_all_replaced_keeps_its_name(paris: Cluster) -> None:
    paris.has(1, "erp", 105, 1, 2)
    paris.shows(105, "erp", 8, 9)
    assert ids(paris.found()) == {"erp": 1}


@pytest.mark.parametrize("numbers", [(106, 105), (106, 107), (107, 106)])
def test_crossed_and_rotated_vmids(paris: Cluster, numbers: tuple[int, int]) -> None:
    """Guests restored under each other's number: name and MAC address say who is who."""
    paris.has(1, "erp", 105, 1)
    paris.has(2, "web", 106, 2)
    paris.shows(numbers[0], "erp", 1)
    paris.shows(numbers[1], "web", 2)
    assert ids(paris.found()) == {"erp": 1, "web": 2}


def test_a_vmid_that_was_given_on_while_its_guest_got_another(paris: Cluster) -> None:
    paris.has(1, "erp", 105, 1)
    paris.shows(106, "erp", 1)
    paris.shows(105, "scratch", 2)
    assert ids(paris.found()) == {"erp": 1, "scratch": None}


def test_crossed_vmids_without_cards_are_a_conflict_of_both(paris: Cluster) -> None:
    paris.has(1, "erp", 105)
    paris.has(2, "web", 106)
    paris.shows(106, "erp")
    paris.shows(105, "web")
    said = (
        "another machine may have vmid {} now: in NetBox it is {} (id {}), which is the name of another guest"
    )
    assert paris.found() == {
        "erp": (None, said.format(106, "web", 2)),
        "web": (None, said.format(105, "erp", 1)),
    }
    assert paris.candidates() == {"erp": [1, 2], "web": [1, 2]}


def test_a_number_of_ours_alone_is_not_enough_where_more_than_the_name_differs(paris: Cluster) -> None:
    paris.has(1, "erp", 105, ours=True)
    paris.has(2, "by hand", 106)
    paris.shows(105, "scratch", memory=8192)
    paris.shows(106, "web", memory=8192)
    assert paris.found() == {
        "scratch": (
            None,
            "another machine may have vmid 105 now: in NetBox it is erp (id 1), and nothing else shows that it is"
            " the same",
        ),
        "web": (2, None),
    }


def test_a_name_alone_takes_no_virtual_machine_of_another_number_or_system(paris: Cluster) -> None:
    paris.has(1, "web", 101, 1)
    paris.has(2, "db", None, cf={"docker_host": "whale", "docker_container": "db"})
    paris.shows(105, "web", 2)
    paris.shows(106, "db")
    said = "NetBox has the name in this cluster for another guest: "
    assert paris.found() == {
        "web": (None, said + "web (vmid 101)"),
        "db": (None, said + "db (of another system)"),
    }
    assert paris.candidates() == {"web": [1], "db": [2]}


def test_a_guest_that_left_another_cluster_moves(paris: Cluster) -> None:
    """The same name and MAC address, and lyon no longer shows it."""
    paris.has(1, "erp", 205, 1, cluster="lyon")
    paris.elsewhere(None, None)
    paris.elsewhere(206, "other", 7)
    paris.shows(105, "erp", 1)
    assert ids(paris.found()) == {"erp": 1}
    assert paris.rows("SELECT moved_from FROM match.virtual_machines") == [
        ("moves here from erp (id 1) of the cluster lyon, vmid 205",)
    ]


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        ("nothing", "which no endpoint of this configuration reads: if it has moved, enter its new cluster and"
         " vmid in NetBox"),
        ("still", "and lyon-pve still shows it: if it has moved, sync lyon-pve again; if it is a copy, create it in"
         " NetBox in this cluster"),
        ("gap", "and that it has left there is not certain: node lyon1 is offline"),
    ],
)  # fmt: skip
def test_a_guest_that_may_still_be_in_the_other_cluster_is_a_conflict(
    paris: Cluster, shown: str, why: str
) -> None:
    paris.has(1, "erp", 205, 1, cluster="lyon")
    if shown != "nothing":
        paris.elsewhere(None, None, gap="node lyon1 is offline" if shown == "gap" else None)
    if shown == "still":
        paris.elsewhere(205, "erp", 1)
    paris.shows(105, "erp", 1)
    said = (
        "NetBox has a guest of this name and these MAC addresses, erp (id 1) of the cluster lyon, vmid 205, "
    )
    assert paris.found() == {"erp": (None, said + why)}
    assert paris.candidates() == {"erp": [1]}


def test_another_name_or_another_mac_address_alone_is_no_move(paris: Cluster) -> None:
    """The name with other MAC addresses is another machine; a MAC address under another name is a question."""
    paris.has(1, "erp", 205, 1, cluster="lyon")
    paris.has(2, "db", 206, 2, cluster="lyon")
    paris.elsewhere(None, None)
    paris.shows(105, "erp", 8)
    paris.shows(106, "clone", 2)
    assert paris.found() == {
        "erp": (None, None),
        "clone": (
            None,
            "NetBox has a guest of these MAC addresses, db (id 2) of the cluster lyon, vmid 206, and nothing else shows"
            " that it is this one: if it has moved, enter its new cluster and vmid in NetBox; if not, create this one in"
            " NetBox in this cluster",
        ),
    }
    assert paris.candidates() == {"clone": [2]}


@pytest.mark.parametrize(
    ("name", "mac", "uuid", "moved"),
    [
        ("erp", 1, None, True),
        ("erp", 8, "uuid-1", True),
        ("other", 1, "uuid-1", True),
        # A copy with the MAC address, or the name, of one that is another machine.
        ("other", 1, "uuid-9", False),
        ("erp", 8, "uuid-9", False),
    ],
)
def test_two_witnesses_make_a_move(
    paris: Cluster, name: str, mac: int, uuid: str | None, moved: bool
) -> None:
    paris.has(1, "erp", 205, 1, cluster="lyon")
    paris.put("config.former_guests", netbox_id=1, uuid="uuid-1")
    paris.elsewhere(None, None)
    # The number has another guest now.
    paris.elsewhere(205, "scratch", 9, uuid="uuid-7")
    paris.shows(105, name, mac, uuid=uuid)
    assert paris.found() == {name: (1 if moved else None, None)}


def test_a_copy_of_a_guest_that_is_still_there(paris: Cluster) -> None:
    paris.has(1, "erp", 205, 1, cluster="lyon")
    paris.elsewhere(None, None)
    paris.elsewhere(205, "erp", 1, uuid="uuid-1")
    paris.shows(105, "test", 1, uuid="uuid-9")
    paris.shows(106, "restored", 8, uuid="uuid-1")
    # Another UUID is another machine; a single witness raises no question while the guest is shown there.
    assert ids(paris.found()) == {"test": None, "restored": None}


def elsewhere_of(paris: Cluster) -> dict[int, str]:
    paris.run("match.guests_elsewhere")
    return dict(paris.rows("FROM match.guests_elsewhere"))


def test_a_guest_that_another_cluster_shows_is_not_gone(paris: Cluster) -> None:
    """The side that it left."""
    paris.has(1, "erp", 105, 1)
    paris.has(2, "db", 106, 2)
    paris.has(3, "ct", 107)
    paris.has(4, "old", 108, 4)
    paris.put("config.former_guests", netbox_id=4, uuid="uuid-4")
    paris.elsewhere(205, "ERP", 1)
    paris.elsewhere(206, "db", 9)
    paris.elsewhere(207, "ct", 10)
    paris.elsewhere(208, "new", 11, uuid="uuid-4")
    assert elsewhere_of(paris) == {
        1: "lyon-pve shows a guest of this name and these MAC addresses (vmid 205 of lyon), so it may have moved there",
        3: "lyon-pve shows a guest of this name (vmid 207 of lyon), so it may have moved there",
        4: "lyon-pve shows a guest of this SMBIOS UUID (vmid 208 of lyon), so it may have moved there",
    }


def test_a_guest_that_netbox_knows_in_the_other_cluster_is_another(paris: Cluster) -> None:
    """Under that name: a number that NetBox has for a former guest there says nothing of who has it now."""
    paris.has(1, "erp", 105, 1)
    paris.has(2, "db", 106, 2)
    paris.has(3, "erp", 205, 1, cluster="lyon")
    paris.has(4, "former", 206, cluster="lyon")
    paris.elsewhere(205, "erp", 1)
    paris.elsewhere(206, "db", 2)
    assert list(elsewhere_of(paris)) == [2]


def test_a_guest_that_may_be_elsewhere_unseen_is_not_gone(paris: Cluster) -> None:
    paris.has(1, "erp", 105, 1)
    paris.put("config.unseen_moves", vmid="105", reason="lyon-pve has not been read since")
    assert elsewhere_of(paris) == {1: "lyon-pve has not been read since"}


def test_a_container_is_its_name(paris: Cluster) -> None:
    """Created again it has another MAC address; a name that a person gave it in NetBox changes nothing."""
    whale = Cluster("docker")
    whale.has(1, "Web shop", "web", 1, ours=True)
    whale.has(2, "db", "db", 2)
    whale.shows("web", "web", 7)
    whale.shows("db", "db", 1)
    assert ids(whale.found()) == {"web": 1, "db": 2}


@pytest.mark.parametrize(
    ("kind", "held", "word"), [("proxmox", "docker", "Docker host"), ("docker", "proxmox", "Proxmox cluster")]
)
def test_a_cluster_of_another_system_is_another(kind: str, held: str, word: str) -> None:
    """A Docker host called paris, and a Proxmox cluster of that name."""
    rules = Rules(kind, "paris")
    rules.put("desired.clusters", key="paris", name="paris")
    rules.put("netbox.clusters", id=1, name="Paris")
    rules.run("match.clusters")
    assert rules.rows("SELECT netbox_id, problem FROM match.clusters") == [(1, None)]
    fields = {"docker": {"docker_host": "paris", "docker_container": "web"}}.get(
        held, {"proxmox_cluster": "paris", "proxmox_vmid": 100}
    )
    rules.put("netbox.virtual_machines", id=1, name="web", cluster_id=1, cf=fields)
    rules.run("match.clusters")
    assert rules.rows("SELECT netbox_id, problem FROM match.clusters") == [
        (1, f"NetBox has the cluster Paris as a {word}; give one of them another name (cluster_name)")
    ]
