"""Messages as they would be sent, for whoever checks an issue: the largest, the smallest, one between, the rest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from msdigest.lint.inspected import Specimen
from msdigest.model.compiled import Choice
from msdigest.model.delivery import Recipient
from msdigest.model.subscriber import Consent
from msdigest.render import mime
from msdigest.render.fitting import weigh
from msdigest.render.program import join
from msdigest.render.values import person_values, selection_values
from msdigest.steps.delivering.press import Press

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from msdigest.model.compiled import CompiledIssue
    from msdigest.model.delivery import Letter
    from msdigest.model.issue import Issue
    from msdigest.render.fitting import Weights
    from msdigest.steps.delivering.press import Post

_SOMEBODY = "0" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One message of somebody who does not exist.

    which: see ``Specimen``. letter is in the coding ``plain``; source: the whole message.
    """

    variant: str
    which: str
    choice: Choice
    letter: Letter
    recipient: Recipient
    preheader: str
    source: bytes

    @property
    def html(self) -> str:
        """The HTML part."""
        return join(self.letter.html, self.recipient.values, form="html").decode()

    @property
    def text(self) -> str:
        """The plain-text part."""
        return join(self.letter.text, self.recipient.values, form="text").decode()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers, as they are handed to a provider."""
        letter, person = self.letter, self.recipient
        domain = letter.list_id.partition(".")[2]
        return (
            ("From", letter.sender),
            ("To", person.address),
            ("Subject", letter.subject),
            ("Date", letter.date),
            ("Message-ID", f"<{person.delivery}@{domain}>"),
            *letter.headers.items(),
            ("List-Unsubscribe", f"<{person.leave_url}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        )

    @property
    def specimen(self) -> Specimen:
        """What the checks look at."""
        return Specimen(
            variant=self.variant,
            which=self.which,
            language=self.variant.partition(".")[0],
            subject=self.letter.subject,
            preheader=self.preheader,
            headers=self.headers,
            html=self.html,
            text=self.text,
            size=len(self.source),
            entries=self.choice.entries,
            leave_url=self.recipient.leave_url,
        )


def extremes(compiled: Mapping[str, CompiledIssue], ranking: Sequence[str], *, most: int) -> dict[str, Choice]:
    """Return the choices that make the largest and the smallest message, and one of half its entries."""
    return _extremes(weigh(compiled.values()), _everything(compiled), ranking, most=most)


def _everything(compiled: Mapping[str, CompiledIssue]) -> Choice:
    first = compiled[next(iter(compiled))]
    return Choice(tuple(first.titles), tuple(first.notices))


def _extremes(weights: Weights, everything: Choice, ranking: Sequence[str], *, most: int) -> dict[str, Choice]:
    largest = weights.fitting(everything, ranking or everything.entries, most=most)
    if not largest.entries:
        return {"largest": largest}
    smallest = min(largest.entries, key=lambda entry: (weights.entries[entry], entry))
    return {
        "largest": largest,
        "median": replace(largest, entries=largest.entries[::2], notices=()),
        "smallest": Choice((smallest,)),
    }


def _rest(weights: Weights, left: Choice, ranking: Sequence[str], *, most: int) -> dict[str, Choice]:
    """Return choices that hold, together, what the largest message has no room for; others may well get it."""
    found: dict[str, Choice] = {}
    while left.entries:
        some = weights.fitting(left, ranking or left.entries, most=most)
        if not some.entries:
            # Longer than any message may be: nobody gets the first of them.
            first = next((entry for entry in ranking if entry in left.entries), left.entries[0])
            left = _without(left, (first,))
            continue
        found[f"rest {len(found) + 1}" if found else "rest"] = some
        left = _without(left, some.entries)
    return found


def _without(choice: Choice, entries: Sequence[str]) -> Choice:
    gone = frozenset(entries)
    return Choice(tuple(entry for entry in choice.entries if entry not in gone))


def examples(issue: Issue, compiled: Mapping[str, CompiledIssue], post: Post, *, most: int) -> list[Example]:
    """Return the largest message of every variant, the others of the first, and so many that each entry is in one.

    compiled: asked for one variant after the other, so that no two have to be there at once (see ``Programs``).
    """
    first = next(iter(compiled))
    weights, everything, ranking = weigh(compiled.values()), _everything(compiled), compiled[first].ranking
    choices = _extremes(weights, everything, ranking, most=most)
    largest = choices["largest"]
    rest = _rest(weights, _without(everything, largest.entries), ranking, most=most)
    found = []
    for variant in compiled:
        wanted = {**choices, **rest} if variant == first else {"largest": largest}
        found += _examples(issue, compiled[variant], post, variant=variant, wanted=wanted)
    return found


def _examples(
    issue: Issue, compiled: CompiledIssue, post: Post, *, variant: str, wanted: Mapping[str, Choice]
) -> list[Example]:
    return [
        example(issue, compiled, post, variant=variant, which=which, choice=choice) for which, choice in wanted.items()
    ]


def example(issue: Issue, compiled: CompiledIssue, post: Post, *, variant: str, which: str, choice: Choice) -> Example:
    """Return the message that somebody with ``choice`` would get."""
    person = _somebody(issue, compiled, post, which=f"{variant}/{which}")
    return Example(
        variant=variant,
        which=which,
        choice=choice,
        letter=Press(issue, compiled, coding="plain").letter(choice, post),
        recipient=person,
        preheader=selection_values(compiled, choice)["preheader"],
        source=mime.message(Press(issue, compiled, coding="mime").letter(choice, post), person),
    )


def _somebody(issue: Issue, compiled: CompiledIssue, post: Post, *, which: str) -> Recipient:
    # As long and as unlike a word as a signed one is, and nobody else's.
    token = hashlib.sha256(which.encode()).hexdigest()
    leave_url = f"{post.site_url}/leave/{token}"
    return Recipient(
        subscriber=_SOMEBODY,
        # Each message has a name of its own, as real ones do.
        delivery=token[:32],
        address="subscriber@example.invalid",
        name="",
        leave_url=leave_url,
        values=person_values(
            name="",
            consent=Consent(at=issue.cut_off),
            leave_url=leave_url,
            language=compiled.variant.language,
            meetings=compiled.meetings,
        ),
    )
