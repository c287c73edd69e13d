"""Programs at work: joined for a selection, filled for a person, measured, and written down as bytes."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from msdigest.model.compiled import Block, CompiledIssue, Program, Slot, Variant
from msdigest.render.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from msdigest.model.compiled import Form, Node

_FORMAT = 1
# Neither escaped by libxml2 in an address nor by HTML; a signed token needs no more.
_URL_SAFE = re.compile(r"[A-Za-z0-9._~:/?=%+,;@-]*")
# How long a person's value may be when a size is told before anybody's values are known, in bytes.
ROOM_FOR_A_PERSON = 400


def assemble(program: Program, entries: Collection[str], values: Mapping[str, str]) -> list[str]:
    """Join ``program`` for a selection: literal, name of a person slot, literal, …, literal.

    values: the selection's, by slot name, not escaped (see ``email.selection_values``).
    """
    parts: list[str] = []
    literal: list[str] = []

    def walk(nodes: Sequence[Node]) -> None:
        for node in nodes:
            if isinstance(node, str):
                literal.append(node)
            elif isinstance(node, Block):
                if not node.entries.isdisjoint(entries):
                    walk(node.nodes)
            elif node.scope == "selection":
                literal.append(fill(node.name, values[node.name], html=program.form == "html"))
            else:
                parts.extend(("".join(literal), node.name))
                literal.clear()

    walk(program.nodes)
    parts.append("".join(literal))
    return parts


def join(parts: Sequence[str], values: Mapping[str, str], *, html: bool) -> str:
    """Fill the person slots of what ``assemble`` returned; ``values`` by slot name, not escaped."""
    whole = list(parts)
    for place in range(1, len(whole), 2):
        whole[place] = fill(whole[place], values[whole[place]], html=html)
    return "".join(whole)


def fill(name: str, value: str, *, html: bool) -> str:
    """Return ``value`` as it stands in the slot ``name``: on one line, without controls, escaped in HTML.

    Escapes as libxml2 writes text: ``&``, ``<``, ``>`` and nothing else. A slot whose name ends in ``_url`` takes
    only characters that mean the same in an address, in HTML and in text; raises ValueError (without the value).
    """
    if name.endswith("_url"):
        if not _URL_SAFE.fullmatch(value):
            message = f"the value of {name} has characters that do not belong into an address"
            raise ValueError(message)
        return value
    line = one_line(value)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") if html else line


def size(program: Program, entries: Collection[str], values: Mapping[str, str], *, person: Mapping[str, str]) -> int:
    """Return how many bytes of UTF-8 a selection has; a slot that ``person`` lacks counts as ``ROOM_FOR_A_PERSON``."""
    parts = assemble(program, entries, values)
    literals = sum(len(part.encode()) for part in parts[::2])
    html = program.form == "html"
    slots = (
        len(fill(name, person[name], html=html).encode()) if name in person else ROOM_FOR_A_PERSON
        for name in parts[1::2]
    )
    return literals + sum(slots)


def encode(compiled: CompiledIssue) -> bytes:
    """Return ``compiled`` as bytes to keep with the issue; the same issue gives the same bytes."""
    variant = compiled.variant
    places = {entry: place for place, entry in enumerate(compiled.titles)}
    document = {
        "format": _FORMAT,
        "variant": [variant.language, variant.theme, variant.neutral, variant.audience],
        "subject": compiled.subject,
        "titles": compiled.titles,
        "words": compiled.words,
        "html": _written(compiled.html.nodes, places),
        "text": _written(compiled.text.nodes, places),
    }
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), 9)


def decode(stored: bytes) -> CompiledIssue:
    """Return what ``encode`` wrote down; raises ValueError for anything else."""
    try:
        document = json.loads(zlib.decompress(stored))
    except zlib.error as error:
        message = "these bytes are no compiled issue"
        raise ValueError(message) from error
    if document.get("format") != _FORMAT:
        message = f"this compiled issue has the format {document.get('format')}, not {_FORMAT}"
        raise ValueError(message)
    ids = tuple(document["titles"])
    return CompiledIssue(
        variant=Variant(*document["variant"]),
        subject=document["subject"],
        html=_program("html", document["html"], ids),
        text=_program("text", document["text"], ids),
        titles=document["titles"],
        words=document["words"],
    )


def _written(nodes: Sequence[Node], places: Mapping[str, int]) -> list[Any]:
    """Write a literal as a string, a slot as [name, scope, url], a block as {e: places of its entries, n: nodes}."""
    written: list[Any] = []
    for node in nodes:
        if isinstance(node, Slot):
            written.append([node.name, node.scope, node.url])
        elif isinstance(node, Block):
            entries = sorted(places[entry] for entry in node.entries)
            written.append({"e": entries, "n": _written(node.nodes, places)})
        else:
            written.append(node)
    return written


def _program(form: Form, written: Sequence[Any], ids: Sequence[str]) -> Program:
    return Program(form, _read(written, ids))


def _read(written: Sequence[Any], ids: Sequence[str]) -> tuple[Node, ...]:
    nodes: list[Node] = []
    for node in written:
        if isinstance(node, str):
            nodes.append(node)
        elif isinstance(node, list):
            nodes.append(Slot(*node))
        else:
            nodes.append(Block(frozenset(ids[place] for place in node["e"]), _read(node["n"], ids)))
    return tuple(nodes)
