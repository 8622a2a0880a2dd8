"""Which NetBox object a source's name surely means. Similar is not enough: `C9300-24T` is not `C9300-24P`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from netbox_sync_dagster.approve.netbox_names import NamedObject

_DASHES = "\\-\u2010-\u2015"
# Signs that only separate. Others have a meaning: WS-C2960+24TC-L is not WS-C2960-24TC-L.
_SEPARATORS = re.compile(rf"""[\s{_DASHES}_.,:;/\\|()\[\]{{}}'"\u2018\u2019\u201c\u201d]+""")
# Floor -1 is not floor 1.
_MINUS = re.compile(rf"(?<!\w)[{_DASHES}](?=\d)")
_BETWEEN_DIGITS = re.compile(r"(?<=\d) (?=\d)")


def only_fit(
    section: str, word: str, objects: Iterable[NamedObject], makers: Collection[str] = ()
) -> str | None:
    """The name of the only NetBox object with this name, apart from case, spaces and punctuation, and for device types
    from the manufacturer before it. None where there is no such object, several, or the name also means another one.

    ``makers``: the possible manufacturers, empty: any. An object of another one is never meant.
    """
    objects = list(objects)
    fits = [one for one in objects if _is_same(section, word, one)]
    if len(fits) != 1 or (makers and fits[0].manufacturer and fits[0].manufacturer not in makers):
        return None
    name = fits[0].names[0]
    meant = [one for one in objects if name.lower() in {other.lower() for other in one.names}]
    return name if len(meant) == 1 else None


def _is_same(section: str, word: str, one: NamedObject) -> bool:
    name, maker = one.names[0], one.manufacturer
    pairs = [(word, name)]
    if section == "device_types" and maker:
        pairs += [(word, f"{maker} {name}"), (f"{maker} {word}", name)]
    return bool(_plain(word)) and any(_plain(left) == _plain(right) for left, right in pairs)


def _plain(name: str) -> str:
    """The name without case, spaces and punctuation, but 1/2 and 12 stay different."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    spaced = _SEPARATORS.sub(" ", _MINUS.sub(" \u2212", text)).strip()
    kept = _BETWEEN_DIGITS.sub("\n", spaced)
    return kept.replace(" ", "")
