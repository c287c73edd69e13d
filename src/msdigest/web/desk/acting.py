"""What an editor does to an issue on its page; everything is refused unless it was this very issue that they saw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError
from msdigest.steps.composing import editing, overruling
from msdigest.web.desk.outline import ANCHOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.app import App
    from msdigest.model.issue import Edits, Issue
    from msdigest.web.desk.checks import Checks
    from msdigest.web.desk.editions import Editions

DONE: Mapping[str, str] = {
    "up": "Moved up",
    "down": "Moved down",
    "pin": "Pinned",
    "unpin": "No longer pinned",
    "hide": "Hidden",
    "show": "Shown again",
    "note": "Note kept",
    "intro": "Intro kept",
    "compose": "Composed anew with what is saved now",
    "approve": "Your approval is written down",
    "override": "The issue is sent all the same",
}


@dataclass(frozen=True, slots=True)
class Act:
    """What was done, to which entry, and where the eye and the keyboard go on."""

    done: str
    entry: str
    fragment: str


class Acts:
    """Carries out what the forms of the page ask for. Each raises RefusedError or TemplateError."""

    def __init__(self, app: App, editions: Editions, checks: Checks) -> None:
        """Take the site, and how its issues read and fare."""
        self._app = app
        self._editions = editions
        self._checks = checks

    def act(self, issue: Issue, told: Mapping[str, str]) -> Act:
        """Do what a form says to ``issue`` as it is now."""
        if told.get("hash") != issue.hash:
            message = f"Issue {issue.id} was changed in the meantime: look at it again."
            raise RefusedError(message)
        what = told.get("do", "")
        if what == "approve":
            return self._approve(issue, told)
        if what == "override":
            return self._override(issue, told)
        edits, entry = _edits(issue, what, told), told.get("entry", "")
        after = self._editions.edit(issue, edits)
        return Act(what, entry, _fragment(after, what, entry))

    def _approve(self, issue: Issue, told: Mapping[str, str]) -> Act:
        required = self._app.digest(issue.digest).approval
        if not self._editions.of(issue).as_composed:
            self._editions.edit(issue, issue.edits)
            message = (
                "The templates or the configuration were saved since this issue was composed, and it read otherwise. "
                "It was composed anew just now: look at it again, then approve it."
            )
            raise RefusedError(message)
        name = told.get("name", "")
        if required and not editing.plain_name(name):
            message = "Type your name: an approval is written down with it."
            raise RefusedError(message)
        editing.approve(self._app.database, issue=issue, required=required, name=name)
        return Act("approve", "", "approval")

    def _override(self, issue: Issue, told: Mapping[str, str]) -> Act:
        check = told.get("check", "")
        findings = self._checks.findings(issue)
        if check not in {finding.id for finding in findings if finding.level == "error"}:
            message = "No error of this check is found in the issue: there is nothing to override."
            raise RefusedError(message)
        reason = told.get("reason", "")
        if not reason.strip():
            message = "Say in a few words why it is right as it is."
            raise RefusedError(message)
        overruling.override(
            self._app.database,
            self._app.clock,
            issue=issue,
            findings=findings,
            check=check,
            reason=reason,
            by=told.get("by", ""),
        )
        return Act("override", "", "checks")


def _edits(issue: Issue, what: str, told: Mapping[str, str]) -> Edits:
    entry = told.get("entry", "")
    if what in editing.MOVES:
        return editing.moved(issue, next(move for move in editing.MOVES if move == what), entry)
    if what == "note":
        return editing.with_note(issue, entry, _typed(told, "note"))
    if what == "intro":
        return editing.with_intro(issue.edits, _typed(told, "intro"))
    if what == "compose":
        return replace(issue.edits)
    message = "This page has no such button."
    raise RefusedError(message)


def _typed(told: Mapping[str, str], name: str) -> str:
    return told.get(name, "").replace("\r\n", "\n")


def _fragment(issue: Issue, what: str, entry: str) -> str:
    """Return the button that was pressed if it is still there, so that it can be pressed again, else its entry."""
    if what == "intro":
        return "intro"
    if not entry:
        return "message"
    section = next((entries for _, entries in issue.sections if entry in entries), ())
    pinned = sum(one in issue.edits.pinned for one in section)
    again = {"up": section[pinned : pinned + 1] != (entry,), "down": section[-1:] != (entry,)}
    return f"{ANCHOR}{entry}-{what}" if again.get(what) else f"{ANCHOR}{entry}"
