"""What a check finds keeps an issue from being sent, unless an editor says why it is sent all the same."""

from __future__ import annotations

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
    from msdigest.model.issue import Issue
    from msdigest.store.database import Database

_LONGEST_REASON = 500


def errors_left(issue: Issue, findings: Iterable[Finding]) -> list[Finding]:
    """Return the errors among ``findings`` that nobody has overridden."""
    overridden = {one.check for one in issue.overrides}
    return [found for found in findings if found.level == "error" and found.id not in overridden]


def refuse_unless_sound(issue: Issue, findings: Sequence[Finding]) -> None:
    """Raise RefusedError with the checks that find errors in ``issue``, and the two ways out."""
    checks = list(dict.fromkeys(found.id for found in errors_left(issue, findings)))
    if checks:
        message = (
            f"issue {issue.id} has errors ({', '.join(checks)}): `msdigest issue lint {issue.id}` tells where; mend "
            f"them, or `msdigest issue lint {issue.id} --override {checks[0]} --reason TEXT` if it is right as it is"
        )
        raise RefusedError(message)


def override(database: Database, clock: Clock, *, issue: Issue, check: str, reason: str, by: str = "") -> Issue:
    """Write down that an issue is sent although ``check`` finds a fault, and why; raises RefusedError."""
    reason = bounded_words(reason, longest=_LONGEST_REASON, what="a reason", lines=False)
    if not reason:
        message = f"say why {check} may be overridden: --reason 'TEXT'"
        raise RefusedError(message)
    if issue.state not in {"draft", "approved", "held"} or issue.provider is not None:
        message = f"issue {issue.id} is {issue.state}: it is decided already"
        raise RefusedError(message)
    kept = Override(check=check, reason=reason, by=plain_name(by), at=clock.now())
    overrides = (*(one for one in issue.overrides if one.check != check), kept)
    with database.writing() as connection:
        issue_store.set_overrides(connection, issue.id, overrides)
    return replace(issue, overrides=overrides)
