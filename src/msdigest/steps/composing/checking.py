"""Templates and issues compared with the naive way before anything is sent with them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msdigest import words
from msdigest.errors import RefusedError
from msdigest.model.clock import Cadence
from msdigest.model.compiled import PLAIN, PROFESSIONAL, Variant
from msdigest.model.details import Event
from msdigest.model.entry import Change, Entry
from msdigest.model.issue import Digest, Edits, Section
from msdigest.model.subscriber import THEMES
from msdigest.render.email import check_compiled, compile_unchecked
from msdigest.render.letters import Sender
from msdigest.render.program import decode
from msdigest.render.specimens import sample_letters
from msdigest.steps.composing.keeping import compiled_bodies
from msdigest.steps.composing.whole import Contents, compile_all, contents_of, view_of
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from msdigest.model.compiled import Choice
    from msdigest.model.issue import Issue
    from msdigest.render.template import Templates
    from msdigest.steps.composing.whole import Imprint
    from msdigest.store.database import Database, Transaction

log = logging.getLogger(__name__)


def check_templates(templates: Templates, imprint: Imprint) -> None:
    """Compile every variant with a sample issue that holds whatever an issue may hold, and write every letter.

    Raises TemplateError. Two variants that differ in everything are compared with the naive way; a real issue is in all
    of its own, when it is composed.
    """
    sample, variants = _sample(), every_variant()
    compile_all(sample, imprint, templates, [variants[0], variants[-1]])
    for variant in variants[1:-1]:
        compile_unchecked(templates, view_of(sample, imprint, variant), variant)
    sender = Sender(title=imprint.site_title, postal_address=imprint.postal_address)
    for variant in variants:
        sample_letters(templates, variant=variant, sender=sender)


def every_variant() -> list[Variant]:
    """Return every way in which an issue can look."""
    return [
        Variant(language=language, theme=theme, neutral=neutral, audience=audience)
        for language in words.languages()
        for theme in THEMES
        for neutral, audience in ((False, PLAIN), (True, PROFESSIONAL))
    ]


def check_frozen(
    connection: Transaction,
    issue: Issue,
    *,
    digest: Digest,
    imprint: Imprint,
    templates: Templates,
    some: Iterable[tuple[str, Choice, Mapping[str, str]]],
) -> None:
    """Compare what ``some`` people (variant, choice, their values) will get with the naive way; raises TemplateError.

    Where the templates changed since the issue was compiled there is nothing to compare with: it was compared then.
    """
    if issue.templates != templates.fingerprint():
        log.warning("templates changed since issue=%d was compiled: it is sent as it was looked at", issue.id)
        return
    contents = contents_of(connection, issue, digest)
    for variant, choice, person in some:
        compiled = decode(issue_store.program_of(connection, issue.id, variant))
        check_compiled(templates, view_of(contents, imprint, compiled.variant), compiled, [(choice, person)])


def add_variants(
    database: Database,
    issue: Issue,
    *,
    digest: Digest,
    imprint: Imprint,
    templates: Templates,
    variants: Iterable[Variant],
) -> None:
    """Compile an issue in further variants, for people who came since it was composed.

    Raises RefusedError if the templates changed since: then the others would read something else.
    """
    with database.reading() as connection:
        contents = contents_of(connection, issue, digest)
        known = issue_store.variants_of(connection, issue.id)
        first = issue_store.program_of(connection, issue.id, known[0])
    bodies = compiled_bodies(contents, imprint, templates, [Variant.of(known[0]), *variants])
    if bodies.pop(known[0]) != first:
        message = (
            f"issue {issue.id} has to be compiled for people who read it in another way ({', '.join(sorted(bodies))}), "
            "but the templates or the configuration changed since it was composed: compose it again"
        )
        raise RefusedError(message)
    with database.writing() as connection:
        fresh = {one: body for one, body in bodies.items() if one not in issue_store.variants_of(connection, issue.id)}
        issue_store.add_programs(connection, issue.id, fresh)


def _sample() -> Contents:
    """Return an issue of six entries in two sections, with a meeting, a note, an intro and a correction."""
    at = datetime(2026, 1, 8, 7, tzinfo=UTC)
    entries = [
        Entry(
            id=f"00000000-0000-4000-8000-00000000000{number}",
            key=str(number),
            source=f"sample-{number % 2}",
            kind="event" if number == 1 else "post",
            title=f"Sample entry {number}",
            url=f"https://example.org/{number}",
            text=f"The first sentence of sample {number}, about NEDA. And another.",
            authors=("A. Sample",),
            published=datetime(2026, 1, number, tzinfo=UTC),
            precision="day",
            coi="COI: none." if number % 2 else None,
            topics=("sample",),
            evidence="preprint" if number % 2 else None,
            event=Event(start=at) if number == 1 else None,
        )
        for number in range(1, 7)
    ]
    digest = Digest(
        id="sample",
        title="Sample digest",
        cadence=Cadence.parse("weekly mon 07:00", "UTC"),
        sections=(Section(title="One section", sources=("sample-1",)), Section(title="Another")),
    )
    change = Change(
        id=1, entry=entries[3].id, source="sample-1", kind="retraction", name="", label="", before=None, after=None,
        seen=at, material=True,
    )  # fmt: skip
    edits = Edits(intro="Some *words* of ours.\n\n- a point", notes={entries[4].id: "A note."})
    return Contents(digest=digest, number=1, at=at, chosen=entries, changes=[(change, entries[3])], edits=edits)
