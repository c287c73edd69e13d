"""Reads the one number for which a page is watched: found by a pattern, held where it can hardly be true."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from msdigest.collect.livingpage.reading import page_of, unusable
from msdigest.errors import LayoutError
from msdigest.model.dates import PartialDate, read_date
from msdigest.model.details import Figure
from msdigest.model.entry import Entry, Fact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.source import Source
    from msdigest.ports import Reply

KEY = "figure"
_TEXTS = ("regex", "selector", "name", "unit", "as_of")
_NUMBERS = ("min", "max", "max_jump")
_KEYS = {*_TEXTS, *_NUMBERS}
_USUAL_JUMP = 0.2
# A counter often stands beside the content, so the whole page is looked at.
_EVERYTHING = "body"
_GROUPED = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?:(?P<by>[,.'’]|\s)[0-9]{3})(?:(?P=by)[0-9]{3})*)(?:(?!(?P=by))[.,](?P<part>[0-9]+))?"
)
_PLAIN = re.compile(r"(?P<whole>[0-9]+)(?:[.,](?P<part>[0-9]+))?")
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page says of its figure; ``warning``: a sentence about a date that is not to be had."""

    number: float
    as_of: PartialDate | None
    language: str | None
    warning: str = ""


def read_figure(source: Source, reply: Reply) -> Seen:
    """Find the figure on the page, the first one if there are several. Pure; raises LayoutError and AnswerError."""
    settings = _settings(source)
    seen = page_of(source, reply, selector=settings.get("selector") or source.options.get("content") or _EVERYTHING)
    text = "\n".join(block.text for block in seen.blocks)
    match = re.search(settings["regex"], text)
    if match is None:
        message = (
            f"{source.url}: nothing is found by the figure's regex {settings['regex']!r}; compare it with the page"
        )
        raise LayoutError(message)
    groups = match.groupdict()
    printed = groups.get("number", match[1]) or ""
    number = read_number(printed)
    if number is None:
        message = f"{source.url}: {printed!r}, which the figure's regex finds, is no number"
        raise LayoutError(message)
    told = groups.get("day")
    if "as_of" in settings and (dated := re.search(settings["as_of"], text)):
        told = dated[1] if dated.re.groups else dated[0]
    as_of = read_date(told)
    wanted = "as_of" in settings or "day" in groups
    warning = f"{source.url}: the day of the figure cannot be read ({told!r})" if wanted and as_of is None else ""
    return Seen(number, as_of, seen.language, warning)


def read_number(printed: str) -> float | None:
    """Read a number by the way its digits stand together; None for what is none.

    Groups of three make thousands, whatever parts them: ``33,000``, ``33 000``, ``33.000``. Else the sign is a
    decimal one: ``33.5``, ``0,125``, and the second kind of sign in ``1.234,5``.
    """
    match = _GROUPED.fullmatch(printed.strip()) or _PLAIN.fullmatch(printed.strip())
    if match is None:
        return None
    whole = re.sub(r"[^0-9]", "", match["whole"])
    return float(f"{whole}.{match['part'] or 0}") if len(whole) <= _MOST_DIGITS else None


def entry_of(source: Source, seen: Seen, *, url: str, doubts: tuple[str, ...]) -> Entry:
    """Make the one entry of the source."""
    settings = _settings(source)
    name, unit = _name(source), settings.get("unit", "")
    text = f"{shown(seen.number)} {unit}".rstrip() + (f" (as of {seen.as_of})" if seen.as_of else "")
    return Entry(
        key=KEY,
        source=source.id,
        kind="figure",
        title=f"{name}: {shown(seen.number)}",
        url=url,
        html=f"<p>{escape(text)}</p>",
        text=text,
        published=seen.as_of.instant if seen.as_of else None,
        precision=seen.as_of.precision if seen.as_of else None,
        audience=source.audience,
        evidence=source.evidence,
        language=seen.language,
        figure=Figure(name=name, number=seen.number, unit=unit, as_of=seen.as_of),
        facts=(Fact(name=KEY, value=f"{seen.number:.15g}", label=name, change="figure"),),
        doubts=doubts,
    )


def doubts_about(source: Source, number: float, *, known: Mapping[str, str]) -> tuple[str, ...]:
    """Say why a number may be a mistake of the page or of the pattern; ``known``: the facts of the last visit."""
    settings = _settings(source)
    least, most, jump = settings.get("min"), settings.get("max"), settings.get("max_jump", _USUAL_JUMP)
    before = read_number(known.get(KEY, ""))
    doubts = []
    if least is not None and number < least:
        doubts.append(f"{shown(number)} is less than {shown(least)}, the least that is believed.")
    if most is not None and number > most:
        doubts.append(f"{shown(number)} is more than {shown(most)}, the most that is believed.")
    if before is not None and abs(number - before) > jump * before:
        step = f"by more than {shown(jump * 100)} %" if before else "from nothing"
        doubts.append(f"{shown(before)} → {shown(number)} is a jump {step}: held.")
    return tuple(doubts)


def shown(number: float) -> str:
    """Write a number for readers: ``52,000``, ``33.5``."""
    return f"{int(number):,}" if number == int(number) else f"{number:,.15g}"


def _name(source: Source) -> str:
    return str(_settings(source).get("name") or source.name or source.id)


def figure_faults(table: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the table ``figure`` of a source's settings; empty = nothing is. Pure."""
    faults = [f"{key} means nothing: {', '.join((*_TEXTS, *_NUMBERS))} do" for key in table if key not in _KEYS]
    faults += [f"{key} must be a text" for key in _TEXTS if not isinstance(table.get(key, ""), str)]
    faults += [f"{key} must be a number" for key in _NUMBERS if not _is_number(table.get(key, 0))]
    return faults or _faulty_patterns(table)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _faulty_patterns(table: Mapping[str, Any]) -> list[str]:
    if not table.get("regex"):
        return ["regex is missing: the pattern by which the number is found, the number in a group"]
    faults = []
    for key in ("regex", "as_of"):
        try:
            pattern = re.compile(table.get(key, ""))
        except (re.error, RecursionError, OverflowError) as error:
            faults.append(f"{key} is no regular expression: {error}")
        else:
            if key == "regex" and not pattern.groups:
                faults.append("regex needs a group around the number: ([0-9,]+)")
    return faults


def _settings(source: Source) -> Mapping[str, Any]:
    """Return the table ``figure`` after a look at it; raises LayoutError for what cannot be used."""
    table: Mapping[str, Any] = source.options["figure"]
    if faults := figure_faults(table):
        raise LayoutError(unusable(source, "; ".join(f"figure.{fault}" for fault in faults)))
    return table
