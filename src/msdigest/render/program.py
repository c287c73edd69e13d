"""Programs at work: made ready once, joined for each choice and person, and written down as bytes.

An ``Assembly`` holds a program's literals as bytes in the coding of who takes them (as they are, escaped for JSON, or
quoted-printable), so that a message costs no more than choosing and joining.
"""

from __future__ import annotations

import binascii
import json
import re
import string
import zlib
from functools import lru_cache, reduce
from json.encoder import encode_basestring_ascii
from operator import or_
from typing import TYPE_CHECKING, Any, TypeAlias

from msdigest.model.compiled import MORE, Block, CompiledIssue, Program, Slot, Variant, brief_key, in_brief
from msdigest.render.pieces import choose, prepared
from msdigest.render.plain import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.compiled import Choice, Form, Node
    from msdigest.model.delivery import Coding

# Literal, name of a person's slot, literal, …, literal.
Parts: TypeAlias = "Sequence[bytes | str]"

_FORMAT = 2
_READABLE = (1, _FORMAT)
# Neither escaped by libxml2 in an address nor by HTML; a signed token needs no more.
_URL_SAFE = string.ascii_letters.encode() + string.digits.encode() + b"._~:/?=%+,;@-"
# What is never remembered, for it is nobody else's: a name, a token. Sentences are told to many.
_OF_ONE_PERSON = frozenset(("greeting", "leave_url"))
# How long a person's value may be when a size is told before anybody's values are known, in bytes.
ROOM_FOR_A_PERSON = 400
_LONGEST_QP_LINE = 76
# A blank or tab that ends a full line is escaped by the library where it stands: two or one beyond the limit.
_OVERLONG = re.compile(rb"^(.{74,75})(=09|=20)$", re.MULTILINE)


class Keys:
    """The keys of one compiled issue as bits, and what a choice is in them."""

    def __init__(self, compiled: CompiledIssue) -> None:
        """Number everything that can be chosen."""
        names = (*compiled.titles, *compiled.notices, *map(brief_key, compiled.ranking), MORE)
        self._bits = {name: 1 << place for place, name in enumerate(names)}
        self._brief = {entry: self._bits[brief_key(entry)] for entry in compiled.ranking}
        self._ranking = compiled.ranking

    def mask(self, choice: Choice) -> int:
        """Return the bits of ``choice``; raises ValueError unless all of it is of this issue."""
        bits, brief = self._bits, self._brief
        try:
            mask = reduce(or_, map(bits.__getitem__, choice.entries + choice.notices), bits[MORE] if choice.more else 0)
        except KeyError:
            message = "a choice holds only entries and notices of its issue"
            raise ValueError(message) from None
        return reduce(or_, map(brief.__getitem__, in_brief(self._ranking, choice.entries)), mask)

    def of(self, names: frozenset[str]) -> int:
        """Return the bits of ``names``."""
        return reduce(or_, map(self._bits.__getitem__, names), 0)


class Assembly:
    """One program in one coding, ready to be joined any number of times."""

    def __init__(self, program: Program, keys: Keys, *, coding: Coding = "plain") -> None:
        """Encode every literal of ``program`` once."""
        self.form, self.coding = program.form, coding
        self._html = program.form == "html"
        self._pieces = prepared(program.nodes, keys.of, _CODERS[coding])

    def parts(self, mask: int, values: Mapping[str, str]) -> Parts:
        """Join for a choice: literal, name of a person's slot, literal, …, literal.

        values: the selection's, by slot name, not escaped (see ``email.selection_values``).
        """
        pieces, holes = choose(self._pieces, mask)
        parts: list[bytes | str] = []
        begin = 0
        for hole in holes:
            slot: Slot = pieces[hole]
            if slot.scope == "selection":
                pieces[hole] = self.value(slot.name, values[slot.name])
            else:
                parts += (b"".join(pieces[begin:hole]), slot.name)
                begin = hole + 1
        parts.append(b"".join(pieces[begin:]))
        return parts

    def join(self, mask: int, values: Mapping[str, bytes]) -> bytes:
        """Join for one person; ``values``: of all slots, as ``value`` writes them."""
        pieces, holes = choose(self._pieces, mask)
        for hole in holes:
            pieces[hole] = values[pieces[hole].name]
        return b"".join(pieces)

    def value(self, name: str, value: str) -> bytes:
        """Return ``value`` as it stands in the slot ``name`` of this body; raises ValueError (see ``fill``)."""
        return _coded(name, value, self._html, self.coding)


def join(parts: Parts, values: Mapping[str, str], *, form: Form, coding: Coding = "plain") -> bytes:
    """Fill the person slots of what ``Assembly.parts`` returned; ``values`` by slot name, not escaped."""
    return b"".join(filled(parts, values, form=form, coding=coding))


def filled(parts: Parts, values: Mapping[str, str], *, form: Form, coding: Coding = "plain") -> list[bytes]:
    """Return what ``join`` joins, for whoever puts more around it: a body is long, and each copy of it takes time."""
    whole: list[Any] = list(parts)
    html = form == "html"
    for place in range(1, len(whole), 2):
        name = str(whole[place])
        whole[place] = _coded(name, values[name], html, coding)
    return whole


def fill(name: str, value: str, *, html: bool) -> str:
    """Return ``value`` as it stands in the slot ``name``: on one line, without controls, escaped in HTML.

    Escapes as libxml2 writes text: ``&``, ``<``, ``>`` and nothing else. A slot whose name ends in ``_url`` takes
    only characters that mean the same in an address, in HTML and in text; raises ValueError (without the value).
    """
    return (_shown if name in _OF_ONE_PERSON else _shown_before)(name, value, html)


def quoted(name: str, value: str, html: bool) -> str:  # noqa: FBT001  # a dozen times a message
    """Return what ``fill`` does as a string of JSON in ASCII, with its quotes: as ``json.dumps`` writes it."""
    return (_quoted if name in _OF_ONE_PERSON else _quoted_before)(name, value, html)


def _coded(name: str, value: str, html: bool, coding: Coding) -> bytes:  # noqa: FBT001  # a dozen times a message
    return (_made if name in _OF_ONE_PERSON else _made_before)(name, value, html, coding)


def _shown(name: str, value: str, html: bool) -> str:  # noqa: FBT001  # as above
    if name.endswith("_url"):
        if not value.isascii() or value.encode().translate(None, _URL_SAFE):
            message = f"the value of {name} has characters that do not belong into an address"
            raise ValueError(message)
        return value
    line = one_line(value)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") if html else line


def _made(name: str, value: str, html: bool, coding: Coding) -> bytes:  # noqa: FBT001  # as above
    return _CODERS[coding](_shown(name, value, html))


def _quoted(name: str, value: str, html: bool) -> str:  # noqa: FBT001  # as above
    return encode_basestring_ascii(_shown(name, value, html))


_shown_before = lru_cache(maxsize=4_096)(_shown)
_made_before = lru_cache(maxsize=4_096)(_made)
_quoted_before = lru_cache(maxsize=4_096)(_quoted)


def size(parts: Parts, person: Mapping[str, str], *, form: Form) -> int:
    """Return how many bytes a body has; a slot that ``person`` lacks counts as ``ROOM_FOR_A_PERSON``."""
    html = form == "html"
    slots = (
        len(fill(str(name), person[str(name)], html=html).encode()) if name in person else ROOM_FOR_A_PERSON
        for name in parts[1::2]
    )
    return sum(map(len, parts[::2])) + sum(slots)


def _plain(text: str) -> bytes:
    return text.encode()


def _json(text: str) -> bytes:
    # Most values need no escape, and to see that takes a fifth of the time.
    if text.isprintable() and '"' not in text and "\\" not in text:
        return text.encode()
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()


def _mime(text: str) -> bytes:
    """Encode as quoted-printable that ends a line, so that pieces can be put behind each other."""
    coded = binascii.b2a_qp(text.encode(), istext=True)
    if b"=09\n" in coded or b"=20\n" in coded:
        coded = _OVERLONG.sub(rb"\1=\n\2", coded)
    begun = len(coded) - coded.rfind(b"\n") - 1
    if begun == _LONGEST_QP_LINE:
        # No room for the break: an escape (=C3) is not cut.
        place = len(coded) - 3 if b"=" in coded[-3:] else len(coded) - 1
        coded = coded[:place] + b"=\n" + coded[place:]
    return (coded + b"=\n" if begun else coded).replace(b"\n", b"\r\n")


_CODERS: Mapping[Coding, Callable[[str], bytes]] = {"plain": _plain, "json": _json, "mime": _mime}


def encode(compiled: CompiledIssue) -> bytes:
    """Return ``compiled`` as bytes to keep with the issue; the same issue gives the same bytes."""
    variant = compiled.variant
    document = {
        "format": _FORMAT,
        "variant": [variant.language, variant.theme, variant.neutral, variant.audience],
        "subject": compiled.subject,
        "titles": compiled.titles,
        "words": compiled.words,
        "ranking": compiled.ranking,
        "notices": compiled.notices,
        "meetings": compiled.meetings,
        "html": _written(compiled.html.nodes),
        "text": _written(compiled.text.nodes),
    }
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), 9)


def decode(stored: bytes) -> CompiledIssue:
    """Return what ``encode`` wrote down; raises ValueError for anything else."""
    try:
        document = json.loads(zlib.decompress(stored))
    except zlib.error as error:
        message = "these bytes are no compiled issue"
        raise ValueError(message) from error
    if document.get("format") not in _READABLE:
        message = f"this compiled issue has the format {document.get('format')}, not {_FORMAT}"
        raise ValueError(message)
    # The first format wrote an entry as its place.
    ids = tuple(document["titles"])
    return CompiledIssue(
        variant=Variant(*document["variant"]),
        subject=document["subject"],
        html=Program("html", _read(document["html"], ids)),
        text=Program("text", _read(document["text"], ids)),
        titles=document["titles"],
        words=document["words"],
        ranking=tuple(document.get("ranking", ())),
        notices=document.get("notices", {}),
        meetings=document.get("meetings", {}),
    )


def _written(nodes: Sequence[Node]) -> list[Any]:
    """Write a literal as a string, a slot as [name, scope, url], a block as {k: keys, u: unless, n: nodes}."""
    written: list[Any] = []
    for node in nodes:
        if isinstance(node, Slot):
            written.append([node.name, node.scope, node.url])
        elif isinstance(node, Block):
            unless = {"u": sorted(node.unless)} if node.unless else {}
            written.append({"k": sorted(node.keys), **unless, "n": _written(node.nodes)})
        else:
            written.append(node)
    return written


def _read(written: Sequence[Any], ids: Sequence[str]) -> tuple[Node, ...]:
    nodes: list[Node] = []
    for node in written:
        if isinstance(node, str):
            nodes.append(node)
        elif isinstance(node, list):
            nodes.append(Slot(*node))
        else:
            keys = node["k"] if "k" in node else [ids[place] for place in node["e"]]
            nodes.append(Block(frozenset(keys), _read(node["n"], ids), frozenset(node.get("u", ()))))
    return tuple(nodes)
