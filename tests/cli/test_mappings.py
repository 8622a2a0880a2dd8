"""The mappings that a user has to fill in."""

from __future__ import annotations

import re

import pytest
from ruamel.yaml import YAML

from netbox_sync_dagster.approve.netbox_names import NamedObject
from netbox_sync_dagster.cli.mapping_fits import only_fit
from netbox_sync_lab.librenms import LabLibreNMS
from tests.cli.conftest import CliHarness
from tests.support import NetBox


def uncommented(text: str) -> str:
    """The text as a person makes it of comments: without the first # of each line."""
    return re.sub(r"(?m)^( *)# ", r"\1", text)


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
        "  # sites:  # 1 object, e.g. sw4: nms has no value; set defaults.site\n"
        '    # "Lyon: rack 4": ""  # 2 objects, e.g. sw2\n'
        "  # roles:  # or for all of them: defaults.role\n"
        '    # "network": ""  # 4 objects, e.g. sw1; no such object in NetBox\n'
        "  # device_types:  # or for all of them: defaults.device_type\n"
        '    # "WS-X": ""  # 2 objects, e.g. sw2; its manufacturer is unknown\n'
        '    # "AP7": ""  # 1 object, e.g. sw4; its manufacturer is unknown\n'
        "  # platforms:  # or for all of them: defaults.platform\n"
        '    # "ios": ""  # 4 objects, e.g. sw1\n'
        "  # vrfs:  # or for all of them: defaults.vrf\n"
        '    # "blue": ""  # 3 interfaces, e.g. sw2 Gi0/1\n'
    )
    # Without the # they load too.
    printed = uncommented(harness.ok("mappings", "--missing", "nms"))
    assert YAML(typ="safe").load(printed)["mappings"]["device_types"] == {"WS-X": "", "AP7": ""}
    # Filled in, they are no longer missing; without --missing all of them are shown.
    harness.configure(
        defaults={"vlan_group": "paris", "site": "paris", "device_type": "C2960", "vrf": None},
        mappings={"roles": {"network": "Access"}, "platforms": {"ios": "IOS"}},
    )
    netbox.create("dcim/platforms", name="IOS", slug="ios")
    harness.ok("sync")
    assert harness.ok("mappings", "nms", "--missing") == (
        "# mappings:   # remove the # of the lines that you fill in\n"
        "  # vrfs:  # or for all of them: defaults.vrf\n"
        '    # "blue": ""  # 3 interfaces, e.g. sw2 Gi0/1\n'
    )
    assert harness.ok("mappings", "nms") == (
        "mappings:\n"
        "  roles:\n"
        '    "network": "Access"\n'
        "  platforms:\n"
        '    "ios": "IOS"\n'
        "  # vrfs:  # or for all of them: defaults.vrf\n"
        '    # "blue": ""  # 3 interfaces, e.g. sw2 Gi0/1\n'
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
    assert '    # "Lyon DC1": "Lyon DC2"  # 1 object, e.g. sw2\n' in harness.ok(
        "mappings", "nms", "--missing"
    )


def test_empty_mappings_are_an_error_with_file_line_and_field(harness: CliHarness) -> None:
    file = harness.folder / "netbox_sync.yaml"
    file.write_text(
        "netbox: {url: 'http://127.0.0.1:1'}\nendpoints:\n"
        "  - {name: nms, kind: librenms, url: 'http://127.0.0.1:1',\n     mappings: ~}\n"
    )
    answer = harness.run("mappings", "nms", "--missing", "--write")
    assert (answer.code, answer.err) == (
        1,
        "error: netbox_sync.yaml:4: endpoints.0.mappings: is empty; give it a value, or remove the line\n",
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
    assert (
        '  # device_types:  # or for all of them: defaults.device_type\n    # "WS-LX": ""  # 2 objects, e.g. sw2'
        in harness.ok("mappings", "--missing", "nms")
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
        ("sw2", "Cisco C-2960", "lyon_DC1"),
        ("sw3", "C9300-24T", "Berlin A"),
        ("sw4", "C9300-24T", "DC East"),
        ("sw5", "C9300-24T", "Paris North"),
    ):
        nms.state.add_device(name, os="Cisco IOS", hardware=hardware, location=location, type="network")
    for name in ("Lyon DC1", "Berlin B", "DC West", "Paris South"):
        netbox.create("dcim/sites", name=name, slug=f"s{len(name)}-{name[:2].lower()}")
    cisco = netbox.one("dcim/manufacturers", slug="cisco")
    netbox.create("dcim/device-types", manufacturer=cisco["id"], model="C9300-24P", slug="c9300-24p")
    netbox.create("dcim/platforms", name="Cisco IOS XE", slug="iosxe", manufacturer=cisco["id"])
    # Even more alike, but of another manufacturer.
    other = netbox.create("dcim/manufacturers", name="Other", slug="other")
    netbox.create("dcim/device-types", manufacturer=other["id"], model="C9300-24TX", slug="c9300-24tx")
    netbox.create("dcim/platforms", name="Cisco IOS clone", slug="clone", manufacturer=other["id"])
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
      manufacturers: {{Cisco IOS: Cisco}}
      # Cisco's names differ.
""",
        encoding="utf-8",
    )
    file.chmod(0o640)
    harness.ok("sync")
    before = file.read_text(encoding="utf-8")
    shown = harness.ok("mappings", "nms", "--missing", "--write", "--dry-run")
    assert 'would map sites: "lyon_DC1": "Lyon DC1"\n' in shown
    assert shown.count("nothing was written") == 1 and file.read_text(encoding="utf-8") == before

    shown = harness.ok("mappings", "nms", "--missing", "--write")
    assert 'mapped sites: "lyon_DC1": "Lyon DC1"\n' in shown
    assert (
        'mappings.roles: "network": "Acces": NetBox has no such object; the line stays; the most similar names are "Access"\n'
    ) in shown
    assert (
        "sites: 3 names have no match; if one value fits all such objects, set defaults.site instead\n"
        in shown
    )
    assert "the lines of nms are written; check them, then run: netbox-sync sync nms\n" in shown
    after = file.read_text(encoding="utf-8")
    added = after[after.index("Cisco IOS: Cisco}\n") + 18 : after.index("      # Cisco's names differ.\n")]
    assert added == (
        "      sites:\n"
        '        "lyon_DC1": "Lyon DC1"\n'
        '        # "Berlin A": "Berlin B"  # 1 object, e.g. sw3\n'
        '        # "DC East": "DC West"  # 1 object, e.g. sw4\n'
        '        # "Paris North": "Paris South"  # 1 object, e.g. sw5\n'
        "      device_types:\n"
        '        "Cisco C-2960": "C2960"\n'
        '        # "C9300-24T": "C9300-24P"  # 3 objects, e.g. sw3\n'
        "      # platforms:\n"
        '        # "Cisco IOS": "Cisco IOS XE"  # 4 objects, e.g. sw2\n'
        '        # "ios": ""  # 1 object, e.g. sw1\n'
    )
    assert after.replace(added, "") == before
    # Without the # the comments are lines of the same sections.
    loaded = YAML(typ="safe").load(before + uncommented(added))["endpoints"][0]["mappings"]
    assert loaded["sites"]["Paris North"] == "Paris South"
    assert loaded["platforms"] == {"Cisco IOS": "Cisco IOS XE", "ios": ""}
    assert file.stat().st_mode & 0o777 == 0o640

    # Nothing is added twice, and nothing is written without a reason to.
    harness.ok("sync")
    harness.ok("mappings", "nms", "--missing", "--write")
    assert file.read_text(encoding="utf-8") == after
    refused = harness.run("mappings", "nms", "--write")
    assert (refused.code, refused.err) == (1, "error: --write needs --missing or --export\n")


@pytest.mark.parametrize(
    ("section", "word", "name"),
    [
        ("device_types", "C9300-24T", "C9300-24P"),
        ("device_types", "WS-C2960+24TC-L", "WS-C2960-24TC-L"),
        ("device_types", "Juniper C2960", "C2960"),
        ("sites", "Berlin A", "Berlin B"),
        ("sites", "DC East", "DC West"),
        ("sites", "Paris North", "Paris South"),
        ("sites", "Lyons", "Lyon"),
        ("sites", "Zurich", "Z\u00fcrich"),
        ("sites", "Hall 1/2", "Hall 12"),
        ("sites", "Floor -1", "Floor 1"),
        ("sites", "--", ".."),
        ("platforms", "Cisco IOS", "Cisco IOS XE"),
        ("platforms", "Cisco IOS", "IOS"),
    ],
)
def test_similar_names_are_not_mapped(section: str, word: str, name: str) -> None:
    assert only_fit(section, word, [NamedObject((name, ""), "Cisco")]) is None
    assert only_fit(section, name, [NamedObject((word, ""), "Cisco")]) is None


@pytest.mark.parametrize(
    ("section", "word", "name"),
    [
        ("sites", "berlin-a", "Berlin A"),
        ("sites", "DC1 (East)", "DC 1 East"),
        ("sites", "Z\u00dcRICH", "Zu\u0308rich"),
        ("sites", "Hall 1/2", "hall 1-2"),
        ("platforms", "iosxe", "IOS-XE"),
        ("device_types", "Cisco C-2960", "C2960"),
        ("device_types", "C2960", "Cisco C2960"),
        ("device_types", "cisco3850", "3850"),
    ],
)
def test_names_that_differ_in_case_spaces_or_punctuation_are_mapped(
    section: str, word: str, name: str
) -> None:
    assert only_fit(section, word, [NamedObject((name, ""), "Cisco")]) == name


def test_the_same_name_of_another_manufacturer_is_not_mapped() -> None:
    objects = [NamedObject(("X440", "x440", ""), "Extreme")]
    assert only_fit("device_types", "X-440", objects, ("Extreme", "Cisco")) == "X440"
    assert only_fit("device_types", "X-440", objects, ("Cisco",)) is None
    assert only_fit("platforms", "linux", [NamedObject(("Linux", "linux"))], ("Dell",)) == "Linux"


def test_a_name_that_means_two_objects_is_not_mapped() -> None:
    def fit(*objects: NamedObject) -> str | None:
        return only_fit("device_types", "C-2960", objects)

    one = NamedObject(("C2960", "c2960", ""), "Cisco")
    assert fit(one, NamedObject(("C9300", "c9300", "WS-C9300"), "Cisco")) == "C2960"
    assert fit(one, NamedObject(("C2960", "other-c2960", ""), "Other")) is None
    assert fit(one, NamedObject(("C 2960", "c-2960", ""), "Cisco")) is None
    # A part number that is the other's model.
    assert fit(one, NamedObject(("Catalyst", "catalyst", "c2960"), "Cisco")) is None
