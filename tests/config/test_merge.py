"""New mappings in a configuration file: everything else in it stays as people wrote it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netbox_sync_dagster.config.errors import ConfigError
from netbox_sync_dagster.config.merge import CannotMerge, merge_mappings
from netbox_sync_dagster.config.new_lines import NewLines

FILE = Path("netbox_sync.yaml")
START = """\
# Ours.
netbox: {url: 'https://n.example.com'}   # the only one

endpoints:
- name: other
  kind: librenms
  url: https://o.example.com
  # The switches.
- name: nms
  kind: librenms
  url: https://l.example.com
"""
END = """\

# After the endpoints.
owners: ["team:network"]
"""
ONE = {"sites": NewLines({"Lyon: rack 4": "lyon"})}
OPEN = {"roles": NewLines(open={"network": '"network": ""  # 4 objects'})}


def merged(mappings: str, sections: dict[str, NewLines]) -> str:
    """What is between START and END after the merge."""
    text = merge_mappings(FILE, START + mappings + END, "nms", sections).text
    assert text.startswith(START) and text.endswith(END)
    return text[len(START) : len(text) - len(END)]


def test_an_endpoint_without_mappings_gets_them_behind_its_settings() -> None:
    assert merged("  # policies:\n", ONE | OPEN) == (
        "  mappings:\n"
        "    sites:\n"
        '      "Lyon: rack 4": "lyon"\n'
        "    # roles:\n"
        '      # "network": ""  # 4 objects\n'
        "  # policies:\n"
    )


def test_new_mappings_stand_where_the_file_of_init_has_its_example() -> None:
    """Not between a setting and the commented alternative of it."""
    before = (
        "  import_devices: all\n"
        "  # import_devices:          # every line that is given must match one of its values\n"
        "  #   location: [Paris]\n"
        "\n"
        "  # From the words of the source (left) to NetBox's (right).\n"
    )
    example = "  # mappings:\n  #   sites: {Paris: par}\n  # policies:\n"
    new = '  mappings:\n    sites:\n      "Lyon: rack 4": "lyon"\n'
    assert merged(before + example, ONE) == before + new + example
    # The example of another endpoint, all of which is a comment.
    before, after = "  import_devices: all\n", "  # - name: more\n  # mappings:\n"
    assert merged(before + after, ONE) == before + new + after


def test_lines_to_fill_in_alone_are_comments() -> None:
    assert merged("", OPEN) == (
        "  # mappings:   # remove the # of the lines that you fill in\n"
        "    # roles:\n"
        '      # "network": ""  # 4 objects\n'
    )


def test_new_lines_follow_those_of_their_section() -> None:
    before = (
        "  mappings:\n"
        "      # By floor.\n"
        "      sites:\n"
        "        Paris: 'par'     # head office\n"
        "\n"
        "      roles: {ios: switch,  # all of them\n"
        "              nxos: switch}\n"
        "      vrfs:\n"
        "      platforms: {}\n"
        "  policies: {}\n"
    )
    sections = {
        "sites": NewLines({"Lyon: rack 4": "lyon"}, {"Nice": '"Nice": ""'}),
        "roles": NewLines({"junos": "router"}),
        "vrfs": NewLines({"blue": "Blue"}),
        "platforms": NewLines({"ios": "IOS"}),
        "device_types": NewLines({"C1": "C-1"}),
    }
    assert merged(before, sections) == (
        "  mappings:\n"
        "      # By floor.\n"
        "      sites:\n"
        "        Paris: 'par'     # head office\n"
        '        "Lyon: rack 4": "lyon"\n'
        '        # "Nice": ""\n'
        "\n"
        "      roles: {ios: switch,  # all of them\n"
        '              nxos: switch, "junos": "router"}\n'
        "      vrfs:\n"
        '        "blue": "Blue"\n'
        '      platforms: {"ios": "IOS"}\n'
        "      device_types:\n"
        '        "C1": "C-1"\n'
        "  policies: {}\n"
    )


def test_a_second_merge_repeats_no_comment() -> None:
    once = merge_mappings(FILE, START + END, "nms", ONE | OPEN).text
    assert merge_mappings(FILE, once, "nms", OPEN).text == once


def test_line_ends_of_windows_and_a_last_line_without_end_stay() -> None:
    text = (START + "  mappings:\n    roles: {}").replace("\n", "\r\n")
    assert merge_mappings(FILE, text, "nms", ONE).text == (
        text + '\r\n    sites:\r\n      "Lyon: rack 4": "lyon"\r\n'
    )


def test_a_file_in_json_stays_json() -> None:
    endpoint = {"name": "nms", "kind": "librenms", "url": "https://l.example.com"}
    content = {"netbox": {"url": "https://n.example.com"}, "endpoints": [endpoint]}
    done = merge_mappings(FILE, json.dumps(content, indent=1), "nms", ONE | OPEN)
    assert json.loads(done.text)["endpoints"][0]["mappings"] == {"sites": {"Lyon: rack 4": "lyon"}}
    # A comment has no place there.
    assert done.left == (("roles", '"network": ""  # 4 objects'),)

    again = merge_mappings(FILE, done.text, "nms", {"sites": NewLines({"Nice": "nice"})})
    assert json.loads(again.text)["endpoints"][0]["mappings"]["sites"] == {
        "Lyon: rack 4": "lyon",
        "Nice": "nice",
    }


@pytest.mark.parametrize("name", ["a\u202eb", 'say "no"', "back\\slash", "# no comment", "a\nb", "yes"])
def test_any_name_of_a_source_is_one_line_that_means_it(name: str) -> None:
    text = merge_mappings(FILE, START + END, "nms", {"sites": NewLines({name: name})}).text
    assert len(text.splitlines()) == len((START + END).splitlines()) + 3
    assert merge_mappings(FILE, text, "nms", {}).text == text


@pytest.mark.parametrize(
    "mappings",
    [
        "  mappings: &shared\n    roles: {a: b}\n- {name: x, kind: docker, url: 'http://d', mappings: *shared}\n",
        "  mappings:\n    roles: &shared {a: b}\n    platforms: *shared\n",
        "  <<: {mappings: {roles: {a: b}}}\n",
    ],
)
def test_shared_parts_of_a_file_are_refused(mappings: str) -> None:
    with pytest.raises(CannotMerge) as refused:
        merge_mappings(FILE, START + mappings + END, "nms", ONE)
    assert "nothing was written: the mappings of the endpoint use a YAML anchor, alias or tag" in str(
        refused.value
    )
    assert str(refused.value).endswith("add the lines by hand: netbox-sync mappings nms --missing")


def test_an_anchor_elsewhere_does_not_matter() -> None:
    text = (
        START
        + "  defaults: &d {site: a}\n- {name: x, kind: librenms, url: 'https://x', defaults: *d}\n"
        + END
    )
    assert (
        "  defaults: &d {site: a}\n  mappings:\n    sites:\n" in merge_mappings(FILE, text, "nms", ONE).text
    )


def test_a_result_that_does_not_load_is_an_error() -> None:
    text = START + "  mappings: {sites: {Paris: a}}\n"
    with pytest.raises(ConfigError, match="'Paris' and 'PARIS' differ only in case"):
        merge_mappings(FILE, text, "nms", {"sites": NewLines({"PARIS": "b"})})
