"""Mails to one person that are no digest: confirming, welcoming, correcting, warning, and alarms to the editor.

Each is rendered and inlined by itself: there are few of them, so nothing is compiled. Whatever is handed in is text of
somebody else: it is cut to one line and a bearable length here, and escaped by the template.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, get_args

from msdigest.model.prose import shortened
from msdigest.render.frame import frame, inlined
from msdigest.render.plain import one_line
from msdigest.render.references import mailable, web_address
from msdigest.words import date_words, say, spoken_language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from msdigest.model.compiled import Variant
    from msdigest.model.entry import Precision
    from msdigest.model.subscriber import Frequency
    from msdigest.render.template import Templates

# What became of an entry; each is a key of the catalogues.
Happening = Literal["retraction", "concern", "correction", "withdrawn"]
HAPPENINGS: tuple[Happening, ...] = get_args(Happening)
# RFC 3834: nobody's out-of-office answers a mail that no person wrote.
AUTO_SUBMITTED = {"Auto-Submitted": "auto-generated"}
_LONGEST_SUBJECT = 120
_LONGEST_PREHEADER = 110
_LONGEST_NAME = 100
_LONGEST_TITLE = 300
# An official title is told word by word; no agency's is longer.
_LONGEST_OFFICIAL_TITLE = 1_000
_LONGEST_WORDS = 4_000
_LONGEST_LINE = 300
_LONGEST_LIST_OF_TOPICS = 2_000
_MOST_LINES = 30
_MOST_ADVICE = 10
_PARAGRAPHS = re.compile(r"\s*\n\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Mail:
    """A whole mail but for its headers; ``subject`` is one line."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who writes, as the foot of every mail says."""

    title: str
    postal_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What somebody chose. topics: their names, none = all. change_url, pause_url: where they change their mind."""

    topics: tuple[str, ...]
    frequency: Frequency
    change_url: str
    pause_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What became of an entry that was sent before.

    language: of the title (BCP 47), empty = the mail's. at: when the notice says so, as exactly as ``precision``.
    told_at: when the entry was sent. notice_url: of the notice, may be empty; page_url: of our page.
    """

    title: str
    happening: Happening
    at: datetime
    told_at: datetime
    page_url: str
    notice_url: str = ""
    precision: Precision = "day"
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """News about the safety of a medicine.

    jurisdiction: where it holds, in words. title: the official one. words: the source's own, blank lines part them.
    language: of title and words (BCP 47), empty = the mail's. url: of the source; page_url: of our page.
    """

    jurisdiction: str
    title: str
    words: str
    at: datetime
    url: str
    page_url: str
    precision: Precision = "day"
    language: str = ""


def confirmation(
    templates: Templates, *, sender: Sender, variant: Variant, digest: str, confirm_url: str, days: int | None = None
) -> Mail:
    """Ask whoever reads an address whether they want ``digest``; ``days``: how long the link works, if not for ever.

    The subject never names the digest, and the person's name is not told: anybody may have typed both.
    """
    language = variant.language
    return _mail(
        "confirmation",
        templates,
        sender=sender,
        variant=variant,
        subject=say("confirm_subject", language=language),
        preheader=say("confirm_preheader", language=language),
        discreet=True,
        digest=_line(digest, _LONGEST_NAME),
        confirm_url=_own(confirm_url),
        days=days,
    )


def welcome(
    templates: Templates,
    *,
    sender: Sender,
    variant: Variant,
    digest: str,
    chosen: Chosen,
    person: Mapping[str, str],
    next_at: datetime | None = None,
    zone: str = "UTC",
) -> Mail:
    """Tell somebody what they chose, how to change it, and what to expect; ``person``: see ``person_values``."""
    language = variant.language
    title = _line(digest, _LONGEST_NAME)
    topics = shortened(", ".join(_line(topic, _LONGEST_NAME) for topic in chosen.topics), _LONGEST_LIST_OF_TOPICS)
    return _mail(
        "welcome",
        templates,
        sender=sender,
        variant=variant,
        subject=say("welcome_subject", language=language, digest=title),
        preheader=say("welcome_preheader", language=language),
        person=_person(person),
        digest=title,
        topics=topics,
        topic_count=len(chosen.topics),
        frequency=f"frequency_{chosen.frequency}",
        change_url=_own(chosen.change_url),
        pause_url=_own(chosen.pause_url),
        next_issue=date_words(next_at, "minute", language=language, zone=zone) if next_at else "",
    )


def alarm(
    templates: Templates,
    *,
    sender: Sender,
    variant: Variant,
    what: str,
    facts: Sequence[str],
    advice: Sequence[str],
    url: str = "",
) -> Mail:
    """Tell the editor what is held or failed: ``what`` in a few words, lines of facts, and what to do about it.

    url: of the page where it is done, if there is one. Addresses of people are masked: a mail is no place for them.
    """
    language = variant.language
    told = _masked(what, _LONGEST_NAME, language)
    lines = [_masked(fact, _LONGEST_LINE, language) for fact in facts]
    return _mail(
        "alarm",
        templates,
        sender=sender,
        variant=variant,
        subject=say("alarm_subject", language=language, site=_line(sender.title, _LONGEST_NAME), what=told),
        preheader=lines[0] if lines else told,
        what=told,
        facts=lines[:_MOST_LINES],
        more=max(0, len(lines) - _MOST_LINES),
        advice=[_masked(each, _LONGEST_LINE, language) for each in advice[:_MOST_ADVICE]],
        url=_own(url) if url else "",
    )


def correction(
    templates: Templates,
    *,
    sender: Sender,
    variant: Variant,
    correction: Correction,
    person: Mapping[str, str],
    zone: str = "UTC",
) -> Mail:
    """Tell somebody what became of an entry that they were sent; ``person``: see ``person_values``."""
    language = variant.language
    title = _line(correction.title, _LONGEST_TITLE)
    told_on = date_words(correction.told_at, "minute", language=language, zone=zone)
    what = say(correction.happening, language=language)
    return _mail(
        "correction",
        templates,
        sender=sender,
        variant=variant,
        subject=say("correction_subject", language=language, title=title),
        preheader=say("correction_told", language=language, date=told_on, what=what),
        person=_person(person),
        entry_title=title,
        entry_language=_other(correction.language, language),
        told=say("correction_told", language=language, date=told_on, what=what),
        date=date_words(correction.at, correction.precision, language=language, zone=zone),
        notice_url=mailable(correction.notice_url),
        page_url=_own(correction.page_url),
    )


def safety(
    templates: Templates,
    *,
    sender: Sender,
    variant: Variant,
    bulletin: Bulletin,
    person: Mapping[str, str],
    zone: str = "UTC",
) -> Mail:
    """Tell somebody news about the safety of a medicine in the words of its source; never a word of our own on it."""
    language = variant.language
    title = _line(bulletin.title, _LONGEST_OFFICIAL_TITLE)
    jurisdiction = _line(bulletin.jurisdiction, _LONGEST_NAME)
    return _mail(
        "safety",
        templates,
        sender=sender,
        variant=variant,
        subject=say("safety_subject", language=language, title=title),
        preheader=say("do_not_stop", language=language),
        person=_person(person),
        jurisdiction=jurisdiction,
        entry_title=title,
        entry_language=_other(bulletin.language, language),
        date=date_words(bulletin.at, bulletin.precision, language=language, zone=zone),
        words=_paragraphs(bulletin.words),
        notice_url=mailable(bulletin.url),
        page_url=_own(bulletin.page_url),
    )


def _mail(
    name: str,
    templates: Templates,
    *,
    sender: Sender,
    variant: Variant,
    subject: str,
    preheader: str,
    discreet: bool = False,
    **context: object,
) -> Mail:
    """Render both parts. discreet: subject and preheader are neutral as they are."""
    if variant.neutral and not discreet:
        subject = say("neutral_title", language=variant.language)
        preheader = say("neutral_line", language=variant.language)
    subject = shortened(one_line(subject), _LONGEST_SUBJECT)
    context |= frame(variant) | {
        "subject": subject,
        "preheader": shortened(preheader, _LONGEST_PREHEADER),
        "sender": Sender(
            title=_line(sender.title, _LONGEST_NAME), postal_address=_line(sender.postal_address, _LONGEST_LINE)
        ),
    }
    html, text = f"email/{name}.html.jinja", f"email/{name}.txt.jinja"
    return Mail(
        subject,
        inlined(templates, templates.render(html, **context), variant, file=html),
        templates.render(text, **context),
    )


def _line(text: str, longest: int) -> str:
    return shortened(" ".join(one_line(text).split()), longest)


def _person(values: Mapping[str, str]) -> dict[str, str]:
    return {
        "greeting": _line(values["greeting"], _LONGEST_NAME),
        "reason": _line(values["reason"], _LONGEST_LINE),
        "leave_url": _own(values["leave_url"]),
    }


def _own(url: str) -> str:
    """Return an address that we made; raises ValueError if it is none, without telling it: it may carry a token."""
    if not url or web_address(url) != url:
        message = "a link of ours is no web address"
        raise ValueError(message)
    return url


def _other(language: str, mails: str) -> str:
    told = one_line(language)
    if not re.fullmatch(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}", told):
        return ""
    return "" if told.split("-")[0].lower() == spoken_language(mails).split("-")[0].lower() else told


def _paragraphs(words: str) -> tuple[str, ...]:
    """Return the paragraphs that fit; of the last one as much as does."""
    told = [line for part in _PARAGRAPHS.split(words) if (line := _line(part, _LONGEST_WORDS))][:_MOST_LINES]
    places = accumulate(map(len, told), initial=0)
    parts = zip(told, places, strict=False)
    return tuple(shortened(each, _LONGEST_WORDS - place) for each, place in parts if place < _LONGEST_WORDS)


def _masked(text: str, longest: int, language: str) -> str:
    """Return one line of ``text`` without anybody's address."""
    mask = say("an_address", language=language)
    words = one_line(text).split()
    return shortened(" ".join(mask if "@" in word.strip("@") else word for word in words), longest)
