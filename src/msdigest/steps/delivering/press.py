"""Letters out of what was compiled: what a choice of entries reads, and what a person gets."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from msdigest.model.delivery import Letter, Recipient
from msdigest.render.program import Assembly, Keys
from msdigest.render.values import person_values, selection_values
from msdigest.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.compiled import Choice, CompiledIssue, Variant
    from msdigest.model.delivery import Coding
    from msdigest.model.issue import Issue
    from msdigest.model.subscriber import Subscriber, Subscription
    from msdigest.store.readers import Reader
    from msdigest.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a letter needs besides its issue: who sends it and where its links lead.

    neutral_sender: for people who want no word of the disease there; empty = the same address under a neutral name.
    """

    sender: str
    site_url: str
    neutral_sender: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heading:
    """What is the same in all letters that one ``Post`` sends of an issue."""

    sender: str
    list_id: str
    date: str
    headers: Mapping[str, str]


class Press:
    """One variant of an issue, ready to make letters of: its literals are encoded once."""

    def __init__(self, issue: Issue, compiled: CompiledIssue, *, coding: Coding) -> None:
        """Encode ``compiled`` in the ``coding`` of who takes it."""
        self.issue = issue
        self.compiled = compiled
        self.coding = coding
        self._keys = Keys(compiled)
        self._html = Assembly(compiled.html, self._keys, coding=coding)
        self._text = Assembly(compiled.text, self._keys, coding=coding)
        # Nearly every letter of an issue differs in its bodies alone. Not a method: it would hold on to all of this.
        self._heading = lru_cache(maxsize=8)(partial(_heading, issue, compiled.variant))

    def letter(self, choice: Choice, post: Post) -> Letter:
        """Return what everybody with this choice gets, before their own values."""
        values, mask = selection_values(self.compiled, choice), self._keys.mask(choice)
        heading = self._heading(post)
        return Letter(
            issue=self.issue.id,
            sender=heading.sender,
            subject=self.compiled.subject,
            list_id=heading.list_id,
            html=self._html.parts(mask, values),
            text=self._text.parts(mask, values),
            coding=self.coding,
            date=heading.date,
            headers=heading.headers,
        )


def _heading(issue: Issue, variant: Variant, post: Post) -> _Heading:
    return _Heading(
        sender=_sender(variant, post),
        list_id=_list_id(issue, variant, post),
        date=format_datetime(issue.due_at.astimezone(UTC)),
        headers=_headers(issue, variant, post),
    )


def _sender(variant: Variant, post: Post) -> str:
    if not variant.neutral:
        return post.sender
    _, address = parseaddr(post.sender)
    name = say("neutral_title", language=variant.language)
    return post.neutral_sender or formataddr((name, address))


def _list_id(issue: Issue, variant: Variant, post: Post) -> str:
    """Return the list's name; in neutral mode one that tells nothing, but is the same for every issue."""
    domain = parseaddr(_sender(variant, post))[1].rpartition("@")[2]
    if not variant.neutral:
        return f"{issue.digest}.{domain}"
    return f"list-{hashlib.sha256(issue.digest.encode()).hexdigest()[:10]}.{domain}"


def _headers(issue: Issue, variant: Variant, post: Post) -> dict[str, str]:
    headers = {"List-Id": f"<{_list_id(issue, variant, post)}>"}
    # The archive's address tells what the site is about.
    return headers if variant.neutral else headers | {"List-Archive": f"<{post.site_url}/>"}


def recipient(
    vault: Vault, post: Post, press: Press, *, person: Subscriber | Reader, chosen: Subscription | Reader
) -> Recipient:
    """Return one person as a provider needs them, with the values of their slots."""
    issue = press.issue
    leave_url = f"{post.site_url}/leave/{vault.sign('leave', subscriber=person.id, digest=issue.digest)}"
    return Recipient(
        subscriber=person.id,
        delivery=vault.correlate(str(issue.id), person.id),
        address=person.address,
        name=person.name,
        leave_url=leave_url,
        values=person_values(
            name=person.name,
            consent=chosen.consent,
            leave_url=leave_url,
            language=press.compiled.variant.language,
            zone=person.zone,
            meetings=press.compiled.meetings,
        ),
    )
