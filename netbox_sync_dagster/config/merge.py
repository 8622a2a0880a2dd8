"""Adds lines to the ``mappings`` of one endpoint in the configuration file. Nothing else in the file changes.

The places come from the parsed file; the lines are inserted into its text, so comments, order and layout stay. The result
is parsed and compared with what was meant before anybody gets it.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.tokens import AliasToken, AnchorToken, TagToken

from netbox_sync_dagster.config.load import parse_config
from netbox_sync_dagster.config.new_lines import NewLines
from netbox_sync_dagster.errors import UserError
from netbox_sync_dagster.text import quoted

_STEP = "  "
_OPEN = "# mappings:   # remove the # of the lines that you fill in"


class CannotMerge(UserError):
    """The file cannot be changed safely; the sentence says why."""


@dataclass(frozen=True)
class Merged:
    """The new text of the file. ``left``: (section, line) that have no place in it, because a section is in braces."""

    text: str
    left: tuple[tuple[str, str], ...] = ()


def merge_mappings(file: Path, text: str, endpoint: str, sections: Mapping[str, NewLines]) -> Merged:
    """The file with the new lines in the mappings of an endpoint; lines to fill in are comments.

    Raises CannotMerge for anchors, aliases and tags there, and ConfigError if the result is not valid.
    """
    try:
        root = YAML(typ="rt").compose(text)
        item = _endpoint(root, endpoint)
        edits = _Edits(text, item)
        _refuse_shared(file, text, endpoint, item)
        _add(edits, item, sections)
        result = edits.applied()
        _check(file, endpoint, text, result, sections)
    except (YAMLError, StopIteration, ValueError) as error:
        raise CannotMerge(_by_hand(file, endpoint, f"it has an unusual form ({error})")) from None
    parse_config(file, result)
    return Merged(result, tuple(edits.left))


class _Edits:
    """Insertions into a text, by character."""

    def __init__(self, text: str, item: MappingNode) -> None:
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.text = text if text.endswith("\n") else text + self.newline
        self.span = text[item.start_mark.index : item.end_mark.index]
        self.left: list[tuple[str, str]] = []
        self._edits: dict[int, str] = {}

    def below(self, index: int, lines: list[str]) -> None:
        """Insert lines below the line of a character."""
        place = self.text.index("\n", index) + 1
        self._insert(place, "".join(f"{line}{self.newline}" for line in lines))

    def before_example(self, item: MappingNode, indent: str) -> int:
        """A character in the line above ``# mappings:``, the example of the file that ``init`` writes; without one, of the
        endpoint's last setting."""
        end = _end(item)
        start = self.text.index("\n", end) + 1
        for line in self.text[start:].splitlines(keepends=True):
            if line.rstrip() == f"{indent}# mappings:":
                return start - 1
            # Another setting, or an endpoint, of which all lines may be comments.
            if (line.strip() and not line.lstrip().startswith("#")) or line.lstrip("# ").startswith("- "):
                break
            start += len(line)
        return end

    def in_braces(self, node: MappingNode, entries: list[str]) -> None:
        """Insert entries behind the last one in braces."""
        if entries and node.value:
            self._insert(node.value[-1][1].end_mark.index, f", {', '.join(entries)}")
        elif entries:
            self._insert(node.end_mark.index - 1, ", ".join(entries))

    def _insert(self, index: int, added: str) -> None:
        self._edits[index] = self._edits.get(index, "") + added

    def is_there(self, word: str) -> bool:
        """Whether the endpoint has a comment for the word."""
        return f"# {quoted(word)}:" in self.span

    def applied(self) -> str:
        """The text with all insertions."""
        text = self.text
        for index in sorted(self._edits, reverse=True):
            text = text[:index] + self._edits[index] + text[index:]
        return text


def _add(edits: _Edits, item: MappingNode, sections: Mapping[str, NewLines]) -> None:
    key, node = _entry(item, "mappings")
    if item.flow_style or _is_flow(node):
        _add_in_braces(edits, item, node, sections)
        return
    if key is None or not isinstance(node, MappingNode):
        indent = " " * (key or item.value[0][0]).start_mark.column
        lines = _new_sections(edits, sections, indent + _STEP)
        if not lines:
            return
        is_open = all(line.lstrip().startswith("#") for line in lines)
        head = [] if key is not None else [indent + (_OPEN if is_open else "mappings:")]
        edits.below(
            key.end_mark.index if key is not None else edits.before_example(item, indent), head + lines
        )
        return
    known = {name.value: (name, value) for name, value in node.value}
    for name, more in sections.items():
        if name in known:
            _add_to_section(edits, *known[name], more)
    indent = " " * node.value[0][0].start_mark.column
    new = {name: lines for name, lines in sections.items() if name not in known}
    edits.below(_end(node), _new_sections(edits, new, indent))


def _add_to_section(edits: _Edits, key: Node, node: Node, new: NewLines) -> None:
    if isinstance(node, MappingNode) and node.flow_style:
        edits.in_braces(node, _entries(new))
        edits.left += [(key.value, line) for line in new.open.values()]
        return
    block = isinstance(node, MappingNode)
    column = node.value[0][0].start_mark.column if block else key.start_mark.column + len(_STEP)
    edits.below(_end(node) if block else key.end_mark.index, _lines(edits, new, " " * column))


def _add_in_braces(
    edits: _Edits, item: MappingNode, node: Node | None, sections: Mapping[str, NewLines]
) -> None:
    known = {name.value: value for name, value in node.value} if isinstance(node, MappingNode) else {}
    new = []
    for name, lines in sections.items():
        edits.left += [(name, line) for line in lines.open.values()]
        if isinstance(known.get(name), MappingNode):
            edits.in_braces(known[name], _entries(lines))
        elif lines.mapped:
            new.append(f"{quoted(name)}: {{{', '.join(_entries(lines))}}}")
    if isinstance(node, MappingNode):
        edits.in_braces(node, new)
    elif new:
        edits.in_braces(item, [f'"mappings": {{{", ".join(new)}}}'])


def _new_sections(edits: _Edits, sections: Mapping[str, NewLines], indent: str) -> list[str]:
    found = []
    for name, new in sections.items():
        if lines := _lines(edits, new, indent + _STEP):
            found += [f"{indent}{'' if new.mapped else '# '}{name}:", *lines]
    return found


def _lines(edits: _Edits, new: NewLines, indent: str) -> list[str]:
    return [f"{indent}{entry}" for entry in _entries(new)] + [
        f"{indent}# {line}" for word, line in new.open.items() if not edits.is_there(word)
    ]


def _entries(new: NewLines) -> list[str]:
    return [f"{quoted(word)}: {quoted(name)}" for word, name in new.mapped.items()]


def _endpoint(root: Any, name: str) -> MappingNode:
    _, endpoints = _entry(root, "endpoints")
    assert isinstance(endpoints, SequenceNode)
    for item in endpoints.value:
        _, value = _entry(item, "name")
        if value is not None and value.value == name:
            assert isinstance(item, MappingNode)
            return item
    raise StopIteration(f"no endpoint '{name}'")


def _entry(node: Node, name: str) -> tuple[ScalarNode, Node] | tuple[None, None]:
    """The key and the value of an entry."""
    return next(((key, value) for key, value in node.value if key.value == name), (None, None))


def _is_flow(node: Node | None) -> bool:
    return isinstance(node, MappingNode) and bool(node.flow_style)


def _end(node: Node) -> int:
    """The last character of a node's content."""
    if isinstance(node, MappingNode) and node.value and not node.flow_style:
        key, value = node.value[-1]
        return max(key.end_mark.index - 1, _end(value))
    if isinstance(node, SequenceNode) and node.value and not node.flow_style:
        return _end(node.value[-1])
    return max(node.end_mark.index - 1, 0)


def _refuse_shared(file: Path, text: str, endpoint: str, item: MappingNode) -> None:
    """Raise CannotMerge if a change of the endpoint's mappings may change others."""
    marks = [
        token for token in YAML(typ="rt").scan(text) if isinstance(token, AliasToken | AnchorToken | TagToken)
    ]
    key, _ = _entry(item, "mappings")
    after = [
        other.start_mark.index
        for other, _ in item.value
        if key and other.start_mark.index > key.start_mark.index
    ]
    last = min(after, default=item.end_mark.index)
    found = [one for one in marks if key and key.start_mark.index <= one.start_mark.index < last]
    merged = next((other for other, _ in item.value if other.value == "<<"), None)
    if not found and merged is None and not item.anchor:
        return
    line = (found[0] if found else merged or item).start_mark.line + 1
    why = "the mappings of the endpoint use a YAML anchor, alias or tag (&, *, <<, !), which other parts may share"
    raise CannotMerge(_by_hand(file, endpoint, why, line))


def _by_hand(file: Path, endpoint: str, why: str, line: int | None = None) -> str:
    where = f"{file}:{line}" if line else str(file)
    return f"{where}: nothing was written: {why}; add the lines by hand: netbox-sync mappings {endpoint} --missing"


def _check(file: Path, endpoint: str, before: str, after: str, sections: Mapping[str, NewLines]) -> None:
    """Raise CannotMerge unless the new text means the old one with the new lines."""
    yaml = YAML(typ="safe", pure=True)
    wanted, found = copy.deepcopy(yaml.load(before)), yaml.load(after)
    item = next(one for one in wanted["endpoints"] if one["name"] == endpoint)
    for name, new in sections.items():
        if new.mapped:
            mappings = item["mappings"] = item.get("mappings") or {}
            mappings[name] = {**(mappings.get(name) or {}), **new.mapped}
    if item.get("mappings") is None:
        item.pop("mappings", None)
        mine = next(one for one in found["endpoints"] if one["name"] == endpoint)
        if mine.get("mappings") is None:
            mine.pop("mappings", None)
    if wanted != found:
        raise CannotMerge(_by_hand(file, endpoint, "the lines do not fit its form"))
