"""Composing: choose what is new, compile it once a variant, keep it as a draft."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.issue import NO_EDITS
from msdigest.steps.composing.keeping import keep_draft
from msdigest.steps.composing.whole import MOST_NOTICES, Contents
from msdigest.store import deliveries as delivery_store
from msdigest.store import entries as entry_store
from msdigest.store import issues as issue_store
from msdigest.store import turns
from msdigest.store import variants as variant_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from msdigest.model.clock import Clock
    from msdigest.model.entry import Change, Entry
    from msdigest.model.issue import Digest, Edits, Issue
    from msdigest.render.template import Templates
    from msdigest.steps.composing.whole import Imprint
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

log = logging.getLogger(__name__)

NOTHING_NEW = "nothing new"
# For so long it is looked for who must be told that something was retracted.
_TOLD_FOR = timedelta(days=92)


def compose(
    database: Database,
    clock: Clock,
    *,
    digest: Digest,
    imprint: Imprint,
    templates: Templates,
    vault: Vault,
    due_at: datetime | None = None,
) -> Issue | None:
    """Make the digest's draft, or make it anew in place with what its editor changed; None if there is nothing new.

    ``due_at``: the time of the timetable it is made for; now if an editor asks. Raises RefusedError while an
    approved issue waits to be sent, TemplateError if a template cannot be compiled.
    """
    with database.writing() as connection:
        # Nobody keeps anything while the line is drawn: what is not seen here is kept later, and comes next time.
        now = clock.now()
        cut_off = turns.draw_line(connection, now=now)
        _refuse_if_one_waits(issue_store.find(connection, digest=digest.id, states=("approved",)))
        draft = _draft(connection, digest)
        previous = issue_store.previous_cut_off(connection, digest.id)
        after = previous or digest.cadence.one_before(now)
        chosen = _candidates(connection, digest, after=after, until=cut_off, now=now, first=previous is None)
        contents = Contents(
            digest=digest,
            number=draft.number if draft else issue_store.next_number(connection, digest.id),
            at=cut_off,
            chosen=chosen,
            changes=_corrections(connection, digest, now=now),
            news=_news(connection, chosen, after=after, until=cut_off),
            edits=draft.edits if draft else _edits_of_the_cancelled(connection, digest, by_hand=due_at is None),
        )
        wanted = variant_store.in_use(connection, vault)
    if not (contents.sections or contents.changes):
        return None

    def ready(connection: Transaction) -> int:
        _refuse_if_changed(connection, digest=digest, draft=draft, number=contents.number)
        return draft.id if draft else issue_store.add(connection, digest=digest.id, number=contents.number, at=cut_off)

    issue = keep_draft(
        database,
        contents,
        imprint=imprint,
        templates=templates,
        variants=wanted,
        due_at=due_at or now,
        ready=ready,
    )
    log.info("composed issue=%d digest=%s entries=%d", issue.id, digest.id, len(issue.entries))
    return issue


def _candidates(
    connection: Transaction, digest: Digest, *, after: datetime, until: datetime, now: datetime, first: bool
) -> list[Entry]:
    # A month may be longer than max_age: what came right after the last issue is not lost for that.
    oldest = min(now - digest.max_age, digest.cadence.one_before(now))
    chosen = entry_store.candidates(connection, after=after, until=until, oldest=oldest, by_own_date=first)
    dropped = entry_store.left_behind(connection, digest.id, oldest=oldest)
    return list({entry.id: entry for entry in (*chosen, *dropped)}.values())


def _news(connection: Transaction, chosen: Sequence[Entry], *, after: datetime, until: datetime) -> list[Change]:
    """Return what became different on the ``chosen`` entries and readers should know, oldest first."""
    ids = {entry.id for entry in chosen}
    changes = entry_store.changes_between(connection, after=after, until=until)
    return [change for change in changes if change.entry in ids and change.material and change.name]


def _corrections(connection: Transaction, digest: Digest, *, now: datetime) -> list[tuple[Change, Entry]]:
    """Return what became of entries that a reader was sent and does not know yet: retracted, corrected, withdrawn.

    Oldest first, so that whatever there is no room for comes next time. Looked for over a season, because whoever reads
    monthly was not told by the issues in between.
    """
    changes = entry_store.alarms_since(connection, now - _TOLD_FOR)
    told = [change for change in changes if delivery_store.concerns_somebody(connection, change, digest=digest.id)]
    about = entry_store.get_many(connection, [change.entry for change in told[:MOST_NOTICES]])
    return [(change, about[change.entry]) for change in told[:MOST_NOTICES] if change.entry in about]


def _edits_of_the_cancelled(connection: Transaction, digest: Digest, *, by_hand: bool) -> Edits:
    """Return what an editor had changed on an issue that was cancelled before anybody got it, if it was the last one.

    What they hid must not come back. Their intro is kept for whoever composes again by hand, who will read it.
    """
    last = next(iter(issue_store.find(connection, digest=digest.id)), None)
    if last is None or last.state != "cancelled" or last.provider is not None:
        return NO_EDITS
    return last.edits if by_hand else replace(last.edits, intro="")


def _draft(connection: Transaction, digest: Digest) -> Issue | None:
    return next(iter(issue_store.find(connection, digest=digest.id, states=("draft",))), None)


def _refuse_if_changed(connection: Transaction, *, digest: Digest, draft: Issue | None, number: int) -> None:
    """Hold the draft until the transaction ends; raise RefusedError if it is no longer the one that was composed for.

    Compiling takes seconds, and meanwhile somebody may have edited the draft, approved it, sent it, or made one.
    """
    _refuse_if_one_waits(issue_store.find(connection, digest=digest.id, states=("approved",)))
    if draft is not None:
        held = issue_store.set_state(connection, draft.id, "draft", only_from=("draft",))
        current = issue_store.get(connection, draft.id) if held else None
        as_it_was = current is not None and current.edits == draft.edits
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
