"""Messages handed over in a conversation with a relay, and how far each came.

What the library does in four round trips takes two, and a connection that breaks tells "surely not sent" from "perhaps
sent": the latter is only what was written to its last line and not answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from msdigest.providers.smtp.phrases import printable
from msdigest.providers.smtp.talking import SHUTTING_DOWN, cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdigest.providers.smtp.talking import Talk

# How far a message came: its sender was named, its recipient, its content begun, its content ended.
Stage = Literal["begun", "mail", "rcpt", "data", "end"]

TOO_LARGE = 552
_GO_AHEAD = 354
_PERMANENT = 5
# Seconds. No message is begun any more when so little time is left that the relay could not think about it, for what
# it has not answered at the end is unknown.
_LAST_MESSAGE = 15.0
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")
# What xtext (RFC 3461) writes as it is.
_XTEXT = re.compile(r"[^!-*,-<>-~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One message with its envelope; ``content``: as ``render/mime.py`` wrote it."""

    delivery: str
    sender: str
    address: str = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was answered, and at which stage; code 0: nothing was, ``words`` says why."""

    stage: Stage
    code: int
    words: str = field(repr=False)


def hand_all(talk: Talk, parcels: Sequence[Parcel]) -> list[Told]:
    """Hand over as many as the conversation and the time allow, and tell of all."""
    told: list[Told] = []
    for parcel in parcels:
        if talk.over or talk.clock() > talk.deadline - _LAST_MESSAGE:
            break
        told.append(hand(talk, parcel))
    why = f"the one before ended with {told[-1].code or told[-1].words}" if talk.over else "there was no time left"
    return told + [Told(stage="begun", code=0, words=why)] * (len(parcels) - len(told))


def closed_meanwhile(told: Sequence[Told]) -> bool:
    """Tell whether the relay ended a conversation before the first message was handed over."""
    return bool(told) and told[0].stage == "mail" and told[0].code in {0, SHUTTING_DOWN}


def in_trouble(told: Sequence[Told]) -> bool:
    """Tell whether the relay broke off, or took nothing because it goes away."""
    broken = any(each.code == 0 and each.stage != "begun" for each in told)
    return broken or (bool(told) and told[0].code == SHUTTING_DOWN)


def hand(talk: Talk, parcel: Parcel) -> Told:
    """Hand over one message, and return where it ended; raises nothing for a broken connection."""
    limit = talk.esmtp_features.get("size", "")
    if limit.isascii() and limit.isdigit() and 0 < int(limit[:12]) < len(parcel.content):
        return Told(stage="begun", code=TOO_LARGE, words=f"the relay takes messages of {limit[:12]} bytes")
    stage: Stage = "mail"
    try:
        refused = _offer(talk, parcel)
        if refused is not None:
            return refused
        # A write that fails has not written the last line, and without that no relay acts on a message.
        stage = "data"
        talk.send(transparent(parcel.content))
        stage = "end"
        code, words = talk.getreply()
    except OSError as error:
        talk.over = True
        return Told(stage=stage, code=0, words=cause(error))
    talk.over = talk.over or code == SHUTTING_DOWN
    talk.handed += 1
    return Told(stage=stage, code=code, words=printable(words))


def _offer(talk: Talk, parcel: Parcel) -> Told | None:
    """Name sender and recipient, and ask for the content; return the answer that was no yes."""
    answers = _answers(talk, _envelope(talk, parcel))
    for stage, wanted, (code, words) in zip(("mail", "rcpt", "data"), (2, 2, 3), answers, strict=False):
        if code // 100 != wanted:
            refused = Told(stage=stage, code=code, words=printable(words))  # type: ignore[arg-type]  # one of these
            _take_back(talk, refused, rest=[code for code, _ in answers])
            return refused
    return None


def _answers(talk: Talk, commands: list[bytes]) -> list[tuple[int, bytes]]:
    """Say all commands at once where the relay allows it (RFC 2920): two round trips a message, not four."""
    if talk.has_extn("pipelining"):
        talk.send(b"".join(commands))
        return list(_read(talk, len(commands)))
    answers: list[tuple[int, bytes]] = []
    for command in commands:
        talk.send(command)
        answers += _read(talk, 1)
        if answers[-1][0] // 100 not in {2, 3}:
            break
    return answers


def _read(talk: Talk, count: int) -> Iterator[tuple[int, bytes]]:
    for _ in range(count):
        code, words = talk.getreply()
        yield code, words
        if code == SHUTTING_DOWN:
            talk.over = True
            return


def _envelope(talk: Talk, parcel: Parcel) -> list[bytes]:
    mail, rcpt = f"MAIL FROM:<{parcel.sender}>", f"RCPT TO:<{parcel.address}>"
    if talk.has_extn("size"):
        mail += f" SIZE={len(parcel.content)}"
    if talk.has_extn("dsn"):
        mail += f" RET=HDRS ENVID={xtext(parcel.delivery)}"
        rcpt += f" NOTIFY=FAILURE,DELAY ORCPT=rfc822;{xtext(parcel.address)}"
    return [f"{mail}\r\n".encode("ascii"), f"{rcpt}\r\n".encode("ascii"), b"DATA\r\n"]


def _take_back(talk: Talk, refused: Told, *, rest: list[int]) -> None:
    """Make the conversation ready for the next message; where that fails it is over, and the refusal stands."""
    if talk.over:
        return
    try:
        # A relay may ask for content although it has nobody to give it to: then that is nothing (RFC 2920).
        talk.send(b".\r\n" if rest[-1] == _GO_AHEAD else b"RSET\r\n")
        code, _ = talk.getreply()
    except OSError:
        talk.over = True
    else:
        # The next message has the same sender; only its size is its own.
        hopeless = refused.stage == "mail" and refused.code // 100 == _PERMANENT and refused.code != TOO_LARGE
        talk.over = hopeless or code == SHUTTING_DOWN


def transparent(content: bytes) -> bytes:
    r"""Return a message's content as it is written: lines end with CR LF and nothing else, and it ends with a dot.

    A lone CR or LF is an end of a line to some servers and none to others; with a dot behind it, it would end the
    message for some, and what follows would be commands ("SMTP smuggling").
    """
    ends = content.count(b"\r\n")
    if content.count(b"\n") != ends or content.count(b"\r") != ends:
        content = _END_OF_LINE.sub(b"\r\n", content)
    content = content.replace(b"\r\n.", b"\r\n..")
    return b"".join(
        (b"." if content.startswith(b".") else b"", content, b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n")
    )


def xtext(value: str) -> str:
    """Write a value of RFC 3461."""
    return _XTEXT.sub(lambda found: f"+{ord(found[0]):02X}", value)
