"""The headers that a provider is handed: who writes, about what, and how to leave with one click."""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import parseaddr, parsedate_to_datetime
from typing import TYPE_CHECKING

from msdigest.lint.links import site_is_reserved
from msdigest.model.neutral import word_told, word_told_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdigest.lint.finding import Finding
    from msdigest.lint.message import Message

_LONGEST_SUBJECT, _LONGEST_SHOWN = 78, 60
_SHORTEST_PREHEADER = 40
# A header may be folded: a line end and a blank. Anything else begins a header of its own.
_INJECTION = re.compile(r"\r\n(?![ \t])|(?<!\r)\n(?![ \t])|\r(?!\n)|\0")
_NAME = re.compile(r"[!-9;-~]+")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_LIST_ID = re.compile(r"[^<>]*<[^<>@\s]+>")
_LINKS = re.compile(r"<([^<>]*)>")
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_WAYS_TO_TELL_NOTHING = dict.fromkeys(
    ("From", "List-Id"), "Write a sender whose name and domain tell nothing into [mail] neutral_from."
)
_NEUTRAL_TITLE = "Write a title that tells nothing into the digest's `neutral`."
_ONE_CLICK = "List-Unsubscribe=One-Click"


def headers(message: Message) -> Iterator[Finding]:
    """Look at every header that mail programs and filters judge a sender by."""
    yield from _injection(message)
    yield from _sender(message)
    yield from _subject(message)
    yield from _preheader(message)
    yield from _leaving(message)
    yield from _identity(message)
    yield from _date(message)
    yield from _neutral(message)


def _injection(message: Message) -> Iterator[Finding]:
    specimen = message.specimen
    for name, value in (*specimen.headers, ("Subject", specimen.subject)):
        if _INJECTION.search(value) or not _NAME.fullmatch(name):
            yield message.found(
                "hdr.injection",
                "error",
                f"the header {message.shown(name)} holds a line end or a NUL: what follows may be read as another",
                part="headers",
                excerpt=name,
                way_out="Take out line ends where the value comes from.",
            )


def _one(message: Message, name: str, check: str, way_out: str) -> Iterator[Finding]:
    number = len(message.header(name))
    if number != 1:
        yield message.found(
            check,
            "error",
            f"there is no {name}" if not number else f"there are {number} headers {name}",
            part="headers",
            way_out=way_out,
        )


def _sender(message: Message) -> Iterator[Finding]:
    way_out = "Set [mail] from to one address, such as Title <name@mail.example.org>."
    values = message.header("From")
    if len(values) != 1:
        yield from _one(message, "From", "hdr.from", way_out)
        return
    told, ours = parseaddr(values[0])[1], parseaddr(message.inspected.sender)[1]
    domain = told.rpartition("@")[2].lower()
    if not _ADDRESS.fullmatch(told):
        what = "the sender is no mail address"
    elif domain != ours.rpartition("@")[2].lower():
        what = f"the mail comes from {domain}, not from the domain that [mail] from names"
    else:
        return
    yield message.found("hdr.from", "error", what, part="headers", excerpt=values[0], way_out=way_out)


def _subject(message: Message) -> Iterator[Finding]:
    told = [message.specimen.subject, *message.header("Subject")]
    subject = " ".join(told[0].split())
    if not all(each.strip() for each in told):
        yield message.found(
            "hdr.subject-empty",
            "error",
            "the mail has no subject",
            part="headers",
            way_out="Give the digest a title.",
        )
    elif len(subject) > _LONGEST_SHOWN:
        most = _LONGEST_SUBJECT if len(subject) > _LONGEST_SUBJECT else _LONGEST_SHOWN
        yield message.found(
            "hdr.subject-length",
            "warning",
            f"the subject has {len(subject)} characters: more than {most}"
            + (" are folded" if most == _LONGEST_SUBJECT else " are not shown in most programs"),
            part="headers",
            excerpt=subject,
            way_out="Shorten the digest's title.",
        )


def _preheader(message: Message) -> Iterator[Finding]:
    preheader = " ".join(message.specimen.preheader.split())
    # One entry with a short title has no more to tell.
    there = len(" · ".join(entry.title for entry in message.entries))
    # A neutral one says little on purpose, and the template fills it up with blanks.
    least = 1 if is_neutral(message.specimen.variant) else min(_SHORTEST_PREHEADER, max(1, there))
    if len(preheader) < least:
        yield message.found(
            "hdr.preheader",
            "warning",
            f"the preview after the subject has {len(preheader)} characters: programs fill it up with what comes next",
            part="headers",
            excerpt=preheader,
            way_out=f"Tell in it what the issue brings, in {_SHORTEST_PREHEADER} characters or more.",
        )


def _leaving(message: Message) -> Iterator[Finding]:
    way_out = (
        "Send List-Unsubscribe: <https://…> with the reader's own token, and have the provider sign it with DKIM "
        "together with List-Unsubscribe-Post (RFC 8058)."
    )
    at_home = site_is_reserved(message.inspected.site_url)
    values = message.header("List-Unsubscribe")
    if len(values) != 1:
        yield from _one(message, "List-Unsubscribe", "hdr.list-unsubscribe", way_out)
    else:
        found = _LINKS.findall(values[0])
        if not any(each.startswith(("https://", "http://") if at_home else "https://") for each in found):
            what = "List-Unsubscribe has no https:// address between angle brackets"
        elif message.specimen.leave_url not in found:
            what = "List-Unsubscribe is not the reader's own address"
        else:
            what = _unsigned(message)
        if what:
            yield message.found("hdr.list-unsubscribe", "error", what, part="headers", way_out=way_out)
    posted = [value.strip() for value in message.header("List-Unsubscribe-Post")]
    if posted != [_ONE_CLICK]:
        yield message.found(
            "hdr.one-click",
            "error",
            f"List-Unsubscribe-Post is not {_ONE_CLICK}" if posted else "there is no List-Unsubscribe-Post",
            part="headers",
            excerpt=" ".join(posted),
            way_out=f"Send List-Unsubscribe-Post: {_ONE_CLICK} (RFC 8058): Gmail and Yahoo ask for it.",
        )


def _unsigned(message: Message) -> str:
    """Tell what a DKIM signature that is there already leaves out."""
    for signature in message.header("DKIM-Signature"):
        signed = re.search(r"(?:^|;)\s*h\s*=([^;]*)", signature)
        names = {name.strip().lower() for name in (signed[1] if signed else "").split(":")}
        if not names >= {"list-unsubscribe", "list-unsubscribe-post"}:
            return "the DKIM signature does not cover List-Unsubscribe and List-Unsubscribe-Post"
    return ""


def _identity(message: Message) -> Iterator[Finding]:
    for name, check, form, way_out in (
        ("List-Id", "hdr.list-id", _LIST_ID, "Send a List-Id that is the same for everybody and every issue."),
        ("Message-ID", "hdr.message-id", _MESSAGE_ID, "Send a Message-ID of the form <unique@domain>."),
    ):
        values = message.header(name)
        if len(values) != 1:
            yield from _one(message, name, check, way_out)
        elif not form.fullmatch(values[0].strip()):
            yield message.found(
                check,
                "error",
                f"{name} has no <name> that programs could read",
                part="headers",
                excerpt=values[0],
                way_out=way_out,
            )


def _date(message: Message) -> Iterator[Finding]:
    way_out = "Send one Date as RFC 5322 writes it, with its zone."
    values = message.header("Date")
    if len(values) != 1:
        yield from _one(message, "Date", "hdr.date", way_out)
        return
    try:
        told = parsedate_to_datetime(values[0])
    except (ValueError, TypeError, OverflowError):
        told = None
    if told is None or told.tzinfo is None:
        what = "Date is no date with a zone"
    elif told > message.inspected.at + timedelta(days=1):
        what = "Date lies in the future"
    else:
        return
    yield message.found("hdr.date", "error", what, part="headers", excerpt=values[0], way_out=way_out)


def is_neutral(variant: str) -> bool:
    """Tell whether a variant is one that says nothing of the disease outside the mail itself."""
    return "neutral" in variant.split(".")


def _neutral(message: Message) -> Iterator[Finding]:
    if not is_neutral(message.specimen.variant):
        return
    specimen = message.specimen
    told = {
        "From": " ".join(message.header("From")),
        "Subject": " ".join((specimen.subject, *message.header("Subject"))),
        "List-Id": " ".join(message.header("List-Id")),
        "preheader": specimen.preheader,
    }
    for name, value in told.items():
        if word := _tells(name, value, message.inspected.neutral_words):
            yield message.found(
                "neutral.header",
                "error",
                f"{name} of a neutral mail says {word!r}",
                part="headers",
                excerpt=value,
                way_out=_WAYS_TO_TELL_NOTHING.get(
                    name, "Write a title that tells nothing into the digest's `neutral`."
                ),
            )


def _tells(name: str, value: str, words: Sequence[str]) -> str | None:
    """Return the word that a header tells: a sender and a list have addresses, where acronyms are written small."""
    if name == "From":
        return word_told_by(value, words)
    return word_told_by(f"list@{value.strip('<> ')}", words) if name == "List-Id" else word_told(value, words)
