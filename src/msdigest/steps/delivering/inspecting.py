"""Messages as they would be sent, for whoever checks an issue before: the largest, the smallest, one between."""

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
    from msdigest.steps.delivering.press import Post

_SOMEBODY = "0" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One message of somebody who does not exist.

    which: largest, smallest or median. letter is in the coding ``plain``; source: the whole message.
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
    weights = weigh(compiled.values())
    first = next(iter(compiled.values()))
    everything = Choice(tuple(first.titles), tuple(first.notices))
    largest = weights.fitting(everything, ranking or everything.entries, most=most)
    if not largest.entries:
        return {"largest": largest}
    smallest = min(largest.entries, key=lambda entry: (weights.entries[entry], entry))
    return {
        "largest": largest,
        "median": replace(largest, entries=largest.entries[::2], notices=()),
        "smallest": Choice((smallest,)),
    }


def examples(issue: Issue, compiled: Mapping[str, CompiledIssue], post: Post, *, most: int) -> list[Example]:
    """Return the largest message of every variant, and the others of the first."""
    ranking = next(iter(compiled.values())).ranking
    choices = extremes(compiled, ranking, most=most)
    found = []
    for place, (variant, one) in enumerate(compiled.items()):
        wanted = choices if place == 0 else {"largest": choices["largest"]}
        found += [example(issue, one, post, variant=variant, which=which, choice=choices[which]) for which in wanted]
    return found


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
