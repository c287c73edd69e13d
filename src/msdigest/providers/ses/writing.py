"""A call to SES as bytes: one letter with variables in it, and for each recipient what stands there.

SES puts values into a body as they are. Its documentation calls what it does with a letter in a call "simple
substitutions", and elsewhere names Handlebars: here both are reckoned with.
"""

from __future__ import annotations

import json
import re
from email.header import decode_header, make_header
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any, TypeAlias

from msdigest.render.program import fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from msdigest.model.delivery import Letter, Recipient

# A brace that would begin a variable, were it in somebody's blog post.
_BRACE = re.compile(r"\{(?=\{)")
# The same in literals, and what would be taken together with a variable of ours beside it: a brace before or after, and
# a backslash (in JSON it is two), which makes words of it. What readers see the same stands beside each.
_Guards: TypeAlias = "Sequence[tuple[re.Pattern[bytes], bytes]]"
_PATTERNS = (re.compile(rb"\{(?=\{|\Z)"), re.compile(rb"\A\}"), re.compile(rb"\\\\\Z"))
_IN_HTML: _Guards = tuple(zip(_PATTERNS, (b"&#123;", b"&#125;", b"&#92;"), strict=True))
_IN_TEXT: _Guards = tuple(zip(_PATTERNS, ("｛".encode(), "｝".encode(), "＼".encode()), strict=True))
_TRACKING = {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}


def written(letter: Letter, people: Sequence[Recipient], *, attempt: str, configuration_set: str) -> bytes:
    """Return the body of a call; the same arguments give the same bytes."""
    slots = [
        (f"{prefix}_{name}", name, html)
        for prefix, html, parts in (("h", True, letter.html), ("t", False, letter.text))
        for name in dict.fromkeys(map(str, parts[1::2]))
    ]
    # An address with a name beside it would come back in events.
    shared = {
        "FromEmailAddress": _sender(letter.sender),
        **({"ConfigurationSetName": configuration_set} if configuration_set else {}),
        "ConfigurationOverrides": {"Tracking": _TRACKING},
        "BulkEmailEntries": [_entry(letter, person, slots, attempt=attempt) for person in people],
    }
    headers = (*letter.headers.items(), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return b"".join(
        (
            _json(shared)[:-1],
            b',"DefaultContent":{"Template":{"Headers":',
            _json(_named(headers)),
            b',"TemplateData":"{}","TemplateContent":{"Subject":',
            _json(_BRACE.sub("｛", letter.subject)),
            b',"Html":"',
            _body(letter.html, "h", _IN_HTML),
            b'","Text":"',
            _body(letter.text, "t", _IN_TEXT),
            b'"}}}}',
        )
    )


def _entry(
    letter: Letter, person: Recipient, slots: Sequence[tuple[str, str, bool]], *, attempt: str
) -> dict[str, Any]:
    """Return one person's part; ``slots``: name of the variable, of the slot, whether in HTML."""
    values = {variable: _value(name, person.values[name], html=html) for variable, name, html in slots}
    tags = (("issue", f"issue-{letter.issue}"), ("attempt", attempt), ("delivery", person.delivery))
    return {
        "Destination": {"ToAddresses": [person.address]},
        "ReplacementTags": _named(tags),
        "ReplacementHeaders": _named([("List-Unsubscribe", f"<{person.leave_url}>")]),
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": _json(values).decode()}},
    }


def _value(name: str, value: str, *, html: bool) -> str:
    """Return a value in which nothing looks like a variable, should it be looked at once more."""
    return _BRACE.sub("&#123;" if html else "｛", fill(name, value, html=html))


def _named(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in pairs]


def _sender(sender: str) -> str:
    """Return the sender in ASCII, as SES wants it."""
    name, address = parseaddr(sender)
    return formataddr((str(make_header(decode_header(name))), address))


def _body(parts: Sequence[bytes | str], prefix: str, guards: _Guards) -> bytes:
    """Join literals, which are escaped for JSON already, and our own variables."""
    return b"".join(
        f"{{{{{prefix}_{part}}}}}".encode() if isinstance(part, str) else _guarded(part, guards) for part in parts
    )


def _guarded(literal: bytes, guards: _Guards) -> bytes:
    for pattern, instead in guards:
        literal = pattern.sub(instead, literal)
    return literal


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
