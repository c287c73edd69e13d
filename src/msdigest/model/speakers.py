"""Reads who speaks at a meeting: ``Alba Grifoni (US): The T cell immune response``, line by line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msdigest.model.cities import country_code
from msdigest.model.details import Speaker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LABEL = re.compile(
    r"[\s*_#•]*(?:(?:the|our|confirmed|invited)\s+)?(?:speakers?|presenters?|panell?ists|talks|programme?|agenda)"
    r"(?:\s+(?:are|include|will be))?[\s*_]*(?::(?P<rest>.*)|\Z)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"\s*[*•·‣◦–—-]\s+")
_NAME = r"(?:(?:Dr|Prof|Professor|Mrs?|Ms)\.?\s+){0,3}(?P<name>[^\W\d_][\w'’.-]{0,40}(?:\s[^\W\d_][\w'’.-]{0,40}){1,5})"
_WITH_COUNTRY = re.compile(rf"{_NAME}\s?\((?:[^()]{{1,80}},\s?)?(?P<country>[A-Z]{{2,3}})\)")
_WITH_TALK = re.compile(rf"{_NAME}(?:,[^:\n]{{1,80}})?(?::\s+\S|\s[–—-]\s)")
_ALONE = re.compile(rf"{_NAME}\s*")
_AND = re.compile(r"\s*(?:[,;&]|and\b)\s*")
_PARTICLES = "al bin da de del della den der di dos du el ibn la le ten ter van von y zu"
# What also stands before a colon in an invitation.
_NO_NAMES = (
    "agenda call date discussion id join link location meeting next number open passcode password programme question "
    "questions recording register registration session teams time times title topic venue webinar welcome zoom"
)
# In this field the letters stand for the disease, hardly ever for the island.
_NO_COUNTRY = "MS"
_MOST = 30
_LOOKED_AT = 10_000


def read_speakers(text: str, *, of_meeting: bool) -> tuple[Speaker, ...]:
    """Find who speaks: under a label (``Speakers:``), else in an invitation's or a recording's own lines.

    of_meeting: the text is such a one; then a name with a country's code begins a line, or one with a talk a point
    of a list. Elsewhere a label is needed: not everybody who is named in a text speaks.
    """
    lines = text[:_LOOKED_AT].splitlines()
    for number, line in enumerate(lines):
        if label := _LABEL.match(line):
            told = [*_in_line(label["rest"] or "", labelled=True), *_below(lines[number + 1 :])]
            if told:
                return _distinct(told)
    return _distinct(one for line in lines for one in _in_line(line, labelled=False)) if of_meeting else ()


def _distinct(speakers: Iterator[Speaker] | Sequence[Speaker]) -> tuple[Speaker, ...]:
    return tuple(dict.fromkeys(speakers))[:_MOST]


def _below(lines: Sequence[str]) -> Iterator[Speaker]:
    """Read the lines under a label up to one that names nobody; a point of a list may."""
    for line in lines:
        found = list(_in_line(line, labelled=True))
        if line.strip() and not found and not _BULLET.match(line):
            return
        yield from found


def _in_line(line: str, *, labelled: bool) -> Iterator[Speaker]:
    bullet = _BULLET.match(line)
    words = line[bullet.end() :] if bullet else line.strip()
    place, several = 0, False
    while match := _WITH_COUNTRY.match(words, place):
        country = country_code(match["country"])
        if not country or match["country"] == _NO_COUNTRY or not _is_name(match["name"]):
            return
        several = True
        yield Speaker(match["name"], country)
        place = and_then.end() if (and_then := _AND.match(words, match.end())) else len(words)
    if several or not (labelled or bullet):
        return
    match = _WITH_TALK.match(words) or (_ALONE.fullmatch(words) if labelled else None)
    if match and _is_name(match["name"]):
        yield Speaker(match["name"].rstrip("."))


def _is_name(words: str) -> bool:
    """Tell whether all words begin with a capital but for the small ones in between, and none is of an invitation."""
    told = words.split()
    return (
        told[0][0].isupper()
        and told[-1][0].isupper()
        and all(word[0].isupper() or word in _PARTICLES.split() for word in told)
        and not any(character.isdigit() for character in words)
        and set(_NO_NAMES.split()).isdisjoint(words.casefold().split())
    )
