"""A call to SendGrid as bytes: one letter with marks in it, and for each recipient what stands there.

A mark is replaced wherever it stands, as it is. So ours are made from the letter's own content: who writes in a blog
cannot know them beforehand.
"""

from __future__ import annotations

import hashlib
import json
import re
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from msdigest.postal.bodies import with_placeholders
from msdigest.providers.sendgrid.hearing import ATTEMPT, DELIVERY
from msdigest.render.plain import one_line
from msdigest.render.program import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.model.delivery import Letter, Recipient

# How SendGrid's own marks begin, e.g. the one for its own way to leave.
_FOREIGN, _FOREIGN_BYTES = re.compile("<%"), re.compile(b"<%")
# What ends a name or begins another mailbox, where a name is put beside an address without quotes.
_UNSAFE_IN_NAMES = re.compile(r'[,;:<>()\[\]"\\@]+|=\?|\?=')
_OFF: dict[str, Any] = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}


def written(letter: Letter, people: Sequence[Recipient], *, attempt: str) -> bytes:
    """Return the body of a call; the same arguments give the same bytes."""
    mark = _mark(letter)
    slots = [
        (f"{mark}{prefix}-{name}-", name, html)
        for prefix, html, parts in (("h", True, letter.html), ("t", False, letter.text))
        for name in dict.fromkeys(map(str, parts[1::2]))
    ]
    shared = {
        "from": _sender(letter.sender),
        "subject": _FOREIGN.sub("<％", letter.subject),
        "categories": [f"issue-{letter.issue}"],
        "headers": {**letter.headers, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        "tracking_settings": _OFF,
        "personalizations": [_personal(person, slots, attempt=attempt) for person in people],
    }
    return b"".join(
        (
            _json(shared)[:-1],
            b',"content":[{"type":"text/plain","value":"',
            _body(letter.text, f"{mark}t"),
            b'"},{"type":"text/html","value":"',
            _body(letter.html, f"{mark}h"),
            b'"}]}',
        )
    )


def _mark(letter: Letter) -> str:
    """Return how our marks begin: 64 bits that follow from the letter and do not occur in it."""
    content = b"\0".join((letter.subject.encode(), *letter.html[::2], *letter.text[::2]))  # type: ignore[arg-type]  # literals
    digest = hashlib.sha256(content).hexdigest()[:16]
    return f"-{digest}"


def _personal(person: Recipient, slots: Sequence[tuple[str, str, bool]], *, attempt: str) -> dict[str, Any]:
    """Return one person's part; ``slots``: mark, name of the slot, whether in HTML."""
    name = " ".join(one_line(_UNSAFE_IN_NAMES.sub(" ", person.name)).split())
    return {
        "to": [{"email": person.address, **({"name": name} if name else {})}],
        "headers": {"List-Unsubscribe": f"<{person.leave_url}>"},
        "custom_args": {DELIVERY: person.delivery, ATTEMPT: attempt},
        "substitutions": {
            mark: _FOREIGN.sub("<％", fill(name, person.values[name], html=html)) for mark, name, html in slots
        },
    }


def _sender(sender: str) -> dict[str, str]:
    name, address = parseaddr(sender)
    decoded = str(make_header(decode_header(name)))
    return {"email": address, **({"name": decoded} if decoded else {})}


def _body(parts: Sequence[bytes | str], mark: str) -> bytes:
    """Join literals, which are escaped for JSON already, and our own marks."""
    return with_placeholders(
        parts, lambda name: f"{mark}-{name}-".encode(), foreign=_FOREIGN_BYTES, instead="<％".encode()
    )


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
