"""The editors' form for an entry of their own: the one thing that the preview writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import Route

from msdigest.errors import TypedError
from msdigest.model.typed import Typed
from msdigest.steps.adding.adding import desks
from msdigest.steps.adding.reading import KINDS
from msdigest.store import entries as entry_store
from msdigest.web.forms import STALE, Unfit, form_of
from msdigest.web.hardening import FORM_HEADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from msdigest.app import App
    from msdigest.model.entry import Entry
    from msdigest.model.source import Source
    from msdigest.web.forms import Token
    from msdigest.web.pages import Pages

PATH = "/add"
_ID = re.compile(r"[0-9a-f-]{36}")
_SOURCE = "source"
# Fields that hold several values: separated by commas, or one a line.
_SEVERAL = {"topics": re.compile(r"[,;\n]"), "speakers": re.compile(r"\n")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of the form. lines: of a larger field. choices: (value, words) of a list to choose from."""

    name: str
    label: str
    hint: str = ""
    lines: int = 1
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what was answered, and what is wrong with that."""

    question: Question
    value: str
    fault: str


@dataclass(frozen=True, slots=True)
class Part:
    """Questions that belong together; without a ``title`` everybody is asked them. ``open``: it shows itself."""

    title: str
    asked: tuple[Asked, ...]
    open: bool


_KIND = Question(
    name="kind", label="What is it?", choices=tuple((kind, f"{kind}: {about}") for kind, about in KINDS.items())
)
_PARTS: tuple[tuple[str, tuple[Question, ...]], ...] = (
    (
        "",
        (
            _KIND,
            Question(name="title", label="Title", hint="What it is, in a few words."),
            Question(name="url", label="Address", hint="Where it is to be read, with https://. Empty: our own page."),
            Question(name="text", label="Text", hint="A blank line parts paragraphs; addresses become links.", lines=8),
            Question(name="date", label="Date", hint="2026-12-03, or 2026-12 if only the month is known."),
            Question(name="topics", label="Topics", hint="Ids or names, with commas; what the text says is found."),
        ),
    ),
    (
        "Only for an event",
        (
            Question(name="at", label="Day and time", hint="2026-12-03 19:00"),
            Question(name="zone", label="Time zone", hint="Whose clock shows that: Europe/London."),
            Question(name="city", label="City", hint="The same, by a city: London."),
            Question(name="join", label="Link to take part"),
            Question(name="speakers", label="Speakers", hint="One a line: Ada Example (GB).", lines=3),
        ),
    ),
    (
        "Only for a recording",
        (
            Question(name="file", label="Address of the sound or film"),
            Question(name="type", label="Type", hint="audio/mpeg; empty: told by the file’s name."),
            Question(name="length", label="Size in bytes"),
            Question(name="duration", label="Duration", hint="58:58"),
        ),
    ),
    (
        "Only for a figure",
        (
            Question(name="number", label="Number", hint="52,000"),
            Question(name="unit", label="Of what", hint="people with MS"),
        ),
    ),
)
# What is said after it was sent, by the parameter that names the entry.
_DONE = {"added": "Added", "changed": "Changed", "same": "Unchanged"}
_FIELDS = tuple(question.name for _, questions in _PARTS for question in questions)


class AddingPage:
    """Shows the form, and keeps what it sends."""

    def __init__(self, app: App, pages: Pages, token: Token) -> None:
        """Take the site, and the ``token`` of this process's forms."""
        self._app = app
        self._pages = pages
        self._token = token

    @property
    def route(self) -> Route:
        """Where the form is, and where it is sent."""
        return Route(PATH, self.answer, methods=["GET", "POST"])

    async def answer(self, request: Request) -> Response:
        """Show the form, or act on it."""
        if request.method != "POST":
            return await run_in_threadpool(self._show, request)
        told = await form_of(request)
        if isinstance(told, Unfit):
            return await run_in_threadpool(self._refuse, told)
        return await run_in_threadpool(self._take, told)

    def _show(self, request: Request) -> Response:
        kind = request.query_params.get("kind", "")
        for what, words in _DONE.items():
            if _ID.fullmatch(named := request.query_params.get(what, "")):
                with self._app.database.reading() as connection:
                    entry = entry_store.get(connection, named)
                if entry is not None:
                    return self._form({"kind": kind}, done=(words, entry))
        return self._form({"kind": kind})

    def _take(self, told: Mapping[str, str]) -> Response:
        if not self._token.fits(told):
            return self._form(told, faults={"": STALE}, status=403)
        if not desks(self._app.settings.sources):
            return self._form(told, status=409)
        try:
            added = self._app.add(_typed(told), source_id=told.get(_SOURCE, ""))
        except TypedError as error:
            return self._form(told, faults=error.faults, status=422)
        what = {"new": "added", None: "same"}.get(added.change, "changed")
        return RedirectResponse(f"{PATH}?{urlencode({what: added.entry.id})}", status_code=303)

    def _refuse(self, unfit: Unfit) -> Response:
        return self._pages.answer(
            "web/editor-message.html.jinja",
            status=unfit.status,
            title="Nothing was added",
            sentence=unfit.sentence,
        )

    def _form(
        self,
        told: Mapping[str, str],
        *,
        faults: Mapping[str, str] | None = None,
        done: tuple[str, Entry] | None = None,
        status: int = 200,
    ) -> Response:
        sources = desks(self._app.settings.sources)
        parts = [_part(title, questions, told, faults or {}) for title, questions in _parts(sources)]
        return self._pages.answer(
            "web/editor-add.html.jinja",
            status=status,
            headers=FORM_HEADERS,
            here="add",
            parts=parts,
            faults=[(name, _label(name), sentence) for name, sentence in (faults or {}).items()],
            token=self._token.value,
            done=done,
            possible=bool(sources),
        )


def _parts(sources: list[Source]) -> list[tuple[str, tuple[Question, ...]]]:
    """Return the questions; which source is asked only where there are several."""
    if len(sources) < 2:  # noqa: PLR2004 - one leaves no choice
        return list(_PARTS)
    which = Question(name=_SOURCE, label="Source", choices=tuple((one.id, one.name) for one in sources))
    (title, questions), *others = _PARTS
    return [(title, (which, *questions)), *others]


def _part(title: str, questions: tuple[Question, ...], told: Mapping[str, str], faults: Mapping[str, str]) -> Part:
    asked = tuple(Asked(one, told.get(one.name, ""), faults.get(one.name, "")) for one in questions)
    kind = told.get("kind") if told.get("kind") in KINDS else next(iter(KINDS))
    return Part(title, asked, open=title.endswith(f" {kind}") or any(one.value or one.fault for one in asked))


def _label(name: str) -> str:
    labels = {question.name: question.label for _, questions in _PARTS for question in questions}
    return labels.get(name, "")


def _typed(told: Mapping[str, str]) -> Typed:
    """Return what the form says; what it does not know is left out."""
    values: dict[str, Any] = {name: told.get(name, "").strip() for name in _FIELDS}
    for name, cut in _SEVERAL.items():
        values[name] = tuple(part.strip() for part in cut.split(values[name]) if part.strip())
    return Typed(**values)
