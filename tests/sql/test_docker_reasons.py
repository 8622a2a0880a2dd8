"""What of a Docker host is not compared, not created or no evidence, in the sentences that people read."""

from __future__ import annotations

from tests.sql.source_rows import SourceRows


def _host(**settings: object) -> SourceRows:
    return SourceRows("docker", cluster_name="lab", **settings)


def test_names_that_netbox_holds_once() -> None:
    host = _host()
    for name in ("Web", "web", "x" * 65):
        host.put("docker.containers", name=name, id=name, state="running", inspected=True)
    host.desired("virtual_machines")
    assert host.rows(
        "SELECT name, action_of(problem), problem FROM desired.virtual_machines ORDER BY ALL"
    ) == [
        ("Web", None, None),
        (
            "web",
            "conflict",
            "NetBox tells names apart without regard to case, and the container Web has this one",
        ),
        ("x" * 65, "blocked", "the name has 65 characters; NetBox takes 64"),
    ]


def test_a_container_that_was_not_inspected_is_not_created() -> None:
    host = _host()
    for name in ("db", "web"):
        host.put("docker.containers", name=name, id=name, state="running", inspected=False)
    host.put("docker.scopes", scope="container", scope_id="web", complete=False, reason='it "said" [500]')
    host.desired("virtual_machines")
    assert host.rows("SELECT not_imported FROM desired.virtual_machines ORDER BY name") == [
        ("not in NetBox, and Docker does not show enough to create it: it was not inspected",),
        ('not in NetBox, and Docker does not show enough to create it: it "said" [500]',),
    ]


def test_what_of_a_host_is_left_out() -> None:
    host = _host(ignored_containers=["tmp-.*"], bridge_addresses=False)
    for name, mode, state in (
        ("web", "bridge", "running"),
        ("net", "host", "running"),
        ("none", "none", "running"),
        ("side", "container:1", "running"),
        ("old", "bridge", "removing"),
        ("tmp-1", "bridge", "running"),
    ):
        host.put("docker.containers", name=name, id=name, state=state, network_mode=mode, inspected=True)
    for container, network, number in (
        ("net", "host", None),
        ("none", "none", None),
        ("web", "bridge", "n1"),
        ("web", "front", "n2"),
        ("web", "n" * 65, "n3"),
    ):
        host.put(
            "docker.container_interfaces",
            container=container,
            network=network,
            network_id=number,
            attached=True,
        )
    host.put("docker.networks", id="n1", name="bridge", driver="bridge")
    for network, address in (("bridge", "172.17.0.2"), ("front", "172.18.0.2")):
        host.put(
            "docker.container_addresses",
            container="web",
            network=network,
            family=4,
            address=address,
            canonical=address,
            prefixlen=16,
        )
    host.put("docker.rejected", source_table="containers", row_key="bad", reason="name: not a text")
    host.desired("virtual_machines", "vm_interfaces", "ip_addresses", "skipped")
    assert host.rows("SELECT resource, key, reason FROM desired.skipped ORDER BY ALL") == [
        ("containers", "bad", "name: not a text"),
        (
            "ip_addresses",
            "web bridge 172.17.0.2/16",
            "network bridge is a bridge of this host; bridge_addresses is off",
        ),
        (
            "ip_addresses",
            "web front 172.18.0.2/16",
            "the driver of network front is unknown; bridge_addresses is off",
        ),
        ("virtual_machines", "old", "Docker is removing it"),
        ("virtual_machines", "tmp-1", "ignored_containers names it: tmp-.*"),
        ("vm_interfaces", "net host", "it uses the host's own interfaces"),
        ("vm_interfaces", "none none", "it has no network"),
        ("vm_interfaces", "side container:1", "it uses the interfaces of another container"),
    ]
    assert host.rows(
        "SELECT action_of(problem), problem FROM desired.vm_interfaces WHERE problem IS NOT NULL"
    ) == [("blocked", "the name has 65 characters; NetBox takes 64")]


def test_what_a_host_shows_proves_nothing_of_what_is_off() -> None:
    host = _host()
    for name, state in (("web", "running"), ("db", "exited")):
        host.put("docker.containers", name=name, id=name, state=state, inspected=True)
    host.put("docker.container_interfaces", container="web", network="front", attached=False)
    host.put(
        "docker.scopes", scope="networks", scope_id="*", complete=False, reason="GET /networks answered 500"
    )
    host.desired(
        "virtual_machines",
        "vm_interfaces",
        "evidence",
        "call_gaps",
        "incomplete_scopes",
        "unseen_interfaces",
        "gaps",
    )
    assert host.rows("SELECT owner, resource, reason FROM desired.incomplete_scopes ORDER BY ALL") == [
        ("*", "virtual_disks", "Docker says nothing of disks"),
        ("db", "ip_addresses", "the container is exited"),
        ("web front", "ip_addresses", "the container is not attached to front at the moment"),
    ]
    bridges = _host(bridge_addresses=False)
    bridges.put(
        "docker.scopes", scope="networks", scope_id="*", complete=False, reason="GET /networks answered 500"
    )
    bridges.desired("evidence", "call_gaps", "gaps")
    assert bridges.rows("SELECT owner, resource, reason FROM desired.incomplete_scopes ORDER BY ALL") == [
        ("*", "ip_addresses", "GET /networks answered 500"),
        ("*", "primary_ips", "GET /networks answered 500"),
    ]


def test_what_a_host_shows_and_is_not_compared() -> None:
    host = _host()
    host.put("docker.containers", name="net", id="net", state="running", inspected=True)
    host.put("docker.container_interfaces", container="net", network="host")
    host.put("docker.container_addresses", container="net", network="gone", canonical="10.0.0.5", family=4)
    host.desired("virtual_machines", "sightings")
    assert host.rows("SELECT resource, owner, kind, word, what FROM desired.sightings ORDER BY ALL") == [
        (
            "ip_addresses",
            "*",
            "host",
            "10.0.0.5",
            "10.0.0.5 of the container net, on a network that is left out",
        ),
        ("vm_interfaces", "net", "name", "host", "the network host of the container, which is left out"),
    ]


def test_a_cluster_type_that_netbox_lacks() -> None:
    host = _host()
    host.desired("clusters", "cluster_references")
    assert host.rows("SELECT hint FROM desired.references WHERE field = 'type'") == [
        (
            'NetBox has no cluster type "Docker"; create it, set cluster_type, or add cluster_types to policies.also_create',
        )
    ]
