"""The editors' page of sources: what is held, what fails, what fell silent, then all others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.render.instants import rfc3339
from msdigest.steps import watching
from msdigest.words import date_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from msdigest.app import App
    from msdigest.model.health import Health
    from msdigest.steps.watching import Watched
    from msdigest.web.pages import Pages

# What the word for a source's state looks like.
_TINTS = {"held": "caution", "waiting": "caution", "failed": "alarm", "gone": "alarm", "ok": "trial"}
_TINTS |= {"unchanged": "trial", "silent": "caution", "moved": "caution"}
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# An editor does not read more of them, and a page of thousands helps nobody.
_MOST_HELD = 50


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as it is told: how far away it is, for machines, and in full."""

    label: str
    words: str
    machine: str = ""
    exact: str = ""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that is held."""

    title: str
    reason: str
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A source in the list.

    about: its id, kind and rhythm. sentence: its words, and whether each part is a command. more: how many other
    things are held.
    """

    name: str
    about: str
    word: str
    tint: str
    sentence: tuple[tuple[str, bool], ...]
    moments: tuple[Moment, ...]
    held: tuple[Thing, ...]
    more: int
    command: str


@dataclass(frozen=True, slots=True)
class Group:
    """Sources that are in the same state."""

    id: str
    title: str
    rows: tuple[Row, ...]


class SourcesPage:
    """Shows how the sources fare."""

    def __init__(self, app: App, pages: Pages) -> None:
        """Take the site."""
        self._app = app
        self._pages = pages

    def show(self, _request: Request) -> Response:
        """Answer with the page."""
        now = self._app.clock.now()
        with self._app.database.reading() as connection:
            watched = watching.watch(connection, self._app.settings.sources, now=now)
        groups = _groups(watched, now)
        counts = ", ".join(f"{len(group.rows)} {group.title.lower()}" for group in groups)
        return self._pages.answer(
            "web/editor-sources.html.jinja", here="sources", groups=groups, total=len(watched), counts=counts
        )


def _groups(watched: Sequence[Watched], now: datetime) -> list[Group]:
    """Put every source into the first group that it belongs to; what an editor must decide comes first."""
    titles = {
        "held": "Held for you",
        "failing": "Failing",
        "silent": "Silent or moved",
        "well": "Well",
        "new": "Not visited yet",
        "disabled": "Disabled",
    }
    found: dict[str, list[Row]] = {name: [] for name in titles}
    for each in watched:
        found[_group_of(each)].append(_row(each, now))
    return [Group(name, titles[name], tuple(rows)) for name, rows in found.items() if rows]


def _group_of(watched: Watched) -> str:
    health = watched.health
    told = (
        (health.status == "disabled", "disabled"),
        (bool(watched.held) or health.status == "held", "held"),
        (health.status in {"failed", "gone", "waiting"}, "failing"),
        (health.silent or health.moved_to is not None, "silent"),
        (health.status == "new", "new"),
    )
    return next((name for true, name in told if true), "well")


def _row(watched: Watched, now: datetime) -> Row:
    source, health = watched.source, watched.health
    fine = health.status in {"ok", "unchanged"}
    word = "silent" if health.silent else "moved" if fine and health.moved_to else health.status
    return Row(
        name=source.name,
        about=" · ".join(part for part in (source.id, source.kind, health.rhythm) if part),
        word=word,
        tint=_TINTS.get(word, ""),
        # What is held stands below, each thing with its reason.
        sentence=() if watched.held and health.status == "held" else _with_commands(health.sentence),
        moments=tuple(_moments(health, now)),
        held=tuple(
            Thing(each.title, each.reason, date_words(each.since, "minute")) for each in watched.held[:_MOST_HELD]
        ),
        more=max(0, len(watched.held) - _MOST_HELD),
        command=f"msdigest collect --source {source.id} --accept" if watched.held else "",
    )


def _with_commands(sentence: str) -> tuple[tuple[str, bool], ...]:
    """Cut a sentence at its backticks; True = what stands between two of them is a command."""
    return tuple((words, bool(number % 2)) for number, words in enumerate(sentence.split("`")) if words)


def _moments(health: Health, now: datetime) -> list[Moment]:
    told = (
        ("last success", health.last_success),
        ("last new entry", health.last_new),
        ("next visit", health.next_check),
    )
    return [
        Moment(label, away(when, now), rfc3339(when), f"{date_words(when, 'minute')}, {when:%H:%M} UTC")
        for label, when in told
        if when is not None
    ]


def away(when: datetime, now: datetime) -> str:
    """Tell how far away an instant is: ``3 hours ago``, ``in 2 days``, ``now``."""
    distance = abs(when - now)
    if distance < _MINUTE:
        return "now"
    unit, name = next(
        (unit, name) for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")) if distance >= unit
    )
    number = distance // unit
    words = f"{number} {name}{'' if number == 1 else 's'}"
    return f"in {words}" if when > now else f"{words} ago"
