"""Proxmox's tags: names, slugs and colours in NetBox."""

from __future__ import annotations

from tests.sql.estate import Estate
from tests.sql.kinds import guest, paris


def tags(estate: Estate) -> dict[str, str]:
    """{name: slug} of the tags that are created."""
    return {
        r.fields["name"]: r.fields["slug"]
        for r in estate.rows()
        if (r.resource, r.action) == ("tags", "create")
    }


def of_guests(estate: Estate) -> dict[str, list[str]]:
    return {r.key: r.fields["tags"] for r in estate.rows() if r.resource == "virtual_machines"}


def test_two_tags_of_one_slug_are_two_tags() -> None:
    estate = paris()
    guest(estate, 101, "t1", tags=["c++", "web.prod"])
    guest(estate, 102, "t2", tags=["c", "web-prod"])
    assert tags(estate) == {
        "c": "c",
        "c++": "c-plus-plus",
        "web-prod": "web-prod",
        "web.prod": "web-dot-prod",
    }
    assert of_guests(estate) == {"t1": ["c-plus-plus", "web-dot-prod"], "t2": ["c", "web-prod"]}


def test_a_tag_alone_has_the_plain_slug() -> None:
    estate = paris()
    guest(estate, 101, "t1", tags=["web.prod", "++"])
    assert tags(estate) == {"web.prod": "web-prod", "++": "plus-plus"}


def test_a_tag_of_the_configuration_with_the_slug_of_another_one_is_a_tag_of_its_own() -> None:
    estate = paris(defaults={"tags": {"virtual_machines": ["Web.Prod", "Prod"]}})
    guest(estate, 101, "t1", tags=["web-prod", "prod"])
    assert tags(estate) == {"Prod": "prod", "Web.Prod": "web-dot-prod", "web-prod": "web-prod"}
    assert of_guests(estate) == {"t1": ["prod", "web-dot-prod", "web-prod"]}


def test_a_tag_of_netbox_that_differs_in_separators_is_it() -> None:
    estate = paris()
    guest(estate, 101, "t1", tags=["web.prod", "c++"])
    estate.add("netbox.tags", id=1, name="Web Prod", slug="web-prod")
    estate.add("netbox.tags", id=2, name="C", slug="c")
    assert tags(estate) == {"c++": "c-plus-plus"}
    assert of_guests(estate) == {"t1": ["c-plus-plus", "web-prod"]}


def test_a_tag_of_a_slug_that_another_tag_has_in_netbox_gets_a_longer_one() -> None:
    """NetBox has web.prod since an earlier sync, under the plain slug."""
    estate = paris()
    guest(estate, 101, "t1", tags=["web.prod", "web-prod"])
    estate.add("netbox.tags", id=1, name="web.prod", slug="web-prod")
    assert tags(estate) == {"web-prod": "web-prod-61db05"}


def test_colours_are_those_of_proxmox() -> None:
    """The configured one, else the one that its web interface makes of the text."""
    estate = paris()
    guest(estate, 101, "t1", tags=["prod", "web.prod"])
    estate.add("proxmox.tag_styles", tag="prod", color="FF0000")
    assert {r.key: r.fields["color"] for r in estate.rows() if r.resource == "tags"} == {
        "prod": "ff0000",
        "web-prod": "ba9590",
    }


def test_of_two_tags_that_differ_in_case_the_one_in_lower_case_is_it() -> None:
    estate = paris()
    guest(estate, 101, "t1", tags=["web", "lab"])
    for number, (name, slug) in enumerate([("Web", "web"), ("web", "web-2"), ("LAB", "lab")]):
        estate.add("netbox.tags", id=number + 1, name=name, slug=slug)
    assert of_guests(estate) == {"t1": ["lab", "web-2"]}
