"""What is masked: every form in which a library, a URL or PHP repeats a credential, and nothing else."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

import pytest

from netbox_sync_dagster.config.secrets import forms_in_data, redact, remember
from netbox_sync_dagster.server_errors import ServerError

SECRET = "canary6/slash and space+ünusual"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        "canary6\\/slash and space+ünusual",
        "canary6/slash and space+\\u00fcnusual",
        "canary6\\/slash and space+\\u00fcnusual",
    ],
)
def test_every_form_is_masked(text: str) -> None:
    remember(SECRET)
    assert redact(f"before {text} after") == "before *** after"
    assert str(ServerError("netbox", f"it said {text}")) == "netbox: it said ***"
    assert ServerError("netbox", "no", body=text).body == "***"


def test_a_longer_secret_goes_before_a_part_of_it() -> None:
    remember("canary7key", "nbt_id.canary7key")
    assert redact("Bearer nbt_id.canary7key") == "Bearer ***"


def test_a_secret_of_three_letters_leaves_texts_readable() -> None:
    remember("abc")
    assert redact("the abc of networks") == "the abc of networks"


def test_a_short_password_is_not_masked_in_data() -> None:
    """It may be a name as well, and a name that is not compared would be one that is gone."""
    assert forms_in_data("paris-01") == ()
    assert b"canary6-twelve" in forms_in_data("canary6-twelve")
