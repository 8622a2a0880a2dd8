"""The mappings that a user has to fill in."""

from __future__ import annotations

from ruamel.yaml import YAML

from netbox_sync_lab.librenms import LabLibreNMS
from tests.cli.conftest import CliHarness
from tests.support import NetBox


def test_missing_mappings_are_printed_to_be_filled_in(
    harness: CliHarness, nms: LabLibreNMS, netbox: NetBox
) -> None:
    state = nms.state
    for name, hardware, location in (
        ("sw2", "WS-X", "Lyon: rack 4"),
        ("sw3", "WS-X", "Lyon: rack 4"),
        ("sw4", "AP7", None),
    ):
        device = state.add_device(name, os="ios", hardware=hardware, location=location, type="network")
        vrf = state.add_vrf(device, "blue")
        port = state.add_port(device, "Gi0/1", ifVrf=vrf["vrf_id"])
        state.add_ipv4(port, f"10.9.0.{device['device_id']}", 24)
    harness.configure(defaults={"vlan_group": "paris"}, mappings={"roles": {"network": "Acces"}})
    harness.ok("sync")
    assert harness.ok("mappings", "--missing", "nms") == (
        "# mappings:   # remove the # of the lines that you fill in\n"
        "  # sites:\n"
        '    # "Lyon: rack 4": ""  # 2 objects, e.g. sw2\n'
        "    # or for all of them: defaults.site\n"
        "  # roles:\n"
        '    # "network": ""  # 4 objects, e.g. sw1; no such object in NetBox\n'
        "    # or for all of them: defaults.role\n"
        "  # device_types:\n"
        '    # "WS-X": ""  # 2 objects, e.g. sw2\n'
        '    # "AP7": ""  # 1 object, e.g. sw4\n'
        "    # or for all of them: defaults.device_type\n"
        "  # platforms:\n"
        '    # "ios": ""  # 4 objects, e.g. sw1\n'
        "    # or for all of them: defaults.platform\n"
        "  # vrfs:\n"
        '    # "blue": ""  # 3 interfaces, e.g. sw2 Gi0/1\n'
        "    # or for all of them: defaults.vrf\n"
        "# 1 object, e.g. sw4: nms has no value; set defaults.site\n"
    )
    # Filled in, they are no longer missing; without --missing all of them are shown.
    harness.configure(
        defaults={"vlan_group": "paris", "site": "paris", "device_type": "C2960", "vrf": None},
        mappings={"roles": {"network": "Access"}, "platforms": {"ios": "IOS"}},
    )
    netbox.create("dcim/platforms", name="IOS", slug="ios")
    harness.ok("sync")
    assert harness.ok("mappings", "nms", "--missing") == (
        "# mappings:   # remove the # of the lines that you fill in\n"
        '  # vrfs:\n    # "blue": ""  # 3 interfaces, e.g. sw2 Gi0/1\n    # or for all of them: defaults.vrf\n'
    )
    assert harness.ok("mappings", "nms") == (
        "mappings:\n"
        "  roles:\n"
        '    "network": "Access"\n'
        "  platforms:\n"
        '    "ios": "IOS"\n'
        "  # vrfs:\n"
        '    # "blue": ""  # 3 interfaces, e.g. sw2 Gi0/1\n'
        "    # or for all of them: defaults.vrf\n"
    )
    # The printed lines load.
    harness.configure(mappings=YAML(typ="safe").load(harness.ok("mappings", "nms"))["mappings"])
    harness.ok("check", "nms")


def test_names_of_netbox_that_are_much_alike_are_proposed(
    harness: CliHarness, nms: LabLibreNMS, netbox: NetBox
) -> None:
    nms.state.add_device("sw2", os="ios", hardware="WS-C2960X", location="Lyon DC1", type="network")
    for name in ("Lyon", "Lyon DC2", "Nice"):
        netbox.create("dcim/sites", name=name, slug=name.lower().replace(" ", "-"))
    harness.configure(defaults={"vlan_group": "paris"})
    harness.ok("sync")
    assert '    # "Lyon DC1": "Lyon DC2" or "Lyon"  # 1 object, e.g. sw2\n' in harness.ok(
        "mappings", "nms", "--missing"
    )


def test_mappings_need_a_diff(harness: CliHarness) -> None:
    answer = harness.run("mappings", "--missing", "nms")
    assert (answer.code, answer.err) == (
        1,
        "error: there is no diff of 'nms' yet; run: netbox-sync sync nms\n",
    )


def test_words_that_differ_in_case_alone_are_one_word(
    harness: CliHarness, nms: LabLibreNMS, netbox: NetBox
) -> None:
    for name, hardware in (("sw2", "WS-LX"), ("sw3", "WS-Lx")):
        nms.state.add_device(name, os="ios", hardware=hardware, type="network")
    harness.configure(defaults={"site": "paris", "role": "access"})
    harness.ok("sync")
    assert '  # device_types:\n    # "WS-LX": ""  # 2 objects, e.g. sw2\n' in harness.ok(
        "mappings", "--missing", "nms"
    )

    # Both spellings may stand in the file as long as they say the same.
    harness.configure(
        defaults={"site": "paris", "role": "access"},
        mappings={"device_types": {"WS-LX": "C2960", "ws-lx": "c2960"}},
    )
    harness.ok("sync")
    assert "device_types" not in harness.ok("mappings", "--missing", "nms")
    harness.configure(mappings={"device_types": {"WS-LX": "C2960", "ws-lx": "C9300"}})
    answer = harness.run("sync")
    assert answer.code == 1
    assert (
        "'WS-LX' and 'ws-lx' differ only in case, which is ignored here,"
        " but one is mapped to 'C2960' and the other to 'C9300'; keep only one of them"
    ) in answer.err


def test_missing_mappings_are_added_to_the_file(
    harness: CliHarness, nms: LabLibreNMS, netbox: NetBox
) -> None:
    for name, hardware, location in (
        ("sw2", "C-2960", "Lyons DC1"),
        ("sw3", "C9300", "Lyon DC3"),
    ):
        nms.state.add_device(name, os="ios", hardware=hardware, location=location, type="network")
    for name in ("Lyon DC1", "Lyon DC2"):
        netbox.create("dcim/sites", name=name, slug=name.lower().replace(" ", "-"))
    file = harness.folder / "netbox_sync.yaml"
    file.write_text(
        f"""\
netbox: {{url: '{netbox.url}'}}
endpoints:
  - name: nms
    kind: librenms
    url: {nms.url}
    import_devices: all   # for now
    defaults: {{platform: none}}
    mappings:
      roles:
        network: Acces    # a slip
      # Cisco's names differ.
""",
        encoding="utf-8",
    )
    file.chmod(0o640)
    harness.ok("sync")
    before = file.read_text(encoding="utf-8")
    shown = harness.ok("mappings", "nms", "--missing", "--write", "--dry-run")
    assert 'would map sites: "Lyons DC1": "Lyon DC1"\n' in shown
    assert shown.count("nothing was written") == 1 and file.read_text(encoding="utf-8") == before

    shown = harness.ok("mappings", "nms", "--missing", "--write")
    assert 'mapped sites: "Lyons DC1": "Lyon DC1"\n' in shown
    assert (
        'mappings.roles: "network": "Acces": NetBox has no such object; the line stays; the most similar names are "Access"\n'
    ) in shown
    assert (
        "sites: 1 name has no match; if one value fits all such objects, set defaults.site instead\n" in shown
    )
    assert "the lines of nms are written; check them, then run: netbox-sync sync nms\n" in shown
    after = file.read_text(encoding="utf-8")
    added = after[after.index("# a slip\n") + 9 : after.index("      # Cisco's names differ.\n")]
    assert added == (
        "      sites:\n"
        '        "Lyons DC1": "Lyon DC1"\n'
        '        # "Lyon DC3": "Lyon DC2" or "Lyon DC1"  # 1 object, e.g. sw3\n'
        "      device_types:\n"
        '        "C-2960": "C2960"\n'
        '        # "C9300": "C2960"  # 1 object, e.g. sw3\n'
        "      # platforms:\n"
        '        # "ios": ""  # 3 objects, e.g. sw1\n'
    )
    assert after.replace(added, "") == before
    assert file.stat().st_mode & 0o777 == 0o640

    # Nothing is added twice, and nothing is written without a reason to.
    harness.ok("sync")
    harness.ok("mappings", "nms", "--missing", "--write")
    assert file.read_text(encoding="utf-8") == after
    refused = harness.run("mappings", "nms", "--write")
    assert (refused.code, refused.err) == (1, "error: --write needs --missing or --export\n")
