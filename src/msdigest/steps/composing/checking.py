"""Templates and issues compared with the naive way before anything is sent with them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msdigest import words
from msdigest.errors import RefusedError, TemplateError
from msdigest.model.clock import Cadence
from msdigest.model.compiled import PLAIN, PROFESSIONAL, Variant
from msdigest.model.details import Event
from msdigest.model.entry import Change, Entry
from msdigest.model.issue import Digest, Edits, Section
from msdigest.model.subscriber import THEMES
from msdigest.render.email import check_compiled, compile_unchecked
from msdigest.render.frame import stylesheets
from msdigest.render.letters import Sender
from msdigest.render.program import decode, encode
from msdigest.render.specimens import sample_letters
from msdigest.steps.composing.keeping import compiled_bodies, hash_of
from msdigest.steps.composing.whole import Contents, compile_all, contents_of, view_of
from msdigest.store import issues as issue_store
from msdigest.store import variants as variant_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from msdigest.model.compiled import Choice, CompiledIssue
    from msdigest.model.issue import Issue
    from msdigest.render.issue import IssueView
    from msdigest.render.template import Templates
    from msdigest.steps.composing.whole import Imprint
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

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

    Where templates, names or entries changed since the issue was compiled there is nothing to compare with: it was
    compared then, and is sent as it was looked at.
    """
    contents = contents_of(connection, issue, digest)
    unchanged: dict[str, tuple[IssueView, CompiledIssue] | None] = {}
    for variant, choice, person in some:
        if variant not in unchanged:
            unchanged[variant] = _as_it_was(connection, issue, contents, imprint, templates, variant=variant)
        if (both := unchanged[variant]) is not None:
            check_compiled(templates, both[0], both[1], [(choice, person)], real=True)


def is_stale(issue: Issue, templates: Templates) -> bool:
    """Tell whether the mail templates changed since ``issue`` was compiled."""
    return issue.templates != templates.fingerprint()


def styles_of(
    connection: Transaction, issue: Issue, *, digest: Digest, imprint: Imprint, templates: Templates
) -> tuple[tuple[str, str], TemplateError | None]:
    """Return the stylesheets that an issue was compiled with, and why it could not be composed anew.

    Both are empty where the templates changed since: what is no draft any more is sent as it was looked at.
    """
    if not is_stale(issue, templates):
        return stylesheets(templates, Variant()), None
    if issue.state != "draft":
        return ("", ""), None
    try:
        view = view_of(contents_of(connection, issue, digest), imprint, Variant())
        compile_unchecked(templates, view, Variant())
    except TemplateError as error:
        return ("", ""), error
    return ("", ""), None


def _as_it_was(
    connection: Transaction, issue: Issue, contents: Contents, imprint: Imprint, templates: Templates, *, variant: str
) -> tuple[IssueView, CompiledIssue] | None:
    """Return an issue's view and what is kept of it, if compiling it now gives the same."""
    kept = issue_store.program_of(connection, issue.id, variant)
    view = view_of(contents, imprint, Variant.of(variant))
    try:
        same = encode(compile_unchecked(templates, view, Variant.of(variant))) == kept
    except TemplateError:
        same = False
    if not same:
        log.warning("what issue=%d is made of changed since it was compiled: it is sent as it was looked at", issue.id)
    return (view, decode(kept)) if same else None


def add_variants(
    database: Database,
    issue: Issue,
    *,
    digest: Digest,
    imprint: Imprint,
    templates: Templates,
    vault: Vault,
    variants: Iterable[Variant],
) -> None:
    """Compile an issue in further variants, for people who came since it was composed, and remember these.

    Raises RefusedError if what it is made of changed since (then the others would read something else), or if somebody
    changed or sent the issue meanwhile.
    """
    with database.reading() as connection:
        contents = contents_of(connection, issue, digest)
        kept = issue_store.programs_of(connection, issue.id)
    wanted = [variant for variant in variants if variant.id not in kept]
    bodies = compiled_bodies(contents, imprint, templates, [*map(Variant.of, kept), *wanted])
    if any(bodies[one] != body for one, body in kept.items()):
        message = (
            f"issue {issue.id} has to be compiled for people who read it in another way "
            f"({', '.join(sorted(variant.id for variant in wanted))}), but what it is made of (templates, names, "
            "entries) changed since it was composed: cancel it and compose it again, your edits are kept"
        )
        raise RefusedError(message)
    with database.writing() as connection:
        held = issue_store.set_state(connection, issue.id, issue.state, only_from=(issue.state,))
        current = issue_store.get(connection, issue.id) if held else None
        if current is None or current.hash != issue.hash or current.provider is not None:
            message = f"issue {issue.id} was changed in the meantime: look at it again"
            raise RefusedError(message)
        fresh = {variant.id: bodies[variant.id] for variant in wanted}
        issue_store.add_programs(connection, issue.id, fresh)
        issue_store.set_hash(connection, issue.id, hash_of(issue.subject, contents, bodies))
        variant_store.note_all(connection, vault, wanted)
    log.info("issue=%d was compiled in %d more variants", issue.id, len(fresh))


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
