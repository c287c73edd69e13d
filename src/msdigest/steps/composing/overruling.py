"""What a check finds keeps an issue from being sent, unless an editor says why it is sent all the same."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.model.issue import Override
from msdigest.steps.composing.editing import bounded_words, plain_name
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from msdigest.lint.finding import Finding
    from msdigest.model.clock import Clock
    from msdigest.model.issue import Issue, IssueState
    from msdigest.store.database import Database

_LONGEST_REASON = 500
# It is not written down yet who gets it.
_UNDECIDED: tuple[IssueState, ...] = ("draft", "approved", "held")


def errors_left(issue: Issue, findings: Iterable[Finding]) -> list[Finding]:
    """Return the errors among ``findings`` that nobody has overridden: those that were there when somebody did."""
    overridden = {(one.check, mark) for one in issue.overrides for mark in one.marks}
    return [found for found in findings if found.level == "error" and (found.id, _mark(found)) not in overridden]


def _mark(found: Finding) -> str:
    """Return a short name of what was found: another fault of the same check has another."""
    told = f"{found.entry}\n{found.excerpt}\n{found.message}"
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]


def refuse_unless_sound(issue: Issue, findings: Sequence[Finding]) -> None:
    """Raise RefusedError with the checks that find errors in ``issue``, and the two ways out."""
    checks = list(dict.fromkeys(found.id for found in errors_left(issue, findings)))
    if checks:
        message = (
            f"issue {issue.id} has errors ({', '.join(checks)}): `msdigest issue lint {issue.id}` tells where; mend "
            f"them, or `msdigest issue lint {issue.id} --override {checks[0]} --reason TEXT` if it is right as it is"
        )
        raise RefusedError(message)


def override(
    database: Database,
    clock: Clock,
    *,
    issue: Issue,
    findings: Iterable[Finding],
    check: str,
    reason: str,
    by: str = "",
) -> Issue:
    """Write down that an issue is sent although ``check`` finds what is among ``findings``, and why.

    Raises RefusedError without a reason, and if the issue was changed since it was read as ``issue``.
    """
    reason = bounded_words(reason, longest=_LONGEST_REASON, what="a reason", lines=False)
    if not reason:
        message = f"say why {check} may be overridden: --reason 'TEXT'"
        raise RefusedError(message)
    if issue.state not in _UNDECIDED or issue.provider is not None:
        message = f"issue {issue.id} is {issue.state}: it is decided already"
        raise RefusedError(message)
    marks = tuple(sorted({_mark(found) for found in findings if found.id == check and found.level == "error"}))
    kept = Override(check=check, reason=reason, by=plain_name(by), at=clock.now(), marks=marks)
    with database.writing() as connection:
        held = issue_store.set_state(connection, issue.id, issue.state, only_from=(issue.state,))
        current = issue_store.get(connection, issue.id) if held else None
        if current is None or current.hash != issue.hash:
            message = f"issue {issue.id} was changed in the meantime: look at it again"
            raise RefusedError(message)
        overrides = (*(one for one in current.overrides if one.check != check), kept)
        issue_store.set_overrides(connection, issue.id, overrides)
    return replace(issue, overrides=overrides)
