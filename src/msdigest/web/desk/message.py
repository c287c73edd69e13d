"""The middle of an issue's page: one message as it is sent, or two beside each other, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError, TemplateError
from msdigest.render.fitting import SIZE_LIMIT
from msdigest.web import preview
from msdigest.web.desk.comparing import differences, only_in
from msdigest.web.desk.looks import VIEWS, WIDTHS
from msdigest.web.desk.schemes import SCHEMES
from msdigest.words import number_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.app import App
    from msdigest.web.desk.comparing import Difference
    from msdigest.web.desk.editions import Edition
    from msdigest.web.desk.looks import Look
    from msdigest.web.preview import Preview, Wanted

_SCHEME_WORDS = {"": "As this screen", "light": "Light", "dark": "Dark"}


@dataclass(frozen=True, slots=True)
class Way:
    """A link to another way of looking; ``chosen``: it is this one."""

    words: str
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the messages on the page; ``frame``, ``text``: where it is alone."""

    preview: Preview
    frame: str
    text: str


@dataclass(frozen=True, slots=True)
class Size:
    """How large the message of a selection is."""

    which: str
    address: str
    entries: int
    html: str
    whole: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is looked at.

    sides: one message, or two. refusals: why somebody's cannot be shown. fault: of a template, with file and line.
    stale: it reads otherwise than it was composed. only: titles that one of two has alone, for each.
    """

    sides: tuple[Side, ...] = ()
    refusals: tuple[str, ...] = ()
    fault: str = ""
    stale: bool = False
    only: tuple[tuple[str, ...], ...] = ()
    different: tuple[Difference, ...] = ()
    sizes: tuple[Size, ...] = ()

    @property
    def first(self) -> Preview | None:
        """The message that the outline goes by."""
        return self.sides[0].preview if self.sides else None


def message(app: App, edition: Edition, look: Look) -> Message:
    """Make the messages that are looked at; whatever is wrong with them is told in their place."""
    sides, refusals = [], []
    try:
        for wanted in filter(None, (look.wanted, look.other)):
            try:
                sides.append(_side(app, edition, look, wanted))
            except RefusedError as error:
                refusals.append(str(error))
        sizes = _sizes(edition, look, sides[0].preview.variant) if sides else ()
        stale = any(edition.changed(side.preview.variant) for side in sides)
    except TemplateError as error:
        return Message(fault=str(error))
    both = [side.preview for side in sides] if len(sides) > 1 else []
    return Message(
        sides=tuple(sides),
        refusals=tuple(refusals),
        stale=stale,
        only=(only_in(both[0], both[1]), only_in(both[1], both[0])) if both else (),
        different=differences(both[0], both[1]) if both else (),
        sizes=sizes,
    )


def _side(app: App, edition: Edition, look: Look, wanted: Wanted) -> Side:
    path = f"/issue/{edition.issue.id}"
    return Side(
        preview=preview.preview(app, edition, wanted),
        frame=look.frame(f"{path}/html", wanted),
        text=look.but(scheme="").frame(f"{path}/text", wanted),
    )


def _sizes(edition: Edition, look: Look, variant: str) -> tuple[Size, ...]:
    return tuple(
        Size(
            example.which,
            look.but(wanted=preview.Wanted(example.which, variant=variant)).address("", "message"),
            len(example.choice.entries),
            number_words(len(example.html.encode())),
            number_words(len(example.source)),
        )
        for example in reversed(edition.examples(variant))
    )


def limit() -> str:
    """Return what the HTML part of a message may have at most."""
    return number_words(SIZE_LIMIT)


def ways(look: Look) -> Sequence[tuple[str, list[Way]]]:
    """Return the links to the other parts, widths and schemes, in groups that have a name."""
    views = [Way(words, look.but(view=view).address("", "message"), look.view == view) for view, words in VIEWS.items()]
    if look.view != "html":
        return [("Part", views)]
    widths = [Way(f"{px} px", look.but(width=px).address("", "message"), look.width == px) for px in WIDTHS]
    schemes = [
        Way(_SCHEME_WORDS[scheme], look.but(scheme=scheme).address("", "message"), look.scheme == scheme)
        for scheme in SCHEMES
    ]
    return [("Part", views), ("Width", widths), ("Colours", schemes)]
