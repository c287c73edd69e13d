"""An issue's mail: compiled once a variant, assembled for each choice, filled for each person.

``compile_issue`` renders and inlines the templates once with every entry, and cuts the result into a program.
``reference`` does the same for one choice and one person the naive way; ``check_compiled`` compares the two, so a
template whose output depends on its neighbours (a running number, a count, a separator) is refused, not sent wrong.
"""

from __future__ import annotations

import hashlib
from itertools import cycle
from types import SimpleNamespace
from typing import TYPE_CHECKING

from msdigest.errors import NotCompilableError
from msdigest.model.compiled import Choice, CompiledIssue, Slot
from msdigest.render.compiler import html_program, text_program
from msdigest.render.frame import frame, inlined
from msdigest.render.instants import rfc3339
from msdigest.render.plain import one_line
from msdigest.render.program import Assembly, Keys, fill, join
from msdigest.render.sealed import Marks, Sealed, SealedValues
from msdigest.render.values import selection_values
from msdigest.words import number_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from msdigest.model.compiled import Program, Scope, Variant
    from msdigest.render.issue import IssueView
    from msdigest.render.template import Templates

HTML, TEXT = "email/digest.html.jinja", "email/digest.txt.jinja"
SELECTION_SLOTS = ("count_line", "more_line", "preheader")
PERSON_SLOTS = ("greeting", "leave_url", "reason")
_EXCERPT_OF_DIFFERENCE = 30


def compile_issue(templates: Templates, view: IssueView, variant: Variant) -> CompiledIssue:
    """Compile the issue for everybody who reads ``variant``, and check it against the naive way.

    Raises NotCompilableError (with file, and line or selector) if the templates do not allow it, TemplateError
    if they do not work at all.
    """
    compiled = compile_unchecked(templates, view, variant)
    check_compiled(templates, view, compiled, samples(compiled))
    return compiled


def compile_unchecked(templates: Templates, view: IssueView, variant: Variant) -> CompiledIssue:
    """Compile without the comparison with the naive way: for a look at it, never for sending."""
    clocks = {
        entry.clock: rfc3339(entry.meeting.start)
        for entry in view.entries
        if entry.clock and entry.meeting and entry.meeting.start
    }
    context = _context(view, variant) | {
        "person": _sealed("person", (*PERSON_SLOTS, *clocks)),
        "selection": _sealed("selection", SELECTION_SLOTS),
    }
    nonce = _nonce(view)
    html_nodes = _html_program(templates, context, Marks(nonce), variant)
    marks = Marks(nonce)
    text_nodes = text_program(templates.render_marked(TEXT, marks, context), marks)
    return CompiledIssue(
        variant=variant,
        subject=one_line(view.subject),
        html=html_nodes,
        text=text_nodes,
        titles={entry.id: entry.title for entry in view.entries},
        words={entry.id: entry.words for entry in view.entries},
        ranking=view.ranking,
        notices={notice.id: notice.title for notice in view.notices},
        meetings=clocks,
    )


def _html_program(templates: Templates, context: Mapping[str, object], marks: Marks, variant: Variant) -> Program:
    rendered = templates.render_marked(HTML, marks, context)
    try:
        html = inlined(templates, rendered, variant, file=HTML)
    except NotCompilableError:
        # Somebody's value in a style attribute is no value of its property either: the compiler knows its line.
        html_program(rendered, marks)
        raise
    return html_program(html, marks)


def reference(
    templates: Templates,
    view: IssueView,
    variant: Variant,
    *,
    selection: Mapping[str, str],
    person: Mapping[str, str],
) -> tuple[str, str]:
    """Render (HTML, text) the naive way: Jinja2 and premailer for one person, ``view`` with their choice alone.

    Far too slow to send with; it says what a compiled issue has to be equal to.
    """
    context = _context(view, variant) | {
        "person": SimpleNamespace(**{name: fill(name, value, html=False) for name, value in person.items()}),
        "selection": SimpleNamespace(**{name: fill(name, value, html=False) for name, value in selection.items()}),
    }
    html = inlined(templates, templates.render(HTML, **context), variant, file=HTML)
    return html, templates.render(TEXT, **context)


def check_compiled(
    templates: Templates,
    view: IssueView,
    compiled: CompiledIssue,
    some: Iterable[tuple[Choice, Mapping[str, str]]],
    *,
    real: bool = False,
) -> None:
    """Compare assembled messages with the naive way, byte for byte, for ``some`` choices with a person's values.

    Raises NotCompilableError that shows where they part; of ``real`` people's messages nothing is shown.
    """
    keys = Keys(compiled)
    bodies = ((HTML, Assembly(compiled.html, keys)), (TEXT, Assembly(compiled.text, keys)))
    for choice, person in some:
        selection = selection_values(compiled, choice)
        whole = reference(templates, view.only(choice), compiled.variant, selection=selection, person=person)
        for (name, body), expected in zip(bodies, whole, strict=True):
            found = join(body.parts(keys.mask(choice), selection), person, form=body.form).decode()
            if found != expected:
                raise NotCompilableError(templates.path(name), None, _difference(expected, found, quoted=not real))


def _context(view: IssueView, variant: Variant) -> dict[str, object]:
    return frame(variant) | {"issue": view}


def _sealed(scope: Scope, names: Sequence[str]) -> SealedValues:
    return SealedValues(scope, {name: Sealed(Slot(name, scope, url=name.endswith("_url"))) for name in names})


def _nonce(view: IssueView) -> str:
    """Return letters and digits that nothing in the issue contains; the same issue gives the same.

    No source can write them into its entries: it would have to contain 80 bits of its own hash.
    """
    return f"k{hashlib.sha256(repr(view).encode('utf-8', 'replace')).hexdigest()[:20]}"


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
_SAMPLE_CLOCKS = ("In your time zone: 3 Dec", "<b>&", "", "Zeit: 20:00 (Zürich)")


def samples(compiled: CompiledIssue) -> Iterator[tuple[Choice, Mapping[str, str]]]:
    """Give choices that tell neighbours apart, each with a person: one entry, two, every third, … all but one, all."""
    ids, notices = tuple(compiled.titles), tuple(compiled.notices)
    choices = dict.fromkeys(
        (
            Choice(ids[-1:], more=2),
            Choice(ids[:2]),
            Choice(ids[1::3], more=3),
            Choice(ids[::2], notices[:1]),
            Choice(ids[len(ids) // 2 :], notices[-1:]),
            Choice(ids[: 3 * len(ids) // 4]),
            Choice(ids[1:], notices[1:], more=1),
            Choice(ids, notices),
            Choice((), notices[:1]),
            Choice((), notices),
        )
    )
    for choice, person, clock in zip(choices, cycle(_SAMPLE_PEOPLE), cycle(_SAMPLE_CLOCKS), strict=False):
        if choice:
            yield choice, {**person, **dict.fromkeys(compiled.meetings, clock)}


def _difference(expected: str, found: str, *, quoted: bool) -> str:
    place = next(
        (place for place, (one, other) in enumerate(zip(expected, found, strict=False)) if one != other),
        min(len(expected), len(found)),
    )
    start = max(0, place - _EXCERPT_OF_DIFFERENCE)
    wanted, got = (text[start : place + _EXCERPT_OF_DIFFERENCE] for text in (expected, found))
    parting = f"rendered for one person it says {wanted!r}, compiled {got!r}; " if quoted else ""
    return (
        "its output for one subscriber depends on which other entries are shown or on whose values they are "
        "(a running number, a count, a separator, a part outside {% shown %}?): "
        f"{parting}{number_words(place)} characters are equal"
    )
