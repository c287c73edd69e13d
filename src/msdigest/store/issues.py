"""Issues: drafts, what was compiled for them, and who approved."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from msdigest.model.issue import Edits, Issue, Override
from msdigest.store.schema import issue_entries, issues, programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from msdigest.model.entry import Entry
    from msdigest.model.issue import IssueState

# States in which an issue's entries are spoken for: the next issue starts after it.
COUNTED: tuple[IssueState, ...] = ("approved", "sending", "sent", "held")


def _issue(row: Row[Any]) -> Issue:
    return Issue(
        id=row.id,
        digest=row.digest,
        number=row.number,
        state=row.state,
        cut_off=row.cut_off,
        subject=row.subject,
        sections=tuple((title, tuple(entries)) for title, entries in row.sections),
        hash=row.hash,
        due_at=row.due_at,
        not_later_than=row.not_later_than,
        approvals=tuple(row.approvals),
        sent_at=row.sent_at,
        provider=row.provider,
        notices=tuple(row.notices or ()),
        news=tuple(row.news or ()),
        edits=_edits(row.edits or {}),
        overrides=tuple(_override(each) for each in row.overrides or ()),
        templates=row.templates or "",
    )


def _override(written: Mapping[str, Any]) -> Override:
    marks = tuple(written.get("marks", ()))
    return Override(**{**written, "at": datetime.fromisoformat(written["at"]), "marks": marks})


def _edits(written: Mapping[str, Any]) -> Edits:
    listed = {name: tuple(written.get(name, ())) for name in ("pinned", "hidden", "order")}
    return Edits(intro=written.get("intro", ""), notes=dict(written.get("notes", {})), **listed)


def get(connection: Connection, issue_id: int) -> Issue | None:
    """Return one issue."""
    row = connection.execute(select(issues).where(issues.c.id == issue_id)).one_or_none()
    return None if row is None else _issue(row)


def find(
    connection: Connection, *, digest: str | None = None, states: Sequence[str] = (), due_at: datetime | None = None
) -> list[Issue]:
    """Return issues, newest first."""
    statement = select(issues).order_by(issues.c.id.desc())
    if digest is not None:
        statement = statement.where(issues.c.digest == digest)
    if states:
        statement = statement.where(issues.c.state.in_(states))
    if due_at is not None:
        statement = statement.where(issues.c.due_at == due_at)
    return [_issue(row) for row in connection.execute(statement)]


def previous_cut_off(connection: Connection, digest: str) -> datetime | None:
    """Return the newest cut-off of an issue whose entries are spoken for; None before the first."""
    statement = select(func.max(issues.c.cut_off)).where(issues.c.digest == digest, issues.c.state.in_(COUNTED))
    return connection.execute(statement).scalar_one_or_none()


def next_number(connection: Connection, digest: str) -> int:
    """Return the number of the digest's next issue, from 1."""
    highest = connection.execute(select(func.max(issues.c.number)).where(issues.c.digest == digest)).scalar()
    return (highest or 0) + 1


def add(connection: Connection, *, digest: str, number: int, at: datetime) -> int:
    """Make room for an issue and return its id; ``keep`` fills it in the same transaction."""
    statement = insert(issues).values(
        digest=digest,
        number=number,
        state="draft",
        cut_off=at,
        due_at=at,
        not_later_than=at,
        subject="",
        sections=[],
        approvals=[],
        hash="",
    )
    return int(connection.execute(statement).inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has one


def keep(connection: Connection, issue: Issue, *, entries: Iterable[Entry], bodies: Mapping[str, bytes]) -> None:
    """Replace all that a draft is: its words, its entries in their revisions, its programs by variant."""
    values = {
        "state": issue.state,
        "cut_off": issue.cut_off,
        "due_at": issue.due_at,
        "not_later_than": issue.not_later_than,
        "subject": issue.subject,
        "sections": [[title, list(ids)] for title, ids in issue.sections],
        "approvals": list(issue.approvals),
        "hash": issue.hash,
        "edits": asdict(issue.edits),
        "notices": list(issue.notices),
        "news": list(issue.news),
        "templates": issue.templates,
    }
    connection.execute(update(issues).where(issues.c.id == issue.id).values(**values))
    connection.execute(delete(issue_entries).where(issue_entries.c.issue == issue.id))
    rows = [{"issue": issue.id, "entry": entry.id, "revision": entry.revision} for entry in entries]
    if rows:
        connection.execute(insert(issue_entries), rows)
    connection.execute(delete(programs).where(programs.c.issue == issue.id))
    add_programs(connection, issue.id, bodies)


def add_programs(connection: Connection, issue_id: int, bodies: Mapping[str, bytes]) -> None:
    """Keep further programs of an issue by variant; those that are there stay."""
    rows = [{"issue": issue_id, "variant": variant, "body": body} for variant, body in sorted(bodies.items())]
    if rows:
        connection.execute(insert(programs), rows)


def set_hash(connection: Connection, issue_id: int, digest: str) -> None:
    """Keep the hash over what is sent by now."""
    connection.execute(update(issues).where(issues.c.id == issue_id).values(hash=digest))


def set_overrides(connection: Connection, issue_id: int, overrides: Sequence[Override]) -> None:
    """Keep the faults that an issue is sent with all the same."""
    written = [{**asdict(each), "at": each.at.isoformat()} for each in overrides]
    connection.execute(update(issues).where(issues.c.id == issue_id).values(overrides=written))


def set_state(
    connection: Connection,
    issue_id: int,
    state: IssueState,
    *,
    only_from: Sequence[IssueState],
    approvals: Sequence[str] | None = None,
    sent_at: datetime | None = None,
) -> bool:
    """Move an issue on if it is in one of ``only_from``; tell whether it moved."""
    values: dict[str, Any] = {"state": state}
    if approvals is not None:
        values["approvals"] = list(approvals)
    if sent_at is not None:
        values["sent_at"] = sent_at
    here = (issues.c.id == issue_id) & issues.c.state.in_(only_from)
    return connection.execute(update(issues).where(here).values(**values)).rowcount == 1


def freeze(connection: Connection, issue_id: int, *, provider: str, now: datetime) -> None:
    """Write down that it is decided who gets what, and through which provider."""
    values = {"state": "sending", "provider": provider, "frozen_at": now}
    connection.execute(update(issues).where(issues.c.id == issue_id).values(**values))


def postpone(connection: Connection, issue_id: int, *, not_later_than: datetime) -> None:
    """Let an issue be sent until another time."""
    connection.execute(update(issues).where(issues.c.id == issue_id).values(not_later_than=not_later_than))


def programs_of(connection: Connection, issue_id: int) -> dict[str, bytes]:
    """Return variant → compiled program as it was stored."""
    rows = connection.execute(select(programs).where(programs.c.issue == issue_id))
    return {row.variant: row.body for row in rows}


def program_of(connection: Connection, issue_id: int, variant: str) -> bytes:
    """Return one compiled program as it was stored."""
    here = (programs.c.issue == issue_id) & (programs.c.variant == variant)
    body: bytes = connection.execute(select(programs.c.body).where(here)).scalar_one()
    return body


def variants_of(connection: Connection, issue_id: int) -> list[str]:
    """Return the variants that an issue is compiled in."""
    statement = select(programs.c.variant).where(programs.c.issue == issue_id).order_by(programs.c.variant)
    return list(connection.execute(statement).scalars())


def revisions_in(connection: Connection, issue_id: int) -> dict[str, int]:
    """Return entry id → the revision that the issue carries."""
    rows = connection.execute(select(issue_entries).where(issue_entries.c.issue == issue_id))
    return {row.entry: row.revision for row in rows}
