"""What the mails that are looked at tell: one issue with everything a digest can hold, and letters.

Each in everyday words, and once more with words that are longer than any line.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from tests.rendering import telling

from msdigest.markup.markdown import paragraphs
from msdigest.model.arranging import ranked
from msdigest.model.compiled import Variant
from msdigest.model.details import Event, LocalTime, Speaker
from msdigest.model.entry import Change, Entry, Identifier
from msdigest.model.subscriber import Consent
from msdigest.render.issue import IssueView, NoticeView, SectionView, sections_view
from msdigest.render.labels import Label
from msdigest.render.letters import (
    Bulletin,
    Chosen,
    Correction,
    Mail,
    Sender,
    alarm,
    confirmation,
    correction,
    safety,
    welcome,
)
from msdigest.render.values import person_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.render.template import Templates

LETTERS = ("alarm", "confirmation", "correction", "safety", "welcome")
AT = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
# Longer than any line, and than a button.
WORD = "W" * 90
URL = "https://digest.example.org/"
ENDLESS_URL = URL + "y" * 200
_DATE = {"en": "20 November 2026", "de": "20. November 2026"}
_INTRO = {
    "en": (
        "## A quieter week\n\nOne *large* trial answered a question that many of you wrote to us about: "
        "**does more of the medicine do more?** Our [page about the trial](https://digest.example.org/trial) "
        "collects what was asked.\n\n"
        "- The Zoom call on Thursday is open to everybody\n- Two corrections concern earlier issues\n\n"
        "1. Read the short overview\n2. Take a rest"
    ),
    "de": (
        "## Eine ruhige Woche\n\nEine *große* Studie beantwortet eine Frage, zu der viele geschrieben haben: "
        "**Hilft mehr vom Wirkstoff auch mehr?** Unsere [Seite zur Studie](https://digest.example.org/trial) "
        "sammelt die Krankenversicherungsleistungsverbesserungsvorschläge.\n\n"
        "- Das Gespräch am Donnerstag steht allen offen\n- Zwei Berichtigungen betreffen frühere Ausgaben\n\n"
        "1. Erst den Überblick lesen\n2. Dann ausruhen"
    ),
}
_TITLES = {
    "en": ("Trials and registries", "Safety of medicines", "From the blogs", "Papers", "Calls for your time"),
    "de": ("Studien und Register", "Arzneimittelsicherheit", "Aus den Blogs", "Veröffentlichungen", "Zum Mitmachen"),
}
_NOTES = {
    "en": "The number of infections is in table 3 of the paper; the summary does not tell it.",
    "de": "Die Zahl der Infektionen steht in Tabelle 3; die Zusammenfassung nennt sie nicht.",
}
_TAKEN_BACK = {
    "en": "Was retracted by its journal on 17 November 2026. We told you of it on 3 October 2026.",
    "de": "Wurde am 17. November 2026 von der Zeitschrift zurückgezogen. Wir hatten am 3. Oktober 2026 berichtet.",
}


def person(language: str, meetings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the values of somebody who reads ``language``."""
    asked = Consent(at=datetime(2026, 5, 3, 12, tzinfo=UTC))
    leave = f"{URL}leave/aB3-_~.x"
    name = "Helen Murray-Clark"
    return person_values(
        name=name, consent=asked, leave_url=leave, language=language, zone="Asia/Tokyo", meetings=meetings
    )


def issue(language: str = "en") -> IssueView:
    """Make an issue that has whatever a digest can have, in words as sources write them."""
    shelves = tuple(zip(_TITLES[language], (_trials(), _warnings(), _posts(), _papers(), _meetings()), strict=True))
    noted = (_trials()[0].id, _papers()[0].id)
    return IssueView(
        digest="MS Research Digest",
        number=42,
        date=_DATE[language],
        subject=f"MS Research Digest · {_DATE[language]}",
        sections=sections_view(
            shelves, telling(language), notes=dict.fromkeys(noted, _NOTES[language]), news=_changes()
        ),
        web_url=f"{URL}issue/weekly/42/",
        site_title="A charity for people with multiple sclerosis",
        postal_address="1 Example Street, London N1 9ZZ",
        ranking=ranked(shelves),
        notices=_notices(language),
        intro=paragraphs(_INTRO[language]),
    )


def endless_issue(language: str = "en") -> IssueView:
    """Make the same issue, but the words of its first entry, of its intro and of its notices have no end."""
    view = issue(language)
    title = view.sections[0].title
    long = replace(
        view.sections[0].entries[0], title=WORD * 2, excerpt=ENDLESS_URL, segments=(ENDLESS_URL,), note=WORD,
        labels=(Label(WORD[:40], "alarm"), Label(WORD[:40], "neutral")), news=(WORD, WORD),
    )  # fmt: skip
    meeting = view.sections[-1].entries[0]
    told = replace(meeting.meeting, when=WORD, speakers=WORD, join=ENDLESS_URL) if meeting.meeting else None
    last = replace(meeting, title=WORD, byline=(WORD, WORD), coi=WORD, disclaimer=WORD, why=WORD, meeting=told)
    return replace(
        view,
        digest=WORD,
        site_title=WORD,
        postal_address=WORD,
        sections=(
            SectionView(title + WORD, (long, *view.sections[0].entries[1:])),
            *view.sections[1:-1],
            SectionView(view.sections[-1].title, (last, *view.sections[-1].entries[1:])),
        ),
        notices=tuple(replace(notice, title=WORD, what=WORD) for notice in view.notices),
        intro=paragraphs(f"## {WORD}\n\n{WORD}\n\n- [{WORD}]({ENDLESS_URL})\n\n1. **{WORD}**"),
    )


def letter(templates: Templates, name: str, variant: Variant) -> Mail:
    """Write the letter ``name`` in everyday words."""
    about = {"templates": templates, "variant": variant, "sender": _SENDER}
    to = {"person": person(variant.language)}
    made = {
        "alarm": partial(alarm, **about, what="Issue 42 of MS Research Digest is held", **_ALARM),
        "confirmation": partial(
            confirmation, **about, digest="MS Research Digest", confirm_url=f"{URL}confirm/aB3", days=7
        ),
        "correction": partial(correction, **about, **to, correction=_CORRECTION),
        "safety": partial(safety, **about, **to, bulletin=_BULLETIN),
        "welcome": partial(welcome, **about, **to, digest="MS Research Digest", chosen=_CHOSEN, next_at=AT),
    }
    return made[name]()


def endless_letter(templates: Templates, name: str, variant: Variant) -> Mail:
    """Write the letter ``name``, whose every value is a word that is longer than any line."""
    url = ENDLESS_URL
    about = {"templates": templates, "variant": variant, "sender": Sender(title=WORD, postal_address=WORD)}
    to = {"person": {"greeting": f"Hello {WORD},", "reason": f"You asked {WORD}.", "leave_url": url}}
    chosen = Chosen(topics=(WORD, WORD), frequency="weekly", change_url=url, pause_url=url + "z")
    told = Correction(title=WORD * 3, happening="concern", at=AT, told_at=AT, page_url=url, notice_url=url + "z")
    bulletin = Bulletin(
        jurisdiction=WORD, title=WORD * 5, words=f"{WORD}\n\n{WORD}", at=AT, url=url + "z", page_url=url
    )
    made = {
        "alarm": partial(alarm, **about, what=WORD, facts=[WORD] * 2, advice=[WORD], url=url),
        "confirmation": partial(confirmation, **about, digest=WORD, confirm_url=url, days=1),
        "correction": partial(correction, **about, **to, correction=told),
        "safety": partial(safety, **about, **to, bulletin=bulletin),
        "welcome": partial(welcome, **about, **to, digest=WORD, chosen=chosen, next_at=AT),
    }
    return made[name]()


def _entry(number: int, title: str, text: str = "", **more: object) -> Entry:
    fields: Mapping[str, object] = {"source": "blog", "published": AT, "precision": "day", "first_seen": AT, **more}
    url = f"https://source.example.org/{number}/a-page-of-its-own"
    return Entry(id=f"{number:032x}", key=f"{number}", title=title, text=text, url=url, **fields)  # type: ignore[arg-type]  # the fields of an entry by name


def _trials() -> tuple[Entry, ...]:
    return (
        _entry(
            1,
            "Efficacy and safety of high-dose ocrelizumab compared with the licensed dose in adults with relapsing "
            "multiple sclerosis: primary results of the randomised, double-blind phase 3 trial",
            "The higher dose slowed disability no better than the licensed one over two and a half years. Infections "
            "were about as common in both groups, and nobody was found to have PML.",
            kind="work", evidence="retracted", source="registry", topics=("ocrelizumab", "relapsing MS"),
            authors=("Ann O'Neill", "Benedikt Müller", "Cy Young", "Dee Dee"),
            identifiers=(Identifier("doi", "10.1016/s0140-6736(26)01234-5"), Identifier("nct", "NCT04544436")),
        ),
        _entry(
            2, "CAFE-MS: recruiting → completed", "The study asks whether coffee eases fatigue.",
            kind="trial", evidence="preprint", source="registry", topics=("fatigue",),
            identifiers=(Identifier("nct", "NCT06441617"),), coi="Fees from Firm & Sons",
        ),
    )  # fmt: skip


def _warnings() -> tuple[Entry, ...]:
    return (
        _entry(
            3, "Natalizumab and PML: a new letter to healthcare professionals",
            "The agency asks for a scan before a change of the interval. Do not stop a medicine on your own.",
            kind="safety", evidence="regulatory", topics=("natalizumab", "pml"),
        ),
    )  # fmt: skip


def _posts() -> tuple[Entry, ...]:
    return (
        _entry(
            4, "Arzneimittelsicherheitsüberwachungsverordnung: Krankenversicherungsleistungsverbesserungen erklärt",
            "Die Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft hat nichts damit "
            "zu tun. Der Beitrag ordnet die neue Verordnung ein.",
            language="de", evidence="patient-resource",
            disclaimer="General Disclaimer: please note that the opinions expressed here are those of the author and "
            "do not necessarily reflect the positions of the hospital.", coi="COI: multiple; see the page about us",
        ),
        _entry(5, "What is lupus?", "A short answer to a question from the comments.", evidence="commentary"),
    )  # fmt: skip


def _papers() -> tuple[Entry, ...]:
    return (
        _entry(
            6, "التصلب المتعدد: تجربة سريرية جديدة للأوكريليزوماب (OCRE-2) في القاهرة",
            "شملت التجربة 240 مريضًا في مستشفيات القاهرة. لم تكن الجرعة الأعلى أفضل من الجرعة المعتادة.",
            language="ar", kind="work", evidence="randomised-trial", source="registry", topics=("ocrelizumab",),
            identifiers=(Identifier("doi", "10.2217/imt.13.155"), Identifier("pmid", "24341886")),
        ),
        _entry(
            7, "Optic neuritis after infection: three people", "NEDA was not reached by anyone.", kind="work",
            evidence="case-series", source="registry", precision="month",
        ),
    )  # fmt: skip


def _meetings() -> tuple[Entry, ...]:
    cities = (
        LocalTime("New York", "America/New_York", "2026-12-03T14:00"),
        LocalTime("London", "Europe/London", "2026-12-03T19:00"),
        LocalTime("Auckland", "Pacific/Auckland", "2026-12-04T08:00"),
    )
    speakers = (Speaker("Prof. Ada Sample", "GB"), Speaker("Dr. Bob Sample", "NZ"))
    at = datetime(2026, 12, 3, 19, tzinfo=UTC)
    event = Event(start=at, places=cities, speakers=speakers, join="https://meet.example/j/91234567890?pwd=aGVsbG8")
    past = Event(start=AT, speakers=speakers[:1], recording="https://meet.example/rec/1")
    return (
        _entry(8, "Grand round: exercise in progressive MS", kind="event", event=event, topics=("exercise",)),
        _entry(9, "What a scan can tell", "One hour, with captions.", kind="recording", event=past),
    )


def _changes() -> tuple[Change, ...]:
    told = (("status", "status", "recruiting", "completed"), ("end", "end of the study", "2027-03", "2026-11"))
    return tuple(
        Change(entry=f"{2:032x}", source="registry", kind="status", name=name, label=label, before=before, after=after,
               seen=AT, material=True)
        for name, label, before, after in told
    )  # fmt: skip


def _notices(language: str) -> tuple[NoticeView, ...]:
    titles = ("Vitamin D and relapses: a pooled analysis of nine cohorts", "A register of sleep in MS")
    return tuple(
        NoticeView(id=f"change-{number}", entry=f"{900 + number:032x}", title=title, what=_TAKEN_BACK[language])
        for number, title in enumerate(titles)
    )


_SENDER = Sender(title="A charity for people with multiple sclerosis", postal_address="1 Example Street, London N1 9ZZ")
_ALARM = {
    "facts": [
        "It was due on 20 November 2026, 07:00, and is more than 24 hours late.",
        "3 of 24 sources have failed since 17 November 2026.",
    ],
    "advice": ["Look at the issue, then send it or leave its entries for the next one."],
    "url": f"{URL}desk/issue/42",
}
_CHOSEN = Chosen(
    topics=("ocrelizumab", "fatigue", "exercise & rehabilitation"),
    frequency="weekly",
    change_url=f"{URL}choices/aB3",
    pause_url=f"{URL}pause/aB3",
)
_CORRECTION = Correction(
    title="Vitamin D and relapses: a pooled analysis of nine cohorts", happening="retraction", at=AT, told_at=AT,
    page_url=f"{URL}entry/1/", notice_url="https://journal.example.org/notice",
)  # fmt: skip
_BULLETIN = Bulletin(
    jurisdiction="European Union", title="Natalizumab (Tysabri): risk of PML with extended interval dosing",
    words="A scan is advised before the interval between two infusions is changed.\n\n"
    "Patients should tell their doctor about new or worsening symptoms at once.",
    at=AT, url="https://agency.example.org/letter", page_url=f"{URL}entry/3/",
)  # fmt: skip
