"""A whole message as bytes: a handful of headers and two bodies that are quoted-printable already, joined by hand.

The standard library's message classes encode both bodies anew for everybody, which takes a hundred times as long.
"""

from __future__ import annotations

import binascii
import re
import string
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from functools import lru_cache
from typing import TYPE_CHECKING

from msdigest.render.plain import one_line
from msdigest.render.program import filled

if TYPE_CHECKING:
    from msdigest.model.delivery import Letter, Recipient

# One less than usual: the library's encoded words would be one longer than RFC 2047 allows.
_WIRE = EmailPolicy(linesep="\r\n", max_line_length=76)
# An encoded word inside a name would be decoded by the reader's client, into anything.
_ENCODED_WORD = re.compile(r"=\?|\?=")
# Names that need no quoting: neither special characters nor other scripts.
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]{1,40}")
# Words with letters of any script, one blank between them.
_LETTERS = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*(?: [^\W\d_]+(?:[-'][^\W\d_]+)*)*")
_UNQUOTED = frozenset(string.ascii_letters + string.digits + "-!*+/")
_CLEARLY = 5
_LONGEST_LINE = 70
_PLAIN_ADDRESS = re.compile(r"[\x21-\x7e]{1,60}")
_PART = b'--%s\r\nContent-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


def message(letter: Letter, recipient: Recipient) -> bytes:
    """Return the whole message of a letter in the coding ``mime``; the same arguments give the same bytes."""
    # No quoted-printable text has "=_" in it.
    boundary = f"=_{recipient.delivery}".encode()
    own = (
        f"To: {_to(recipient)}\r\n"
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
    mail["From"] = sender
    mail["Date"] = date
    # Addresses stay whole: the library would make encoded words of long ones, which no mail client follows.
    more = "".join(f"{name}: {value}\r\n" for name, value in (("Subject", _encoded(subject)), *headers))
    return mail.as_bytes().removesuffix(b"\r\n") + more.encode("ascii")


def _encoded(subject: str) -> str:
    """Write a subject; the newer classes of the library lose a blank between words of which only some are encoded."""
    # A word that does not fit into the first line would leave it empty.
    plain = subject.isascii() and max(map(len, subject.split()), default=0) < _LONGEST_LINE - len("Subject: ")
    return Header(subject, "us-ascii" if plain else "utf-8", maxlinelen=75, header_name="Subject").encode(
        linesep="\r\n"
    )


def _to(recipient: Recipient) -> str:
    # A blank, not nothing: "==??" without its middle would be the sign again.
    name = one_line(_ENCODED_WORD.sub(" ", recipient.name))
    if _PLAIN_ADDRESS.fullmatch(recipient.address):
        told = name if not name or _ATOMS.fullmatch(name) else _spelled(name)
        line = f"{told} <{recipient.address}>" if told else recipient.address
        if len(line) <= _LONGEST_LINE and (told or not name):
            return line
    mail = EmailMessage(policy=_WIRE)
    mail["To"] = Address(display_name=name, addr_spec=recipient.address)
    return mail.as_bytes().decode("ascii").removeprefix("To: ").rstrip("\r\n")


def _spelled(name: str) -> str:
    """Write an ordinary name that has letters beyond ASCII, as the library does; empty if it is out of the ordinary.

    The library takes half a millisecond for it, and there are countries where every fifth name is one.
    """
    if not _LETTERS.fullmatch(name) or name.isascii():
        return ""
    words = name.split(" ")
    beyond = [place for place, word in enumerate(words) if not word.isascii()]
    first, last = beyond[0], beyond[-1] + 1
    return " ".join((*words[:first], _encoded_word(" ".join(words[first:last])), *words[last:]))


def _encoded_word(text: str) -> str:
    """Write an encoded word (RFC 2047), in whichever of its two ways is clearly shorter."""
    raw = text.encode()
    quoted = "".join(chr(each) if chr(each) in _UNQUOTED else f"={each:02X}" for each in raw).replace("=20", "_")
    coded = binascii.b2a_base64(raw, newline=False).decode()
    return f"=?utf-8?q?{quoted}?=" if len(quoted) - len(coded) < _CLEARLY else f"=?utf-8?b?{coded}?="
