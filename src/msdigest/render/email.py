"""An issue's mail: compiled once a variant, assembled for each selection, filled for each person.

``compile_issue`` renders and inlines the templates once with every entry, and cuts the result into a program.
``reference`` does the same for one selection and one person the naive way; ``check_compiled`` compares the two, so a
template whose output depends on its neighbours (a running number, a count, a separator) is refused, not sent wrong.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

from msdigest.errors import NotCompilableError, RefusedError, TemplateError
from msdigest.model.compiled import CompiledIssue, Slot
from msdigest.model.prose import shortened
from msdigest.render.compiler import html_program, text_program
from msdigest.render.inline import inline
from msdigest.render.look import LOOKS
from msdigest.render.plain import one_line
from msdigest.render.program import assemble, fill, join, size
from msdigest.render.sealed import Marks, Sealed, SealedValues
from msdigest.words import date_words, direction, number_words, say, spoken_language

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from msdigest.model.compiled import Scope, Variant
    from msdigest.model.subscriber import Consent
    from msdigest.render.template import Templates
    from msdigest.render.view import IssueView

HTML, TEXT = "email/digest.html.jinja", "email/digest.txt.jinja"
INLINE_CSS, HEAD_CSS = "email/inline.css.jinja", "email/head.css.jinja"
SELECTION_SLOTS = ("count_line", "preheader")
PERSON_SLOTS = ("greeting", "leave_url", "reason")
# Gmail cuts a mail at about 102 kB and hides the way to leave with what it cuts.
SIZE_LIMIT = 95_000
# What the line "N more on the web" and its link add to a capped issue, in bytes, generously.
_ROOM_FOR_MORE = 800
_WORDS_A_MINUTE = 180
_LONGEST_PREHEADER = 110
# The greeting is one line of the plain text, which is 78 characters wide.
_LONGEST_NAME = 64
_EXCERPT_OF_DIFFERENCE = 30


def compile_issue(templates: Templates, view: IssueView, variant: Variant) -> CompiledIssue:
    """Compile the issue for everybody who reads ``variant``, and check it against the naive way.

    Raises NotCompilableError (with file, and line or selector) if the templates do not allow it, TemplateError
    if they do not work at all.
    """
    context = _context(view, variant) | {
        "person": _sealed("person", PERSON_SLOTS),
        "selection": _sealed("selection", SELECTION_SLOTS),
    }
    nonce = _nonce(view)
    marks = Marks(nonce)
    html = _inlined(templates, templates.render_marked(HTML, marks, context), variant)
    html_nodes = html_program(html, marks)
    marks = Marks(nonce)
    text_nodes = text_program(templates.render_marked(TEXT, marks, context), marks)
    compiled = CompiledIssue(
        variant=variant,
        subject=one_line(view.subject),
        html=html_nodes,
        text=text_nodes,
        titles={entry.id: entry.title for entry in view.entries},
        words={entry.id: entry.words for entry in view.entries},
    )
    check_compiled(templates, view, compiled)
    return compiled


def reference(
    templates: Templates,
    view: IssueView,
    variant: Variant,
    *,
    selection: Mapping[str, str],
    person: Mapping[str, str],
) -> tuple[str, str]:
    """Render (HTML, text) the naive way: Jinja2 and premailer for one person, ``view`` with their entries alone.

    Far too slow to send with; it says what a compiled issue has to be equal to.
    """
    context = _context(view, variant) | {
        "person": SimpleNamespace(**{name: fill(name, value, html=False) for name, value in person.items()}),
        "selection": SimpleNamespace(**{name: fill(name, value, html=False) for name, value in selection.items()}),
    }
    html = _inlined(templates, templates.render(HTML, **context), variant)
    return html, templates.render(TEXT, **context)


def check_compiled(templates: Templates, view: IssueView, compiled: CompiledIssue) -> None:
    """Compare assembled messages with the naive way, byte for byte, for a handful of selections and people.

    Raises NotCompilableError that shows where they part.
    """
    for entries, person in zip(_samples(view.ids), _SAMPLE_PEOPLE, strict=False):
        selection = selection_values(compiled, entries)
        whole = reference(templates, view.only(entries), compiled.variant, selection=selection, person=person)
        for name, program, expected in ((HTML, compiled.html, whole[0]), (TEXT, compiled.text, whole[1])):
            found = join(assemble(program, entries, selection), person, html=program is compiled.html)
            if found != expected:
                raise NotCompilableError(templates.path(name), None, _difference(expected, found))


def selection_values(compiled: CompiledIssue, entries: Collection[str]) -> dict[str, str]:
    """Return the values that one selection's slots are filled with; raises ValueError unless it is of this issue."""
    if not entries or not compiled.titles.keys() >= set(entries):
        message = "a selection has at least one entry, and only entries of the issue"
        raise ValueError(message)
    language = compiled.variant.language
    words = sum(compiled.words[entry] for entry in entries)
    minutes = say("minutes", language=language, count=max(1, round(words / _WORDS_A_MINUTE)))
    titles = [title for entry, title in compiled.titles.items() if entry in entries]
    return {
        "count_line": say("count_line", language=language, count=len(entries), minutes=minutes),
        "preheader": _preheader(titles),
    }


def person_values(
    *, name: str, consent: Consent, leave_url: str, language: str = "en", zone: str = "UTC"
) -> dict[str, str]:
    """Return the values that one person's slots are filled with, not escaped."""
    shown = shortened(one_line(name), _LONGEST_NAME)
    asked = "reason_carried" if consent.source.startswith("import:") else "reason_asked"
    date = date_words(consent.at, "minute", language=language, zone=zone)
    return {
        "greeting": say("greeting", language=language, name=shown)
        if shown
        else say("greeting_nobody", language=language),
        "leave_url": leave_url,
        "reason": say(asked, language=language, date=date),
    }


def html_size(compiled: CompiledIssue, entries: Collection[str], person: Mapping[str, str] | None = None) -> int:
    """Return the bytes of the HTML part for a selection: exact for ``person``, else with room for anybody's values."""
    return size(compiled.html, entries, selection_values(compiled, entries), person=person or {})


def fitting(compiled: CompiledIssue, limit: int = SIZE_LIMIT) -> int:
    """Return how many of the issue's first entries fit into ``limit`` bytes of HTML when all of them are chosen.

    Fewer than all: compile ``view.capped(n)`` again, room for its line about the rest is left. An entry is bounded
    (see ``view``), so if not even one fits it is what stands around them that is too long: raises RefusedError.
    """
    ids = tuple(compiled.titles)
    if html_size(compiled, ids) <= limit:
        return len(ids)
    number = len(ids) - 1
    while number and html_size(compiled, ids[:number]) > limit - _ROOM_FOR_MORE:
        number -= 1
    if not number:
        around = size(compiled.html, (), selection_values(compiled, ids), person={})
        first = html_size(compiled, ids[:1]) - around
        message = (
            f"no entry fits into a mail of {number_words(limit)} bytes: what stands around the entries takes "
            f"{number_words(around)}, the first entry {number_words(first)}"
        )
        raise RefusedError(message)
    return number


def _context(view: IssueView, variant: Variant) -> dict[str, object]:
    # What is said is English where nobody has written the sentences in the reader's language: then it is told so.
    language = spoken_language(variant.language)
    return {
        "issue": view,
        "variant": variant,
        "language": language,
        "direction": direction(language),
        "say": _Speaker(language),
        "look": _look(variant),
    }


@dataclass(frozen=True, slots=True)
class _Speaker:
    """What templates call ``say``: the fixed sentences in one language."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        count = values.pop("count", None)
        return say(key, language=self.language, count=count if isinstance(count, int) else None, **values)


def _look(variant: Variant) -> object:
    if variant.theme not in LOOKS:
        raise TemplateError(INLINE_CSS, None, f"there is no theme {variant.theme!r}")
    return LOOKS[variant.theme]


def _inlined(templates: Templates, html: str, variant: Variant) -> str:
    look = _look(variant)
    return inline(
        html,
        inline_css=templates.render(INLINE_CSS, look=look),
        head_css=templates.render(HEAD_CSS, look=look),
        inline_file=templates.path(INLINE_CSS),
        head_file=templates.path(HEAD_CSS),
        html_file=templates.path(HTML),
    )


def _sealed(scope: Scope, names: Sequence[str]) -> SealedValues:
    return SealedValues(scope, {name: Sealed(Slot(name, scope, url=name.endswith("_url"))) for name in names})


def _nonce(view: IssueView) -> str:
    """Return letters and digits that nothing in the issue contains; the same issue gives the same.

    No source can write them into its entries: it would have to contain 80 bits of its own hash.
    """
    return f"k{hashlib.sha256(repr(view).encode('utf-8', 'replace')).hexdigest()[:20]}"


def _preheader(titles: Sequence[str]) -> str:
    """Return as many whole titles as fit, at least (the beginning of) one."""
    line = titles[0]
    for title in titles[1:]:
        if len(line) + len(title) > _LONGEST_PREHEADER:
            break
        line = f"{line} · {title}"
    return shortened(line, _LONGEST_PREHEADER)


# Values that a template could mistake for something else: markup, marks of a provider, an empty name.
_SAMPLE_PEOPLE: tuple[Mapping[str, str], ...] = (
    {"greeting": "Hello,", "leave_url": "https://example.org/leave/a", "reason": "You get this because you asked."},
    {
        "greeting": 'Hello <b>A&amp;B</b> "O\'Neill" %recipient.x% {{ x }} &nbsp;\u00a0\u200f,',
        "leave_url": "https://example.org/leave/a-much-longer_token.with~signs?k=v",
        "reason": "<script>&lt;</script>",
    },
    {"greeting": "Hello " + "Ada Augusta " * 25, "leave_url": "https://example.org/l", "reason": "Because."},
    {"greeting": "Olá Łucja 🙂,", "leave_url": "https://example.org/leave/%C3%A9", "reason": ""},
)


def _samples(ids: Sequence[str]) -> list[tuple[str, ...]]:
    """Return selections that tell neighbours apart: one entry, every second, all but the first, all."""
    samples = [ids[-1:], ids[::2], ids[1:], ids]
    return [tuple(sample) for sample in samples if sample]


def _difference(expected: str, found: str) -> str:
    place = next(
        (place for place, (one, other) in enumerate(zip(expected, found, strict=False)) if one != other),
        min(len(expected), len(found)),
    )
    start = max(0, place - _EXCERPT_OF_DIFFERENCE)
    wanted, got = (text[start : place + _EXCERPT_OF_DIFFERENCE] for text in (expected, found))
    return (
        "its output for one subscriber depends on which other entries are shown or on whose values they are "
        "(a running number, a count, a separator, a part outside {% shown %}?): "
        f"rendered for one person it says {wanted!r}, compiled {got!r}; {number_words(place)} characters are equal"
    )
