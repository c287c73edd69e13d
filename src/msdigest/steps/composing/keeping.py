"""A draft is compiled and kept: its words, entries in their revisions, programs, and the hash over all of it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from msdigest.model.issue import Issue
from msdigest.render.fitting import weigh
from msdigest.render.program import encode
from msdigest.steps.composing.whole import compile_all
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from msdigest.model.compiled import CompiledIssue, Variant
    from msdigest.render.template import Templates
    from msdigest.steps.composing.whole import Contents, Imprint
    from msdigest.store.database import Database, Transaction


def keep_draft(
    database: Database,
    contents: Contents,
    *,
    imprint: Imprint,
    templates: Templates,
    variants: Sequence[Variant],
    due_at: datetime,
    ready: Callable[[Transaction], int],
    compared_with: str = "",
) -> Issue:
    """Compile ``contents`` and keep it as a draft; return the issue.

    compared_with: fingerprint of the templates with which the same entries were compared in every variant before.
    ready: called within the transaction that keeps it, returns the issue's id, or raises RefusedError if somebody
    else was faster while it was compiled.
    """
    fingerprint = templates.fingerprint()
    compiled = compile_all(contents, imprint, templates, variants, again=fingerprint == compared_with)
    weigh(compiled.values())
    bodies = _encoded(compiled)
    subject = next(iter(compiled.values())).subject
    with database.writing() as connection:
        issue = Issue(
            id=ready(connection),
            digest=contents.digest.id,
            number=contents.number,
            state="draft",
            cut_off=contents.at,
            subject=subject,
            sections=contents.ids,
            hash=hash_of(subject, contents, bodies),
            due_at=due_at,
            not_later_than=due_at + contents.digest.latest,
            notices=contents.notices,
            news=tuple(change.id for change in contents.news),
            edits=contents.edits,
            templates=fingerprint,
        )
        known = {*issue.entries, *contents.edits.hidden}
        issue_store.keep(
            connection, issue, entries=[each for each in contents.chosen if each.id in known], bodies=bodies
        )
        kept = issue_store.get(connection, issue.id)
    assert kept is not None  # noqa: S101  # it was kept two lines above
    return kept


def compiled_bodies(
    contents: Contents, imprint: Imprint, templates: Templates, variants: Iterable[Variant]
) -> dict[str, bytes]:
    """Return variant → compiled program as it is stored."""
    return _encoded(compile_all(contents, imprint, templates, variants))


def _encoded(compiled: Mapping[str, CompiledIssue]) -> dict[str, bytes]:
    return {variant: encode(one) for variant, one in compiled.items()}


def hash_of(subject: str, contents: Contents, bodies: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over what will be sent, in hex."""
    digest = hashlib.sha256(json.dumps([subject, contents.ids, contents.notices], ensure_ascii=False).encode())
    for variant, body in sorted(bodies.items()):
        digest.update(hashlib.sha256(variant.encode()).digest() + hashlib.sha256(body).digest())
    return digest.hexdigest()
