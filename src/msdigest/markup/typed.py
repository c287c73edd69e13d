"""Text that people type becomes HTML: its paragraphs, its lines, and the addresses in it as links."""

from __future__ import annotations

import re
from html import escape

from msdigest.markup.clean import clean
from msdigest.markup.links import absolute
from msdigest.markup.text import without_controls

_ADDRESS = re.compile(r"https?://[^\s<>\"'`]{1,2000}", re.IGNORECASE)
# What ends a sentence rather than an address.
_AFTER = ".,;:!?…"
_CLOSES = {")": "(", "]": "[", "}": "{"}


def paragraphs(text: str) -> str:
    """Return ``text`` as clean HTML: blank lines part its paragraphs, lines stay lines; tags in it are mere words."""
    lines = without_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    parts = (part.strip("\n") for part in re.split(r"\n[ \t]*\n", lines) if part.strip())
    html = "".join(f"<p>{'<br>'.join(_linked(line.strip()) for line in part.split(chr(10)))}</p>" for part in parts)
    return clean(html, base_url="")


def web_link(words: str) -> str:
    """Return a typed address, absolute; raises ValueError if it is none of the web."""
    told = words.strip()
    found = absolute(told, "")
    if not found.startswith(("http://", "https://")) or re.search(r"\s", told) or "@" in found.split("/")[2]:
        # Where a password may stand nothing is repeated.
        shown = "it" if "@" in told else repr(told)
        message = f"{shown} is no web address: write http:// or https:// and a host, without a name or password"
        raise ValueError(message)
    return found


def _linked(line: str) -> str:
    """Return one line with its addresses as links."""
    html, end = [], 0
    for found in _ADDRESS.finditer(line):
        address = _without_sentence(found[0])
        start = found.start()
        if absolute(address, ""):
            html += [escape(line[end:start]), f'<a href="{escape(address)}">{escape(address)}</a>']
            end = start + len(address)
    return "".join((*html, escape(line[end:])))


def _without_sentence(address: str) -> str:
    """Take off what belongs to the sentence around an address: a full stop, a bracket that it does not open."""
    end = len(address)
    # It begins with letters: something of it always stays.
    while (last := address[end - 1]) in _AFTER or address.count(last, 0, end) > address.count(
        _CLOSES.get(last, last), 0, end
    ):
        end -= 1
    return address[:end]
