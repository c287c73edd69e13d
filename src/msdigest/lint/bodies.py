"""What every message has to say, in both of its parts, and how long it may be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msdigest.lint.message import letters
from msdigest.model.cities import zone_of
from msdigest.model.clocktimes import Clock, Day, days_and_clocks, may_tell_a_clock
from msdigest.words import number_words, say, spoken_language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdigest.lint.finding import Finding
    from msdigest.lint.message import Message

# Gmail cuts the HTML there, and with it the way to leave.
CLIPPED, NEARLY_CLIPPED = 102_000, 95_000
LARGE_MESSAGE = 150_000
# Mails cut long statements and titles: what stands at their beginning has to be there.
_LETTERS_OF_A_STATEMENT, _LETTERS_OF_A_TITLE = 60, 60
_AROUND_A_CLOCK = 60
_REASONS = ("reason_asked", "reason_carried")
_ZONE = re.compile(
    r"\b(?:UTC|GMT|WES?T|CES?T|EES?T|BST|IST|MSK|[ECMP][DS]T|[EP]T|AKST|HST|AE[DS]?T|AWST|ACST|JST|KST|SGT|NZ[DS]?T|Z)\b"
    r"|[+\-−]\d\d?:?\d\d\b|\bo['’]clock\s+in\b|\b(?:local|your|[A-Z][a-z]+)\s+time\b|\bUhr\b|\dZ\b"
)
_PLACE = re.compile(r"[^\W\d_][\w.'’-]+(?:[ -][^\W\d_a-z][\w.'’-]+)*")


def sizes(message: Message) -> Iterator[Finding]:
    """Weigh a message."""
    html, whole = len(message.specimen.html.encode("utf-8", "replace")), message.specimen.size
    if html > NEARLY_CLIPPED:
        yield message.found(
            "size.clip",
            "error" if html > CLIPPED else "warning",
            f"the HTML part has {number_words(html)} bytes: Gmail cuts what is over {number_words(CLIPPED)}, "
            "and with it the way to leave",
            way_out="Lower max_entries of the digest.",
        )
    cap = message.inspected.size_cap
    if cap is not None and whole > cap:
        yield message.found(
            "size.message",
            "error",
            f"the message has {number_words(whole)} bytes, and the provider takes {number_words(cap)}",
            way_out="Lower max_entries of the digest.",
        )
    elif whole > LARGE_MESSAGE:
        yield message.found(
            "size.message",
            "warning",
            f"the message has {number_words(whole)} bytes, more than {number_words(LARGE_MESSAGE)}",
            way_out="Lower max_entries of the digest: large mails are slow to load and suspicious to filters.",
        )


def parts(message: Message) -> Iterator[Finding]:
    """Compare the text part with the HTML part."""
    if not message.specimen.text.strip():
        yield message.found(
            "part.text-missing",
            "error",
            "there is no text part",
            part="text",
            way_out="Send the text template's output, too: some people read nothing else.",
        )
        return
    for entry in message.entries:
        title = letters(entry.title)[:_LETTERS_OF_A_TITLE]
        if title in message.letters and title not in message.text_letters:
            yield message.found(
                "part.text-drift",
                "warning",
                "an entry of the HTML part is not in the text part",
                part="text",
                entry=entry.id,
                excerpt=entry.title,
                way_out="Let both templates go over the same entries.",
            )
    text = unquote("".join(message.specimen.text.split()))
    for link in message.page.all("a"):
        address = link.get("href").strip()
        is_web = address.startswith(("http:", "https:")) and address != message.specimen.leave_url
        if is_web and message.visible(link) and unquote(address) not in text:
            yield message.found(
                "part.text-drift",
                "warning",
                "a link of the HTML part is not in the text part",
                part="text",
                element=link,
                excerpt=address,
                way_out="Print the address in the text template, too.",
            )


def duties(message: Message) -> Iterator[Finding]:
    """Look for what law and decency ask of every mail: a way to leave, who writes, why, and what it is not."""
    leave = message.specimen.leave_url
    seen = any(link.get("href") == leave and message.visible(link) for link in message.page.all("a"))
    told = "".join(message.specimen.text.split())
    for missing, where in ((not seen, "the HTML part"), (bool(told) and leave not in told, "the text part")):
        if missing or not leave:
            yield message.found(
                "body.unsubscribe",
                "error",
                f"{where} shows no link to leave",
                part="html" if where == "the HTML part" else "text",
                way_out="Print person.leave_url as a link in the foot of both parts.",
            )
    language = spoken_language(message.specimen.language)
    # What stands before the date.
    reasons = [say(key, language=language, date="\0").partition("\0")[0] for key in _REASONS]
    caution = say("not_medical", language=language)
    yield from _said(message, "body.postal", "the sender's postal address", [message.inspected.postal_address])
    yield from _said(message, "body.reason", "why its reader gets it", reasons)
    yield from _said(message, "body.disclaimer", "that it is no medical advice", [caution])
    yield from _statements(message)


def _said(message: Message, check: str, what: str, sentences: list[str]) -> Iterator[Finding]:
    wanted = [words for words in map(letters, sentences) if words]
    for text, name in ((message.letters, "html"), (message.text_letters, "text")):
        if (text or name == "html") and not any(words in text for words in wanted):
            yield message.found(
                check,
                "error",
                f"the {'HTML' if name == 'html' else 'text'} part does not say {what}",
                part="html" if name == "html" else "text",
                way_out="Set [mail] postal_address." if not wanted else "Print it in the foot of both parts.",
            )


def _statements(message: Message) -> Iterator[Finding]:
    for entry in message.entries:
        for what, told in (("conflicts of interest", entry.coi), ("disclaimer", entry.disclaimer)):
            wanted = letters(told or "")[:_LETTERS_OF_A_STATEMENT]
            if not all(wanted in text for text in (message.letters, message.text_letters or wanted)):
                yield message.found(
                    "body.disclaimer",
                    "error",
                    f"an entry's {what} got lost on the way into the mail",
                    entry=entry.id,
                    excerpt=told or "",
                    way_out="Print entry.coi and entry.disclaimer in both templates.",
                )


def times(message: Message) -> Iterator[Finding]:
    """Look for times of day that could be anybody's."""
    if not may_tell_a_clock(message.words):
        return
    for element, text, _ in message.seen:
        if not may_tell_a_clock(text):
            continue
        tokens = list(days_and_clocks(text))
        # Without a day it is as likely a ratio or a place in a recording.
        if not any(isinstance(token, Day) for token in tokens):
            continue
        for token in tokens:
            if isinstance(token, Clock) and not _has_zone(text, token):
                yield message.found(
                    "body.timezone",
                    "warning",
                    f"the time {text[token.start : token.end].strip()} has no zone and no city",
                    element=element,
                    excerpt=text[max(0, token.start - 30) : token.end + 20],
                    way_out="Say in which city or zone: readers live in many.",
                )
                break


def _has_zone(text: str, clock: Clock) -> bool:
    around = text[max(0, clock.start - _AROUND_A_CLOCK) : clock.end + _AROUND_A_CLOCK]
    if _ZONE.search(around):
        return True
    words = [word for found in _PLACE.findall(around) for word in (found, *found.split())]
    return any(zone_of(word) is not None for word in words)
