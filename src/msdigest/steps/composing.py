"""Composing: choose what is new, compile it once a variant, keep it as a draft, have it approved."""

from __future__ import annotations

import hashlib
import json
import logging
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msdigest import words
from msdigest.errors import RefusedError
from msdigest.markup.text import without_controls
from msdigest.model.compiled import Variant
from msdigest.model.entry import Entry
from msdigest.model.issue import Issue, arrange
from msdigest.model.subscriber import THEMES
from msdigest.render.email import compile_issue, fitting
from msdigest.render.program import encode
from msdigest.render.view import IssueView, sections_view
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store
from msdigest.store import turns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.clock import Clock
    from msdigest.model.compiled import CompiledIssue
    from msdigest.model.issue import Digest, IssueState
    from msdigest.render.template import Templates
    from msdigest.store.database import Database, Transaction

log = logging.getLogger(__name__)

NOTHING_NEW = "nothing new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imprint:
    """What every issue of the site says of itself, and the names behind ids."""

    site_title: str
    site_url: str
    postal_address: str
    source_names: Mapping[str, str]
    topic_names: Mapping[str, str]


def compose(
    database: Database,
    clock: Clock,
    *,
    digest: Digest,
    imprint: Imprint,
    templates: Templates,
    due_at: datetime | None = None,
) -> Issue | None:
    """Make the digest's draft, or make it anew in place; None if there is nothing new.

    ``due_at``: the time of the timetable it is made for; now if an editor asks. Raises RefusedError while an
    approved issue waits to be sent, TemplateError if a template cannot be compiled.
    """
    with database.writing() as connection:
        # Nobody keeps anything while the line is drawn: what is not seen here is kept later, and comes next time.
        now = clock.now()
        cut_off = turns.draw_line(connection, now=now)
        _refuse_if_one_waits(issue_store.find(connection, digest=digest.id, states=("approved",)))
        draft = _draft(connection, digest)
        number = draft.number if draft else issue_store.next_number(connection, digest.id)
        previous = issue_store.previous_cut_off(connection, digest.id)
        chosen = entry_store.candidates(
            connection,
            after=previous or digest.cadence.one_before(now),
            until=cut_off,
            oldest=now - digest.max_age,
            by_own_date=previous is None,
        )
        dropped = entry_store.left_behind(connection, digest.id, oldest=now - digest.max_age)
    chosen = list({entry.id: entry for entry in (*chosen, *dropped)}.values())
    if not chosen:
        return None
    sections, compiled = _compile(chosen, digest=digest, number=number, at=now, imprint=imprint, templates=templates)
    bodies = {variant: encode(one) for variant, one in compiled.items()}
    subject = next(iter(compiled.values())).subject
    with database.writing() as connection:
        _refuse_if_changed(connection, digest=digest, draft=draft, number=number)
        issue = Issue(
            id=draft.id if draft else issue_store.add(connection, digest=digest.id, number=number, at=cut_off),
            digest=digest.id,
            number=number,
            state="draft",
            cut_off=cut_off,
            subject=subject,
            sections=sections,
            hash=_hash(subject, sections, bodies),
            due_at=due_at or now,
            not_later_than=(due_at or now) + digest.latest,
        )
        carried = set(issue.entries)
        issue_store.keep(connection, issue, entries=[each for each in chosen if each.id in carried], bodies=bodies)
    log.info("composed issue=%d digest=%s entries=%d", issue.id, digest.id, len(issue.entries))
    return issue


def _draft(connection: Transaction, digest: Digest) -> Issue | None:
    return next(iter(issue_store.find(connection, digest=digest.id, states=("draft",))), None)


def _refuse_if_changed(connection: Transaction, *, digest: Digest, draft: Issue | None, number: int) -> None:
    """Hold the draft until the transaction ends; raise RefusedError if it is no longer the one that was composed for.

    Compiling takes seconds, and meanwhile somebody may have approved the draft, sent it, or made one.
    """
    _refuse_if_one_waits(issue_store.find(connection, digest=digest.id, states=("approved",)))
    if draft is not None:
        as_it_was = issue_store.set_state(connection, draft.id, "draft", only_from=("draft",))
    else:
        as_it_was = _draft(connection, digest) is None and issue_store.next_number(connection, digest.id) == number
    if not as_it_was:
        message = f"the issue of {digest.id} was composed or sent by another process in the meantime: look at it again"
        raise RefusedError(message)


def _refuse_if_one_waits(approved: Sequence[Issue]) -> None:
    if approved:
        waiting = approved[0]
        message = f"issue {waiting.id} is approved and not sent yet: send it or cancel it first"
        raise RefusedError(message)


def _compile(
    chosen: Sequence[Entry],
    *,
    digest: Digest,
    number: int,
    at: datetime,
    imprint: Imprint,
    templates: Templates,
) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], dict[str, CompiledIssue]]:
    """Return what stands in which section, and the compiled variants; all variants carry the same entries."""
    arranged = arrange(chosen, digest)
    compiled: dict[str, CompiledIssue] = {}
    fits = min(digest.max_entries, len(chosen))
    while True:
        for variant in variants():
            view = _view(arranged, digest=digest, number=number, at=at, imprint=imprint, language=variant.language)
            compiled[variant.id] = compile_issue(templates, view.capped(fits), variant)
        # The variant with the least room decides for all, so that everybody can be told the same.
        least = min(fitting(one) for one in compiled.values())
        if least == len(next(iter(compiled.values())).titles):
            break
        fits = least
    carried = next(iter(compiled.values())).titles
    sections = ((title, tuple(entry.id for entry in entries if entry.id in carried)) for title, entries in arranged)
    return tuple((title, ids) for title, ids in sections if ids), compiled


def check_templates(templates: Templates, imprint: Imprint) -> None:
    """Compile every variant with a sample issue; raises TemplateError with file and line."""
    entries = [
        Entry(
            id=f"00000000-0000-4000-8000-00000000000{number}",
            key=str(number),
            source="sample",
            title=f"Sample entry {number}",
            url=f"https://example.org/{number}",
            text=f"The first sentence of sample {number}. And another.",
            authors=("A. Sample",),
            published=datetime(2026, 1, number, tzinfo=UTC),
            precision="day",
            coi="COI: none." if number % 2 else None,
            topics=("sample",),
            evidence="preprint" if number % 2 else None,
        )
        for number in range(1, 5)
    ]
    for variant in variants():
        view = IssueView(
            digest="Sample digest",
            number=1,
            date="1 January 2026",
            subject="Sample digest",
            sections=sections_view(
                [("One section", entries[:3]), ("Another", entries[3:])],
                source_names={},
                topic_names={},
                language=variant.language,
            ),
            web_url=f"{imprint.site_url}/issue/sample/1/",
            site_title=imprint.site_title,
            postal_address=imprint.postal_address,
            more_on_web=2,
        )
        compile_issue(templates, view, variant)


def compose_due(
    database: Database,
    clock: Clock,
    *,
    digest: Digest,
    scheduled_for: datetime,
    compose: Callable[[Digest], Issue | None],
    send: Callable[[Issue], object],
) -> None:
    """Make the issue for a time of the timetable, once, and send it if nobody has to approve it.

    One that is too late to be of use is held for the editor instead. One that has to be approved stays a draft,
    however late: nobody sends it without the editor.
    """
    with database.reading() as connection:
        made = issue_store.find(connection, digest=digest.id, due_at=scheduled_for)
    issue = made[0] if made and made[0].state != "draft" else compose(digest)
    if issue is None or issue.state != "draft" or digest.approval:
        return
    if clock.now() > issue.not_later_than:
        with database.writing() as connection:
            issue_store.set_state(connection, issue.id, "held", only_from=("draft",))
        log.warning("held issue=%d digest=%s scheduled_for=%s", issue.id, digest.id, scheduled_for.isoformat())
    else:
        send(issue)


def variants() -> list[Variant]:
    """Return every way in which an issue can look: each language with each theme."""
    return [Variant(language=language, theme=theme) for language in words.languages() for theme in THEMES]


def _view(
    arranged: Sequence[tuple[str, Sequence[Entry]]],
    *,
    digest: Digest,
    number: int,
    at: datetime,
    imprint: Imprint,
    language: str,
) -> IssueView:
    zone = digest.cadence.zone
    date = words.date_words(at, "day", language=language, zone=zone)
    return IssueView(
        digest=digest.title,
        number=number,
        date=date,
        subject=f"{digest.title} · {date}",
        sections=sections_view(
            arranged,
            source_names=imprint.source_names,
            topic_names=imprint.topic_names,
            language=language,
            zone=zone,
        ),
        web_url=f"{imprint.site_url}/issue/{digest.id}/{number}/",
        site_title=imprint.site_title,
        postal_address=imprint.postal_address,
    )


def _hash(subject: str, sections: Sequence[tuple[str, Sequence[str]]], bodies: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(json.dumps([subject, sections], ensure_ascii=False).encode())
    for variant, body in sorted(bodies.items()):
        digest.update(hashlib.sha256(variant.encode()).digest() + hashlib.sha256(body).digest())
    return digest.hexdigest()


def approve(database: Database, *, issue: Issue, required: int, name: str = "") -> Issue:
    """Write down an approval; with enough of them the issue is approved and nobody may change it any more.

    Raises RefusedError if it is no draft, or if two approvals would come from one person.
    """
    if issue.state != "draft":
        message = f"issue {issue.id} is {issue.state}: only a draft can be approved"
        raise RefusedError(message)
    name = " ".join(without_controls(name).split())
    if required and not name:
        message = f"issue {issue.id} needs {required} approval(s) by name: add --as NAME"
        raise RefusedError(message)
    if _as_heard(name) in map(_as_heard, issue.approvals):
        message = f"{name} approved issue {issue.id} already: somebody else must be the second"
        raise RefusedError(message)
    approvals = (*issue.approvals, name) if name else issue.approvals
    state: IssueState = "approved" if len(approvals) >= required else "draft"
    with database.writing() as connection:
        # Moved to where it is, so that nobody changes it until we are done.
        held = issue_store.set_state(connection, issue.id, "draft", only_from=("draft",))
        current = issue_store.get(connection, issue.id) if held else None
        if current is None or (current.hash, current.approvals) != (issue.hash, issue.approvals):
            message = f"issue {issue.id} was changed in the meantime: look at it again"
            raise RefusedError(message)
        issue_store.set_state(connection, issue.id, state, only_from=("draft",), approvals=approvals)
    return replace(issue, state=state, approvals=approvals)


def _as_heard(name: str) -> str:
    """Return what two spellings of one name have in common."""
    return unicodedata.normalize("NFKC", name).casefold()
