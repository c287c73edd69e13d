"""What Brevo is handed: one letter as a template, and what fills it for each person.

The language of templates: Brevo's manual. It escapes variables unless a template says otherwise: ours says so, and what
it gets is escaped already. Values are read as templates once more, as others saw, so neither a literal nor a value
keeps two signs that open something.
Not verified: that the text part is a template, too; that a sender's name is kept that has a comma and a letter beyond
ASCII in it.
"""

from __future__ import annotations

import re
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import TYPE_CHECKING, TypeAlias

from msdigest.postal.bodies import with_placeholders
from msdigest.render.plain import one_line
from msdigest.render.program import fill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.model.delivery import Letter, Recipient

# Name of the variable, of the slot, whether for HTML.
_Slot: TypeAlias = "tuple[str, str, bool]"
# A brace that begins, or could begin with what follows it, something that Brevo would replace or drop.
_BRACE = re.compile(r"\{(?=[{%#]|\Z)")
_BRACE_BYTES = re.compile(rb"\{(?=[{%#]|\Z)")
_IN_HTML, _IN_TEXT = "&#123;", "｛"
_AS_IT_IS = (b"{% autoescape off %}", b"{% endautoescape %}")


def common(letter: Letter) -> Mapping[str, object]:
    """Return what is the same for everybody."""
    return {
        "sender": _sender(letter.sender),
        "subject": _BRACE.sub(_IN_TEXT, letter.subject),
        "htmlContent": _body(letter.html, html=True),
        "textContent": _body(letter.text, html=False),
    }


def versions(letter: Letter, people: Sequence[Recipient], *, attempt: str) -> Sequence[Mapping[str, object]]:
    """Return what each person has of their own, in their order."""
    slots = _slots(letter)
    return [_version(letter, person, slots, attempt=attempt) for person in people]


def _version(letter: Letter, person: Recipient, slots: Sequence[_Slot], *, attempt: str) -> dict[str, object]:
    """Return what is one person's own. Headers of a version may replace those of the call: all are told."""
    return {
        "to": [{"email": person.address, "contactPixelTrackingConsent": False}],
        "params": {variable: _value(name, person.values[name], html=html) for variable, name, html in slots},
        "headers": {
            **letter.headers,
            "List-Unsubscribe": f"<{person.leave_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Mailin-custom": f"delivery:{person.delivery}|attempt:{attempt}",
        },
    }


def _slots(letter: Letter) -> list[_Slot]:
    """Return the variables of a letter: their name, that of the slot, whether for HTML; each once."""
    found = {
        _variable(str(name), html=html): (str(name), html)
        for parts, html in ((letter.html, True), (letter.text, False))
        for name in parts[1::2]
    }
    return [(variable, name, html) for variable, (name, html) in found.items()]


def _variable(name: str, *, html: bool) -> str:
    """Return the variable of a slot; an address is written the same in both bodies, and need not be sent twice."""
    return name if name.endswith("_url") else f"{'h' if html else 't'}_{name}"


def _value(name: str, value: str, *, html: bool) -> str:
    return _BRACE.sub(_IN_HTML if html else _IN_TEXT, fill(name, value, html=html))


def _body(parts: Sequence[bytes | str], *, html: bool) -> str:
    """Join literals, without what Brevo would replace in them, and our own variables."""
    joined = with_placeholders(
        parts,
        lambda name: f"{{{{params.{_variable(name, html=html)}}}}}".encode(),
        foreign=_BRACE_BYTES,
        instead=(_IN_HTML if html else _IN_TEXT).encode(),
    )
    return joined.join(_AS_IT_IS).decode()


def _sender(mailbox: str) -> dict[str, str]:
    name, address = parseaddr(mailbox)
    told = one_line(str(make_header(decode_header(name))))
    return {"name": told, "email": address} if told else {"email": address}
