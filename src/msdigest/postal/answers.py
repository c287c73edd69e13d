"""What answers of mail providers mean, where they mean the same for all of them.

``judged`` is the one place where a status becomes an outcome. In doubt it is "unknown": a person who gets a digest
twice is worse off than an operator who looks one up.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from msdigest.errors import ProviderError
from msdigest.model.delivery import Outcome
from msdigest.ports import Failure

if TYPE_CHECKING:
    from msdigest.ports import Reply

ADDRESS = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")
# The same in what others say, with all that stands before an address, and in the form that links have.
_ANY_ADDRESS = re.compile(r"(?:[^\s<>\"',;:]+')*[^\s<>\"',;:]+(?:@|%40)[^\s<>\"',;:]+", re.IGNORECASE)
# Tokens of our links are longer than that, and so are keys; names of messages and of attempts are not.
_SECRET = re.compile(r"[\w-]{44,}", re.ASCII)
_LONGEST = 160
_MOST_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statuses:
    """What one provider's statuses mean; whatever is not named is unknown.

    provider: its name. hint: what to check where the account or the settings are refused.
    settings: trying other recipients would change nothing. refused: this very request, before anything was sent.
    later: too many requests; surely not sent.
    """

    provider: str
    hint: str
    accepted: frozenset[int] = frozenset((200,))
    settings: frozenset[int] = frozenset((401, 402, 403, 404, 405))
    refused: frozenset[int] = frozenset((400, 413, 422))
    later: frozenset[int] = frozenset((429,))


def judged(reply: Reply | Failure, statuses: Statuses, *, words: str = "", provider_id: str | None = None) -> Outcome:
    """Return what an answer means for everybody in the call.

    words: what the provider said, as it said it; addresses are taken out. Raises ProviderError for refused settings.
    """
    if isinstance(reply, Failure):
        return Outcome("pending" if reply.sent == "no" else "unknown", reason=reply.reason)
    if reply.status in statuses.accepted:
        return Outcome("accepted", provider_id=provider_id)
    reason = f"{statuses.provider} answered {reply.status}: {told(words).rstrip(' .!?') or 'no reason given'}"
    if reply.status in statuses.settings:
        message = f"{reason}. {statuses.hint}"
        raise ProviderError(message)
    if reply.status in statuses.later:
        return Outcome("pending", reason=reason, retry_after=retry_after(reply))
    return Outcome("rejected" if reply.status in statuses.refused else "unknown", reason=reason)


def told(words: str) -> str:
    """Return what a provider said on one line, cut to a sensible length: no address, token or control is in it."""
    shown = words if words.isprintable() else "".join(each if each.isprintable() else " " for each in words)
    line = " ".join(shown.split())
    return _SECRET.sub("[token]", _ANY_ADDRESS.sub("[address]", line))[:_LONGEST]


def document(reply: Reply | Failure) -> dict[str, Any]:
    """Return the JSON object of an answer; empty if it holds none."""
    found = json_of(reply)
    return found if isinstance(found, dict) else {}


def json_of(reply: Reply | Failure) -> Any:
    """Return the JSON of an answer; None if it holds none."""
    if isinstance(reply, Failure):
        return None
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def text_of(value: object, *, most: int = 200) -> str | None:
    """Return a text that a provider gave, cut to ``most`` characters; None for anything else or nothing."""
    return value[:most] if isinstance(value, str) and value else None


def retry_after(reply: Reply) -> float | None:
    """Return how many seconds the provider asks to be left alone, if it does."""
    said = reply.headers.get("retry-after", "")
    if _MOST_SECONDS.fullmatch(said):
        return float(said)
    try:
        return max((parsedate_to_datetime(said) - parsedate_to_datetime(reply.headers["date"])).total_seconds(), 0.0)
    except (KeyError, ValueError, TypeError):
        return None
