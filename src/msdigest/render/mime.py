"""A whole message as bytes: a handful of headers and two bodies that are quoted-printable already, joined by hand.

The standard library's message classes encode both bodies anew for everybody, which takes a hundred times as long.
"""

from __future__ import annotations

import binascii
import re
import string
from email.header import Header, decode_header, make_header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING

from msdigest.render.plain import one_line
from msdigest.render.program import filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.model.delivery import Letter, Recipient

# An encoded word inside a name would be decoded by the reader's client, into anything.
_ENCODED_WORD = re.compile(r"=\?|\?=")
# Names that need no quoting: neither special characters nor other scripts.
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]{1,40}")
# The same, of one word; a longer one is cut, which only an encoded one can be.
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,60}")
_UNQUOTED = frozenset(string.ascii_letters + string.digits + "-!*+/")
_CLEARLY = 5
_LONGEST_LINE = 70
# RFC 2047 allows 75, and a line of 76: the first one begins with the header's name.
_LONGEST_WORD = 66
_LONGEST_FOLDED = 76
_PLAIN_ADDRESS = re.compile(r"[\x21-\x7e]+")
_WIRE = EmailPolicy(linesep="\r\n", max_line_length=76)
_PART = b'--%s\r\nContent-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


def message(letter: Letter, recipient: Recipient) -> bytes:
    """Return the whole message of a letter in the coding ``mime``; the same arguments give the same bytes."""
    # No quoted-printable text has "=_" in it.
    boundary = f"=_{recipient.delivery}".encode()
    own = (
        f"To: {_mailbox(recipient.name, recipient.address)}\r\n"
        f"Message-ID: <{recipient.delivery}@{_domain(letter.sender)}>\r\n"
        f"List-Unsubscribe: <{recipient.leave_url}>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        "MIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{boundary.decode()}"\r\n\r\n'
    )
    return b"".join(
        (
            _shared(letter.sender, letter.subject, letter.date, tuple(letter.headers.items())),
            own.encode("ascii"),
            _PART % (boundary, b"plain"),
            *filled(letter.text, recipient.values, form="text", coding="mime"),
            b"\r\n",
            _PART % (boundary, b"html"),
            *filled(letter.html, recipient.values, form="html", coding="mime"),
            b"\r\n--%s--\r\n" % boundary,
        )
    )


@lru_cache(maxsize=256)
def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]


@lru_cache(maxsize=256)
def _shared(sender: str, subject: str, date: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """Return the headers that everybody's message has."""
    mail = EmailMessage(policy=_WIRE)
    mail["Date"] = date
    name, address = parseaddr(sender)
    # Addresses stay whole: the library would make encoded words of long ones, which no mail client follows.
    own = f"From: {_mailbox(str(make_header(decode_header(name))), address)}\r\n".encode("ascii")
    more = "".join(f"{name}: {value}\r\n" for name, value in (("Subject", _encoded(subject)), *headers))
    return own + mail.as_bytes().removesuffix(b"\r\n") + more.encode("ascii")


def _encoded(subject: str) -> str:
    """Write a subject; the newer classes of the library lose a blank between words of which only some are encoded."""
    # A word that does not fit into the first line would leave it empty.
    plain = subject.isascii() and max(map(len, subject.split()), default=0) < _LONGEST_LINE - len("Subject: ")
    return Header(subject, "us-ascii" if plain else "utf-8", maxlinelen=75, header_name="Subject").encode(
        linesep="\r\n"
    )


def _mailbox(name: str, address: str) -> str:
    """Write a name with its address, folded; the library loses the quotes of a long name with a comma in it.

    Raises ValueError, without the address, if that has blanks, controls or letters beyond ASCII.
    """
    # A blank, not nothing: "==??" without its middle would be the sign again.
    told = one_line(_ENCODED_WORD.sub(" ", name))
    if not _PLAIN_ADDRESS.fullmatch(address):
        message = "this is no address that a header can hold"
        raise ValueError(message)
    if not told:
        return address
    line = f"{told} <{address}>"
    return line if len(line) <= _LONGEST_LINE and _ATOMS.fullmatch(told) else _folded([*_words(told), f"<{address}>"])


def _words(name: str) -> list[str]:
    """Write a name as plain words and, from the first to the last that is none, encoded ones.

    By hand: the library takes half a millisecond for it, and there are countries where every fifth name needs it.
    """
    words = name.split(" ")
    beyond = [place for place, word in enumerate(words) if not _ATOM.fullmatch(word)]
    if not beyond:
        return words
    first, last = beyond[0], beyond[-1] + 1
    return [*words[:first], *_encoded_words(" ".join(words[first:last])), *words[last:]]


def _encoded_words(text: str) -> Iterator[str]:
    """Cut where a blank is, if there is one: some clients show a blank between two encoded words."""
    while len(_encoded_word(text)) > _LONGEST_WORD:
        cut = next(end for end in range(2, len(text) + 1) if len(_encoded_word(text[:end])) > _LONGEST_WORD) - 1
        cut = text.rfind(" ", 0, cut) + 1 or cut
        yield _encoded_word(text[:cut])
        text = text[cut:]
    yield _encoded_word(text)


def _folded(words: list[str]) -> str:
    lines, room = [words[0]], _LONGEST_FOLDED - len("From: ")
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
            room = _LONGEST_FOLDED - 1
    return "\r\n ".join(lines)


def _encoded_word(text: str) -> str:
    """Write an encoded word (RFC 2047), in whichever of its two ways is clearly shorter."""
    raw = text.encode()
    quoted = "".join(chr(each) if chr(each) in _UNQUOTED else f"={each:02X}" for each in raw).replace("=20", "_")
    coded = binascii.b2a_base64(raw, newline=False).decode()
    return f"=?utf-8?q?{quoted}?=" if len(quoted) - len(coded) < _CLEARLY else f"=?utf-8?b?{coded}?="
