"""``check``: the configuration, the servers, the secrets, and what the configuration leaves out."""

from __future__ import annotations

import json

from tests.cli.conftest import CliHarness


def test_check_shows_every_check_and_passes(harness: CliHarness) -> None:
    text = harness.ok("check")

    assert text.startswith("netbox_sync.yaml: valid, 1 endpoint\n\nNetBox http://127.0.0.1:")
    assert "\n  ok     version: NetBox 4.6.8\n" in text
    assert "\n  ok     version: LibreNMS 26.7.0\n" in text
    assert text.endswith("\n\nall checks passed; next: netbox-sync sync\n")


def test_check_looks_for_the_secrets_of_hooks_and_notifications(harness: CliHarness) -> None:
    second = harness.content["endpoints"][0] | {"name": "second", "hook_secret_env": "SECOND_HOOK"}
    harness.content["netbox"]["hook_secret_env"] = "NETBOX_HOOK_SECRET"
    harness.content["notifications"] = [{"name": "chat", "kind": "webhook", "url_env": "CHAT_URL"}]
    harness.configure(hook_secret_env="NMS_HOOK")
    harness.add_endpoint(**second)
    harness.environment |= {
        "NETBOX_HOOK_SECRET": "0123456789abcdef",
        "NMS_HOOK": "  ",
        "SECOND_HOOK": "short-one",
    }

    answer = harness.run("check")
    assert answer.code == 1
    assert answer.out.endswith(
        "\n\nHooks (netbox-sync web)\n"
        "  ok     /hooks/netbox: the secret in NETBOX_HOOK_SECRET is set\n"
        "  failed /hooks/nms: the hook 'nms': set the environment variable NMS_HOOK\n"
        "  failed /hooks/second: the hook 'second' is off: the secret in SECOND_HOOK has fewer than 16 characters; make a"
        " longer one, e.g. with: openssl rand -hex 32\n"
        "\nNotifications\n"
        "  failed chat: notifications 'chat': set the environment variable CHAT_URL\n"
        "\n3 checks failed\n"
    )
    assert "0123456789abcdef" not in answer.out and "short-one" not in answer.out
    # Of endpoints that are named, only theirs. Former names of settings work, and are named.
    harness.content["notifications"][0] |= {"on": ["failure", "drift"], "drift_above": 7}
    harness.configure()
    harness.environment |= {"NMS_HOOK": "0123456789abcdef", "CHAT_URL": "http://127.0.0.1:9/x"}
    assert harness.ok("check", "nms").endswith(
        "  ok     /hooks/nms: the secret in NMS_HOOK is set\n"
        "\nNotifications\n  ok     chat: the secret in CHAT_URL is set\n"
        "  ok     chat: changes_above is the new name of drift_above, which will not be read in a later version; change the file\n"
        "  ok     chat: changes is the new name of the event drift, which will not be read in a later version; change the file\n"
        "\nall checks passed; next: netbox-sync sync\n"
    )


def test_a_wrong_token_and_a_missing_one_fail_the_check_of_their_server_alone(harness: CliHarness) -> None:
    harness.add_endpoint(
        name="second", kind="librenms", url=harness.content["endpoints"][0]["url"], token_env="SECOND_TOKEN"
    )
    harness.environment["LIBRENMS_TOKEN"] = "a-wrong-token"

    answer = harness.run("check")

    assert answer.code == 1
    failed = [line for line in answer.out.splitlines() if line.startswith("  failed")]
    assert len(failed) == 2
    assert failed[0].startswith("  failed token: ")
    assert "SECOND_TOKEN" in failed[1]
    assert "\n  ok     token: the token in NETBOX_TOKEN is taken\n" in answer.out
    assert answer.out.endswith("\n2 checks failed\n")
    assert "a-wrong-token" not in answer.out + answer.err


def test_check_names_what_an_own_list_of_creates_leaves_out(harness: CliHarness) -> None:
    """The list replaces the default, which people who add one resource do not expect."""
    harness.configure(policies={"create": ["device_types"]})
    harness.ok("sync", "nms")
    assert "policies.create: the list replaces the default and leaves out " in harness.ok("check", "nms")
    harness.configure(policies={"also_create": ["device_types"]})
    assert "policies.create" not in harness.ok("check", "nms")


def test_check_without_an_endpoint_leads_to_no_sync(harness: CliHarness) -> None:
    harness.content["endpoints"] = []
    (harness.folder / "netbox_sync.yaml").write_text(json.dumps(harness.content), encoding="utf-8")
    assert (
        harness.ok("check")
        .splitlines()[-1]
        .startswith("all checks passed; next: add an endpoint below `endpoints:` in ")
    )
