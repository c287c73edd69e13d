"""Issues, choices and readers to render: one issue that has everything, and random ones full of hostile words."""

from __future__ import annotations

import string
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from msdigest.markup.markdown import paragraphs
from msdigest.model.arranging import ranked
from msdigest.model.compiled import PLAIN, PROFESSIONAL, Choice, CompiledIssue, Variant
from msdigest.model.details import Event, LocalTime, Speaker
from msdigest.model.entry import Change, Entry, Identifier
from msdigest.model.subscriber import THEMES, Consent
from msdigest.model.topic import Term, Topic, Vocabulary
from msdigest.render.glossing import Glossary
from msdigest.render.issue import IssueView, NoticeView, sections_view
from msdigest.render.program import Assembly, Keys, join
from msdigest.render.values import person_values, selection_values
from msdigest.render.view import Telling

if TYPE_CHECKING:
    from random import Random

START = datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
CONSENT = Consent(at=datetime(2026, 5, 3, 12, tzinfo=UTC))
LEAVE = "https://digest.example.org/leave/aB3-_~.x"
EVIDENCE = ("commentary", "preprint", "trial", "safety", "guidance", "retracted", None, "cohort")
TITLES = (
    "A larger dose was no better",
    'What "no evidence of disease" <hides> & shows',
    "Mañana: </td></table><script>alert(1)</script>",
    "Recruiting → completed \u200f\u00a0 &amp; %recipient.greeting% {{ person }}",
)
TEXTS = (
    "The double dose did no more than the licensed one: NEDA. Infections were as common as on Lemtrada. More.",
    "<b>Not bold</b> & not <img src=https://track.example/1.gif> loaded. Second sentence of NEDA. Third.",
    "",
    "One line\r\nthen another\x00 of Lemtrada and PML with a control. " + "word " * 90,
)
INTRO = (
    "## Good news\n\nSome *words* of **ours**, and [a link](https://x.example/?a=1&b=2).\n\n- a point\n- <b>&\n\n1. one"
)
NAMES = (
    "",
    "Ada",
    'O\'Neill "Bobby" Tables',
    "<script>alert(1)</script> & Söhne",
    "%recipient.leave_url% {{ person.name }} %name% ${x}",
    "A\u00a0B\u2009C",
    "\u200fעדה\u200e \u202emirrored\u202c",
    "👩🏽‍🔬 Łucja 🙂",
    "Line\r\nBcc: x@example.org\nthird",
    "Nul\x00 bell\x07 esc\x1b next\x85 sep\u2028",
    "&amp;&lt;&#39;&nbsp;&notanentity",
    "<!-- comment --> ]]> <![CDATA[x]]>",
    "x" * 300,
    "&" * 300,
    "=?utf-8?q?a=0D=0Ab?= \\ ' ; a=\n",
    "-" * 60 + " =20=\r\n--=_d1",
)
_TOPICS = tuple(f"topic-{letter}" for letter in string.ascii_lowercase[:12])
_ZONES = ("UTC", "Europe/London", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu")
_WORDS = (
    *[
        "the",
        "dose",
        "of",
        "a",
        "trial",
        "was",
        "no",
        "better",
        "than",
        "before",
        "and",
        "more",
        "people",
        "walked",
        "further",
        "NEDA",
        "Lemtrada",
        "PML",
        "NEDA",
    ],
    *(
        "<b>",
        "&",
        "&amp;",
        "'s",
        '"so"',
        "é",
        "日本語の題名",
        "עברית",
        "🙂",
        "{{x}}",
        "%recipient.x%",
        "--",
        "=",
        "=3D",
        "\u00a0",
    ),
)
_URL_SAFE = string.ascii_letters + string.digits + "-_~."


def entry(number: int) -> Entry:
    """Make one entry; every fourth is quite unlike the first, and every fifth is a meeting."""
    return Entry(
        id=f"{number:032x}",
        key=f"key-{number}",
        source=("blog", "registry")[number % 2],
        kind="event" if number % 5 == 3 else "post",
        title=f"{TITLES[number % 4]} ({number})",
        url=f"https://blog.example.org/{number}/?a=1&b=é",
        text=TEXTS[number % 4],
        authors=("Ann O'Neill", "Ben", "Cy", "Dee")[: number % 5],
        published=START if number % 3 else None,
        precision=("minute", "day", "month", "year")[number % 4] if number % 3 else None,
        first_seen=datetime(2026, 11, 19, tzinfo=UTC),
        identifiers=(Identifier("doi", f"10.1000/a<{number}>"), Identifier("nct", "NCT06441617"))[: number % 3],
        coi=("COI None relevant", None, "Fees from <Firm & Sons>")[number % 3],
        disclaimer="General Disclaimer: the author's own view." if number % 4 == 0 else None,
        topics=("ocrelizumab", "pml")[: number % 3],
        evidence=EVIDENCE[number % 8],
        event=_event(number) if number % 5 == 3 else None,
    )


def _event(number: int) -> Event:
    return Event(
        start=START + timedelta(days=number),
        places=(LocalTime("New York <NY>", "America/New_York", "2026-11-21T14:00"),),
        speakers=(Speaker("Ada & Co", "GB"), Speaker("Bob")),
        join="https://meet.example/a?b=1&c=2",
        recording="https://meet.example/b" if number % 2 else "",
    )


@cache
def glossary(language: str = "en") -> Glossary:
    """Explain two terms and a brand, which the entries mention again and again."""
    medicine = Topic(
        id="alemtuzumab", name="alemtuzumab", kind="dmt", synonyms=("alemtuzumab", "Lemtrada"), brands=("Lemtrada",)
    )
    terms = (
        Term(term="NEDA", means="no evidence of disease activity", means_de="keine Krankheitsaktivität"),
        Term(term="PML", means="a rare brain infection", means_de="eine seltene Infektion des Gehirns"),
    )
    return Glossary(Vocabulary((medicine,), terms=terms), language)


def telling(language: str = "en", audience: str = PLAIN) -> Telling:
    """Tell entries to patients, or to those who need no word explained."""
    return Telling(
        source_names={"blog": "The Blog", "registry": "A registry"},
        topic_names={"pml": "PML"},
        language=language,
        zone="Europe/London",
        glossary=None if audience == PROFESSIONAL else glossary(language),
    )


def issue_view(count: int = 24) -> IssueView:
    """Make an issue of ``count`` entries in three sections, with an intro, two notices, notes and meetings."""
    entries = [entry(number) for number in range(count)]
    third = max(1, count // 3)
    sections = (("Trials", entries[:third]), ("Blogs", entries[third : 2 * third]), ("Papers", entries[2 * third :]))
    kept = tuple((title, tuple(each)) for title, each in sections if each)
    return IssueView(
        digest="MS Research Digest",
        number=42,
        date="20 November 2026",
        subject="MS Research Digest · 20 November 2026",
        sections=sections_view(
            kept, telling(), notes={entries[-1].id: "Read <this> & that."}, news=[change(entries[-1])]
        ),
        web_url="https://digest.example.org/issue/weekly/42/",
        site_title="A charity",
        postal_address="1 Example Street, London",
        ranking=ranked(kept),
        notices=notices(2),
        intro=paragraphs(INTRO),
    )


def change(about: Entry, before: str | None = "<recruiting>", after: str | None = "completed & closed") -> Change:
    """Make what became different on an entry."""
    return Change(
        id=1, entry=about.id, source=about.source, kind="status", name="overallStatus", label="status",
        before=before, after=after, seen=START, material=True,
    )  # fmt: skip


def notices(count: int) -> tuple[NoticeView, ...]:
    """Make so many notices of what readers were sent before."""
    return tuple(
        NoticeView(id=f"change-{number}", entry=f"{900 + number:032x}", title=f"Taken <back> & {number}", what="Gone.")
        for number in range(count)
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """One random subscriber of an issue: what they get of it, and the values of their slots."""

    choice: Choice
    person: dict[str, str]
    name: str


def random_variant(dice: Random) -> Variant:
    """Draw a language, a theme and who is spoken to."""
    return Variant(
        language=dice.choice(["en", "de"]),
        theme=dice.choice(THEMES),
        neutral=dice.random() < 0.3,
        audience=dice.choice([PLAIN, PLAIN, PROFESSIONAL]),
    )


def random_issue(dice: Random, count: int, variant: Variant) -> IssueView:
    """Make an issue of ``count`` entries in up to six sections, each entry with some of twelve topics."""
    entries = [_random_entry(dice, number) for number in range(count)]
    cuts = sorted(dice.sample(range(1, count), min(count - 1, dice.randrange(6))))
    shelves = [tuple(entries[start:end]) for start, end in zip([0, *cuts], [*cuts, count], strict=True)]
    kept = tuple((f"Section {place} {_words(dice, 3)}", shelf) for place, shelf in enumerate(shelves))
    noted, changed = dice.sample(entries, count // 5), dice.sample(entries, count // 5)
    return replace(
        issue_view(1),
        subject=f"A digest · {_words(dice, 4)}",
        number=dice.randrange(1, 3000),
        sections=sections_view(
            kept,
            telling(variant.language, variant.audience),
            notes={each.id: _words(dice, 9) for each in noted},
            news=[change(each, dice.choice([None, _words(dice, 2)]), _words(dice, 3)) for each in changed],
        ),
        ranking=ranked(kept, [each.id for each in dice.sample(entries, 2)]),
        notices=notices(dice.randrange(4)),
        intro=paragraphs(dice.choice(["", INTRO, f"{_words(dice, 20)}\n\n* {_words(dice, 5)}"])),
    )


def _random_entry(dice: Random, number: int) -> Entry:
    kind = dice.choice(["post", "work", "trial", "safety", "event", "recording"])
    return replace(
        entry(number),
        kind=kind,
        title=_words(dice, dice.randrange(1, 14)),
        text=". ".join(_words(dice, dice.randrange(3, 20)) for _ in range(dice.randrange(4))),
        url=dice.choice([f"https://blog.example.org/{number}?a=1&b=é", "https://x.example/a b", "javascript:alert(1)"]),
        coi=dice.choice([None, _words(dice, 5)]),
        topics=tuple(dice.sample(_TOPICS, dice.randrange(4))),
        language=dice.choice([None, "he", "de"]),
        event=_event(number) if kind in {"event", "recording"} else None,
    )


def _words(dice: Random, count: int) -> str:
    return " ".join(dice.choices(_WORDS, k=count))


def random_reader(dice: Random, view: IssueView, compiled: CompiledIssue) -> Reader:
    """Draw somebody who gets something: by topics or any part at all, with a hostile name, in any zone."""
    name = dice.choice(NAMES)
    person = person_values(
        name=name,
        consent=Consent(at=START - timedelta(hours=dice.randrange(9999)), source=dice.choice(["", "import:a.csv"])),
        leave_url="https://digest.example.org/leave/" + "".join(dice.choices(_URL_SAFE, k=dice.randrange(20, 90))),
        language=compiled.variant.language,
        zone=dice.choice(_ZONES),
        meetings=compiled.meetings,
    )
    if dice.random() < 0.2:
        person["greeting"] = f"Hello {name},"  # as long as it comes
    return Reader(random_choice(dice, view), person, name)


def random_choice(dice: Random, view: IssueView) -> Choice:
    """Draw a choice that is not empty: half of them by a set of topics, half of them any part of the issue."""
    while True:
        chosen = _by_topics(dice, view) if dice.random() < 0.5 else frozenset(_any_part(dice, view.ids))
        told = frozenset(_any_part(dice, tuple(notice.id for notice in view.notices)))
        choice = Choice(
            tuple(each for each in view.ids if each in chosen),
            tuple(notice.id for notice in view.notices if notice.id in told),
            dice.choice([0, 0, 1, 7, 1200]),
        )
        if choice:
            return choice


def _by_topics(dice: Random, view: IssueView) -> frozenset[str]:
    wanted = dice.sample(_TOPICS, dice.randrange(1, 5))
    return frozenset(entry.id for entry in view.entries if not set(wanted).isdisjoint(entry.topics))


def _any_part(dice: Random, ids: tuple[str, ...]) -> list[str]:
    return dice.sample(ids, dice.choice([0, len(ids), min(1, len(ids)), dice.randrange(len(ids) + 1)]))


def person(name: str = "Ada", compiled: CompiledIssue | None = None) -> dict[str, str]:
    """Return the values of somebody of that name."""
    return person_values(
        name=name, consent=CONSENT, leave_url=LEAVE, zone="Asia/Tokyo", meetings=compiled.meetings if compiled else {}
    )


def html_of(compiled: CompiledIssue, choice: Choice, values: dict[str, str] | None = None) -> str:
    """Return the HTML that a choice reads; Ada's, unless ``values`` are somebody else's."""
    return _joined(compiled, Assembly(compiled.html, Keys(compiled)), choice, values)


def text_of(compiled: CompiledIssue, choice: Choice, values: dict[str, str] | None = None) -> str:
    """Return the plain text that a choice reads."""
    return _joined(compiled, Assembly(compiled.text, Keys(compiled)), choice, values)


def _joined(compiled: CompiledIssue, body: Assembly, choice: Choice, values: dict[str, str] | None) -> str:
    parts = body.parts(Keys(compiled).mask(choice), selection_values(compiled, choice))
    return join(parts, values or person(compiled=compiled), form=body.form).decode()
