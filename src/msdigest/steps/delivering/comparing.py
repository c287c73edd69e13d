"""Some of the people who get an issue, with what they chose and their own values: to compare before it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdigest.render.program import decode
from msdigest.steps.delivering.press import Press, recipient
from msdigest.store import audience
from msdigest.store import deliveries as delivery_store
from msdigest.store import issues as issue_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from msdigest.model.compiled import Choice
    from msdigest.model.issue import Issue
    from msdigest.steps.delivering.press import Post
    from msdigest.store.database import Transaction
    from msdigest.vault import Vault

# So many people's messages are made the naive way too, before the first one leaves.
COMPARED = 8


def some_people(
    connection: Transaction, vault: Vault, post: Post, issue: Issue
) -> Iterator[tuple[str, Choice, Mapping[str, str]]]:
    """Give (variant, choice, values of their slots) of people all over a frozen issue."""
    some = delivery_store.some_choices(connection, issue, limit=COMPARED)
    people = audience.members_by_ids(connection, vault, issue.digest, [person for person, _, _ in some])
    presses: dict[str, Press] = {}
    for person, variant, choice in some:
        if variant not in presses:
            compiled = decode(issue_store.program_of(connection, issue.id, variant))
            presses[variant] = Press(issue, compiled, coding="plain")
        member = people[person]
        told = recipient(vault, post, presses[variant], person=member.subscriber, chosen=member.subscription)
        yield variant, choice, told.values
