"""What the checks find in an issue, each finding with the way to what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from msdigest.errors import RefusedError, TemplateError
from msdigest.lint.finding import LEVELS
from msdigest.web.desk.outline import ANCHOR
from msdigest.web.preview import EVERYTHING, SELECTIONS, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.app import App
    from msdigest.lint.finding import Finding
    from msdigest.model.issue import Issue, Override
    from msdigest.web.desk.looks import Look, View
    from msdigest.web.desk.saved import Saved

_TINTS = {"error": "alarm", "warning": "caution", "info": ""}
_PLURALS = {"error": "errors", "warning": "warnings", "info": "remarks"}
_VIEWS: Mapping[str, View] = {"html": "html", "style": "html", "text": "text", "headers": "headers"}
_ROOM = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding as it is shown.

    address: where what it is about is to be seen. override: who sends the issue all the same, and why.
    asks: here is where an editor may say so; once for each check.
    """

    finding: Finding
    tint: str
    address: str
    override: Override | None
    asks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of the checks.

    found: errors and warnings. remarks: what is good to know and needs nothing. counts: a sentence. trouble: why
    nothing could be checked, or empty.
    """

    found: tuple[Found, ...] = ()
    remarks: tuple[Found, ...] = ()
    counts: str = ""
    errors_left: int = 0
    trouble: str = ""


class Checks:
    """Checks issues; what came of it is remembered, because it takes longer than a page may."""

    def __init__(self, app: App, saved: Saved) -> None:
        """Take the site, and what tells that its configuration was saved."""
        self._app = app
        self._saved = saved
        self._known: dict[tuple[str, str], tuple[Finding, ...]] = {}
        self._lock = Lock()

    def of(self, issue: Issue, look: Look) -> Checked:
        """Return what the checks find in ``issue`` as it was composed; ``look``: to be kept where that is possible."""
        try:
            findings = self.findings(issue)
        except (RefusedError, TemplateError) as error:
            return Checked(trouble=str(error))
        overrides = {each.check: each for each in issue.overrides}
        may_override = issue.provider is None
        asked: set[str] = set()
        found = []
        for finding in sorted(findings, key=lambda each: LEVELS.index(each.level)):
            override = overrides.get(finding.id) if finding.level == "error" else None
            asks = may_override and finding.level == "error" and override is None and finding.id not in asked
            asked |= {finding.id} if asks else set()
            found.append(
                Found(
                    finding=finding,
                    tint=_TINTS[finding.level],
                    address=_address(issue, finding, look),
                    override=override,
                    asks=asks,
                )
            )
        left = sum(each.finding.level == "error" and each.override is None for each in found)
        return Checked(
            found=tuple(each for each in found if each.finding.level != "info"),
            remarks=tuple(each for each in found if each.finding.level == "info"),
            counts=_counts(findings),
            errors_left=left,
        )

    def findings(self, issue: Issue) -> tuple[Finding, ...]:
        """Return what ``App.lint`` says, asked once for an issue and a configuration; raises TemplateError."""
        key = (issue.hash, self._saved.configuration())
        with self._lock:
            if key not in self._known:
                if len(self._known) >= _ROOM:
                    self._known.clear()
                self._known[key] = self._app.lint(issue)
            return self._known[key]


def _counts(findings: Sequence[Finding]) -> str:
    told = []
    for level in LEVELS:
        if count := sum(finding.level == level for finding in findings):
            word = _PLURALS[level]
            told.append(f"{count} {word.removesuffix('s') if count == 1 else word}")
    return ", ".join(told)


def _address(issue: Issue, finding: Finding, look: Look) -> str:
    """Return where a finding is to be seen: its entry in the outline, else the message that it was found in."""
    path = f"/issue/{issue.id}"
    if finding.entry in (*issue.entries, *issue.edits.hidden):
        return look.address(path, f"{ANCHOR}{finding.entry}")
    if finding.part == "issue":
        return look.address(path, "outline")
    which = next(
        (which for which in SELECTIONS if which in finding.place), "largest" if finding.variant else EVERYTHING
    )
    wanted = Wanted(which, variant=finding.variant)
    return look.but(wanted=wanted, other=None, view=_VIEWS[finding.part]).address(path, "message")
