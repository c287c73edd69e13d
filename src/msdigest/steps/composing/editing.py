"""What an editor does to a draft: hide, pin, move, add words, approve. Nothing else than a draft is ever changed."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from msdigest.errors import RefusedError
from msdigest.markup.text import without_controls
from msdigest.steps.composing.keeping import keep_draft
from msdigest.steps.composing.whole import contents_of
from msdigest.store import issues as issue_store
from msdigest.store import variants as variant_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.issue import Digest, Edits, Issue, IssueState
    from msdigest.render.template import Templates
    from msdigest.steps.composing.whole import Imprint
    from msdigest.store.database import Database, Transaction
    from msdigest.vault import Vault

Move = Literal["up", "down", "first", "last", "pin", "unpin", "hide", "show"]
MOVES: tuple[Move, ...] = ("up", "down", "first", "last", "pin", "unpin", "hide", "show")
_LONGEST_INTRO = 5_000
_LONGEST_NOTE = 600


def edit(
    database: Database,
    *,
    issue: Issue,
    edits: Edits,
    digest: Digest,
    imprint: Imprint,
    templates: Templates,
    vault: Vault,
) -> Issue:
    """Compile a draft with ``edits``, from the entries that it has and in the words that it carries; return it.

    Approvals that were given before are void. Raises RefusedError if it is no draft, if it was changed since it was
    read as ``issue``, or if nothing would be left of it.
    """
    _refuse_unless_draft(issue)
    with database.reading() as connection:
        contents = contents_of(connection, issue, digest, edits)
        wanted = variant_store.in_use(connection, vault)
    if not (contents.sections or contents.changes):
        message = f"nothing would be left of issue {issue.id}: show an entry first, or cancel the issue"
        raise RefusedError(message)

    def ready(connection: Transaction) -> int:
        _hold(connection, issue)
        return issue.id

    return keep_draft(
        database,
        contents,
        imprint=imprint,
        templates=templates,
        variants=wanted,
        due_at=issue.due_at,
        ready=ready,
        compared_with=issue.templates,
    )


def moved(issue: Issue, move: Move, entry: str) -> Edits:
    """Return the issue's edits with one entry moved; raises RefusedError if it is not there to be moved."""
    edits, pinned = issue.edits, tuple(one for one in issue.edits.pinned if one != entry)
    hidden = tuple(one for one in edits.hidden if one != entry)
    if entry not in (edits.hidden if move == "show" else issue.entries):
        message = f"issue {issue.id} has no entry {entry!r}" + (
            " among those that are hidden" if move == "show" else ""
        )
        raise RefusedError(message)
    if move == "pin":
        return replace(edits, pinned=(*pinned, entry))
    if move == "unpin":
        return replace(edits, pinned=pinned)
    if move == "hide":
        return replace(edits, hidden=(*hidden, entry), pinned=pinned)
    if move == "show":
        return replace(edits, hidden=hidden)
    return replace(edits, order=_reordered(issue, move, entry))


def _reordered(issue: Issue, move: Move, entry: str) -> tuple[str, ...]:
    order: list[str] = []
    for _, entries in issue.sections:
        section = list(entries)
        if entry in section:
            place = section.index(entry)
            there = {"up": max(place - 1, 0), "down": place + 1, "first": 0, "last": len(section)}[move]
            section.remove(entry)
            section.insert(there, entry)
        order += section
    return tuple(order)


def with_intro(edits: Edits, text: str) -> Edits:
    """Return ``edits`` with the editors' own words before everything else (Markdown); raises RefusedError."""
    text = bounded_words(text, longest=_LONGEST_INTRO, what="the intro", lines=True)
    return replace(edits, intro=text)


def with_note(issue: Issue, entry: str, text: str) -> Edits:
    """Return the issue's edits with a note beneath an entry, or without one if it is empty; raises RefusedError."""
    if entry not in (*issue.entries, *issue.edits.hidden):
        message = f"issue {issue.id} has no entry {entry!r}"
        raise RefusedError(message)
    notes: Mapping[str, str] = {one: note for one, note in issue.edits.notes.items() if one != entry}
    text = bounded_words(text, longest=_LONGEST_NOTE, what="a note", lines=False)
    return replace(issue.edits, notes={**notes, entry: text} if text else notes)


def bounded_words(text: str, *, longest: int, what: str, lines: bool) -> str:
    """Return what somebody typed without control characters, on one line or several; raises RefusedError."""
    text = without_controls(text).strip()
    if len(text) > longest:
        message = f"{what} has {len(text):,} characters: {longest:,} are the most"
        raise RefusedError(message)
    return text if lines else " ".join(text.split())


def approve(database: Database, *, issue: Issue, required: int, name: str = "") -> Issue:
    """Write down an approval; with enough of them the issue is approved and nobody may change it any more.

    Raises RefusedError if it is no draft, or if two approvals would come from one person.
    """
    _refuse_unless_draft(issue, "approved")
    name = plain_name(name)
    if required and not name:
        message = f"issue {issue.id} needs {required} approval(s) by name: add --as NAME"
        raise RefusedError(message)
    if _as_heard(name) in map(_as_heard, issue.approvals):
        message = f"{name} approved issue {issue.id} already: somebody else must be the second"
        raise RefusedError(message)
    approvals = (*issue.approvals, name) if name else issue.approvals
    state: IssueState = "approved" if len(approvals) >= required else "draft"
    with database.writing() as connection:
        _hold(connection, issue)
        issue_store.set_state(connection, issue.id, state, only_from=("draft",), approvals=approvals)
    return replace(issue, state=state, approvals=approvals)


def _as_heard(name: str) -> str:
    """Return what two spellings of one name have in common: nobody sees what joins or directs letters."""
    seen = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).casefold().split())


def plain_name(name: str) -> str:
    """Return a name on one line, without control characters."""
    return " ".join(without_controls(name).split())


def _refuse_unless_draft(issue: Issue, what: str = "edited") -> None:
    if issue.state != "draft":
        message = f"issue {issue.id} is {issue.state}: only a draft can be {what}"
        raise RefusedError(message)


def _hold(connection: Transaction, issue: Issue) -> None:
    """Keep others from changing a draft until the transaction ends; raises RefusedError if somebody just did."""
    # Moved to where it is, so that nobody changes it until we are done.
    held = issue_store.set_state(connection, issue.id, "draft", only_from=("draft",))
    current = issue_store.get(connection, issue.id) if held else None
    as_it_was = (issue.hash, issue.approvals, issue.edits)
    if current is None or (current.hash, current.approvals, current.edits) != as_it_was:
        message = f"issue {issue.id} was changed in the meantime: look at it again"
        raise RefusedError(message)
