"""What the lab's Proxmox VE lets a token or password do."""

import httpx
import pytest
import requests
from proxmoxer import ProxmoxAPI
from proxmoxer.core import AuthenticationError

from lab.tests.proxmox_cluster import api, cluster, refusal, server
from netbox_sync_lab.proxmox import LabProxmox

__all__ = ["server"]


def test_a_token_sees_what_its_privileges_show(server: LabProxmox) -> None:
    value = server.add_token("sync@pve", "thin", privileges={"/": ["VM.Audit"], "/vms/102": []})
    thin = api(server, ("thin", value))
    assert [r["vmid"] for r in thin.cluster.resources.get(type="vm")] == [101, 103, 104, 201]
    assert refusal(thin.nodes("pve1").qemu(102).config.get) == (
        403,
        "Permission check failed (/vms/102, VM.Audit)",
    )
    assert refusal(thin.cluster.status.get) == (403, "Permission check failed (/, Sys.Audit)")
    assert refusal(thin.nodes("pve1").status.get) == (403, "Permission check failed (/nodes/pve1, Sys.Audit)")
    assert refusal(thin.nodes("pve1").storage("local").content.get) == (
        403,
        "Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)",
    )
    assert refusal(thin.nodes("pve1").qemu(101).agent("network-get-interfaces").get) == (
        403,
        "Permission check failed (/vms/101, VM.GuestAgent.Audit|VM.GuestAgent.Unrestricted)",
    )
    assert thin.storage.get() == []
    assert thin.access.permissions.get() == {
        "/": {"VM.Audit": 1},
        "/access": {"VM.Audit": 1},
        "/nodes": {"VM.Audit": 1},
        "/pool": {"VM.Audit": 1},
        "/sdn": {"VM.Audit": 1},
        "/storage": {"VM.Audit": 1},
        "/vms": {"VM.Audit": 1},
    }


def test_the_agent_needs_another_privilege_in_release_8() -> None:
    state = cluster()
    state.version = "8.4.1"
    with LabProxmox(state) as server:
        value = server.add_token("sync@pve", "thin", privileges=["VM.Audit", "VM.GuestAgent.Audit"])
        thin = api(server, ("thin", value))
        assert refusal(thin.nodes("pve1").qemu(101).agent("network-get-interfaces").get) == (
            403,
            "Permission check failed (/vms/101, VM.Monitor)",
        )
        assert api(server).nodes("pve1").qemu(101).agent("network-get-interfaces").get()["result"]


def test_backups_that_the_token_may_not_use_are_left_out_without_a_word(server: LabProxmox) -> None:
    server.state.add_backup("local", 101)
    value = server.add_token("sync@pve", "audit", privileges=["Datastore.Audit", "VM.Audit"])
    content = api(server, ("audit", value)).nodes("pve1").storage("local").content
    assert content.get(content="backup") == []
    assert len(api(server).nodes("pve1").storage("local").content.get(content="backup")) == 1


def test_a_pool_grants_its_guests(server: LabProxmox) -> None:
    value = server.add_token("sync@pve", "pool", privileges={"/pool/prod": ["VM.Audit", "Pool.Audit"]})
    rows = api(server, ("pool", value)).cluster.resources.get()
    assert [r["id"] for r in rows if r["type"] != "node"] == ["/pool/prod", "qemu/101"]


def test_wrong_tokens_and_passwords_are_401(server: LabProxmox) -> None:
    assert refusal(api(server, ("netbox", "wrong")).version.get) == (401, "invalid token value!")
    assert refusal(api(server, ("none", "wrong")).version.get) == (
        401,
        "no such token 'none' for user 'sync@pve'",
    )
    nobody = requests.get(f"{server.url}/api2/json/version", verify=server.ca_path, timeout=5)
    assert (nobody.status_code, nobody.reason) == (401, "No ticket")
    with pytest.raises(AuthenticationError):
        ProxmoxAPI(
            server.host, port=server.port, user="sync@pve", password="wrong", verify_ssl=server.ca_path
        )


def test_tickets_work_until_they_are_revoked(server: LabProxmox) -> None:
    pve = ProxmoxAPI(
        server.host, port=server.port, user=server.user, password=server.password, verify_ssl=server.ca_path
    )
    assert pve.version.get()["version"] == "9.1.4"
    server.revoke_tickets()
    assert refusal(pve.version.get) == (401, "permission denied - invalid PVE ticket")


def test_an_untrusted_certificate_is_refused(server: LabProxmox) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{server.url}/api2/json/version")
