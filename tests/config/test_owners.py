"""Owners: what the configuration takes is what Dagster takes."""

from __future__ import annotations

import dagster as dg
import pytest

from netbox_sync_dagster.config.owners import check_owner


@pytest.mark.parametrize(
    "text", ["team:network", "team:Core-1.eu_x", "alice@example.com", "a.b+c@x.example.org"]
)
def test_it_takes_what_dagster_takes(text: str) -> None:
    assert check_owner(text) == text
    assert dg.AssetSpec("a", owners=[text]).owners == [text]


@pytest.mark.parametrize(
    "text",
    [
        *("", "alice", "team:", "team: x", "alice@example", "a b@example.com", "alice@example.com\n"),
        # Dagster refuses these, and the code location would not load.
        *("alice@example.technology", "@example.com"),
    ],
)
def test_it_refuses_everything_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"is neither an e-mail address nor a team, e\.g\. team:network"):
        check_owner(text)
