"""What NetBox takes of names and addresses: examples of the macros that decide it."""

from __future__ import annotations

import unicodedata

import pytest

from netbox_sync_dagster.compare.causes import sentence_of
from tests.sql.rules import Rules


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules()


def _said(rules: Rules, call: str) -> str | None:
    row = rules.con.execute(f"SELECT {call}").fetchone()
    assert row
    return sentence_of(row[0])


def test_a_name_is_short_enough_and_can_be_seen(rules: Rules) -> None:
    for call, said in (
        ("name_problem('sw1', 64)", None),
        ("name_problem(NULL, 64)", None),
        ("name_problem(repeat('x', 64), 64)", None),
        ("name_problem(repeat('x', 65), 64)", "the name has 65 characters; NetBox takes 64"),
        # Characters count, not bytes.
        ("name_problem(repeat('é', 64), 64)", None),
        (
            "name_problem('sw' || chr(8238) || '1', 64)",
            "the name contains U+202E, which cannot be seen; give it another name in the source",
        ),
        (
            "text_problem(repeat('x', 51), 50, 'it', 'serial')",
            "serial: it has 51 characters; NetBox takes 50",
        ),
        (
            "text_problem('a' || chr(7), 50, 'it', 'serial')",
            "serial: it contains U+0007, which cannot be seen; give it another name in the source",
        ),
    ):
        assert _said(rules, call) == said, call


def test_addresses_that_are_not_compared(rules: Rules) -> None:
    for host, family, prefixlen, said in (
        ("10.0.0.1", 4, 24, None),
        ("2001:db8::1", 6, 64, None),
        ("10.0.0.1", 4, None, "no prefix length"),
        ("10.0.0.1", 4, 33, "prefix length 33"),
        ("10.0.0.1", 4, 0, "prefix length 0"),
        ("2001:db8::1", 6, 129, "prefix length 129"),
        ("127.0.0.1", 4, 8, "loopback address"),
        ("169.254.0.1", 4, 16, "link-local address"),
        ("0.0.0.1", 4, 8, "no host address"),
        ("224.0.0.5", 4, 32, "multicast or reserved address"),
        ("255.255.255.255", 4, 32, "multicast or reserved address"),
        ("::", 6, 128, "loopback or unspecified address"),
        ("::1", 6, 128, "loopback or unspecified address"),
        ("fe80::1", 6, 64, "link-local address"),
        ("ff02::1", 6, 16, "multicast address"),
    ):
        length = "NULL" if prefixlen is None else prefixlen
        assert _said(rules, f"left_out_address('{host}', {family}, {length}, false)") == said, host
    assert _said(rules, "left_out_address('169.254.0.1', 4, 16, true)") is None
    # Those of IPv6 are of every interface.
    assert _said(rules, "left_out_address('fe80::1', 6, 64, true)") == "link-local address"


def test_the_ends_of_a_prefix_are_on_no_interface(rules: Rules) -> None:
    for host, family, prefixlen, which in (
        ("10.0.0.1", 4, 24, None),
        ("10.0.0.0", 4, 24, "network"),
        ("10.0.0.255", 4, 24, "broadcast"),
        ("10.0.0.0", 4, 31, None),
        ("10.0.0.0", 4, 32, None),
        ("2001:db8::", 6, 64, "network"),
        ("2001:db8::1", 6, 64, None),
        ("2001:db8::", 6, 127, None),
    ):
        said = which and (
            f"it is the {which} address of its prefix; NetBox takes no such address on an interface"
        )
        assert _said(rules, f"unassignable('{host}', {family}, {prefixlen})") == said, host


@pytest.mark.parametrize(
    ("text", "name", "serial"),
    [
        ("1", "1", None),
        ("A", "A", None),
        ("44", "44", None),
        ("XXXXXX", None, None),
        ("--", None, None),
        (" n/a ", None, None),
        ("FOC1", "FOC1", "FOC1"),
    ],
)
def test_a_single_letter_is_a_name_and_no_serial(
    rules: Rules, text: str, name: str | None, serial: str | None
) -> None:
    """Ports, bays and VLANs are called 1, A or 44; a serial number of one repeated character is a placeholder."""
    assert rules.rows(f"SELECT usable_name('{text}'), serial_number('{text}')") == [(name, serial)]


@pytest.mark.parametrize("text", ["-", "—", "…", "###", " - ", "•", "✓", "N/A", "aaaaa", "。", "？"])
def test_marks_and_repeated_characters_stand_for_nothing(rules: Rules, text: str) -> None:
    assert rules.con.execute("SELECT is_placeholder(?)", [text]).fetchone() == (True,)


@pytest.mark.parametrize("text", ["1", "A", "aaaa", "ª", "é", "中", "ß", "¹", "Ж", "א", "ｇ", "１"])
def test_letters_and_digits_of_any_script_are_a_name(rules: Rules, text: str) -> None:
    assert rules.con.execute("SELECT is_placeholder(?)", [text]).fetchone() == (False,)


def test_all_letters_and_digits_of_the_common_scripts_count_as_such(rules: Rules) -> None:
    blocks = [
        (0x20, 0x250),
        (0x370, 0x700),
        (0x900, 0x1100),
        (0x1E00, 0x2070),
        (0x3000, 0xA000),
        (0xAC00, 0xD7A4),
    ]
    texts = [chr(code) for start, end in blocks for code in range(start, end)]
    letters = [text for text in texts if unicodedata.category(text)[0] in "LN"]
    found = rules.con.execute(
        "SELECT t FROM unnest(?) AS texts(t) WHERE is_placeholder(t) AND lower(t) NOT IN ('-', '0')",
        [letters],
    ).fetchall()
    assert found == []


def test_the_32_hex_digits_of_an_address(rules: Rules) -> None:
    hosts = ["::", "::1", "1::", "fe80::1", "2001:db8::1:0:0:1", "1:2:3:4:5:6:7:8"]
    found = rules.con.execute("SELECT list_transform(?, lambda h: ipv6_hex(h))", [hosts]).fetchone()
    assert found == (
        [
            "00000000000000000000000000000000",
            "00000000000000000000000000000001",
            "00010000000000000000000000000000",
            "fe800000000000000000000000000001",
            "20010db8000000000001000000000001",
            "00010002000300040005000600070008",
        ],
    )
