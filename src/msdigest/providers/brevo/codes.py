"""What Brevo's answers mean: its codes say more than their status.

Codes: Brevo's API description (``errorModel``). ``duplicate_parameter`` answers a key against repetition that was used
within the last half hour: the call before it was taken, whatever became of its answer.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from msdigest.errors import ProviderError
from msdigest.model.delivery import Outcome
from msdigest.ports import Failure
from msdigest.postal.answers import Statuses, document, judged, text_of, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdigest.ports import Reply

_HINT = "Check [providers.brevo]: api_key, and the sender's domain and the credits at Brevo"
_STATUSES = Statuses(provider="brevo", hint=_HINT, accepted=frozenset((201, 202)))
_FINDING = replace(_STATUSES, accepted=frozenset((200,)))
_AGAIN = frozenset(("duplicate_parameter", "duplicate_request"))
_SETTINGS = frozenset(
    ("unauthorized", "permission_denied", "not_enough_credits", "account_under_validation", "method_not_allowed")
)
# What is wrong with the sender is wrong for everybody.
_SENDER = re.compile(r"\bsender\b", re.IGNORECASE)
_REFUSALS = range(400, 500)
_TOO_MANY = 429
_SPEECHLESS = Outcome("unknown", reason="brevo accepted without a word")
_SECONDS = re.compile(r"[0-9]{1,6}")


def whole(reply: Reply | Failure, *, found: bool = False) -> Outcome:
    """Return what an answer means for everybody; ``found``: to a search. Raises ProviderError for refused settings."""
    said = document(reply)
    code, words = text_of(said.get("code")), text_of(said.get("message")) or ""
    statuses = _FINDING if found else _STATUSES
    if isinstance(reply, Failure) or reply.status not in _REFUSALS:
        outcome = judged(reply, statuses, words=words)
        return outcome if found or outcome.state != "accepted" or _names_messages(reply) else _SPEECHLESS
    if code in _AGAIN and not found:
        return Outcome("accepted", reason="brevo had taken this very call before")
    if code in _SETTINGS or (not found and _SENDER.search(words) and reply.status != _TOO_MANY):
        message = f"brevo answered {reply.status}: {told(words) or code}. {_HINT}"
        raise ProviderError(message)
    outcome = judged(reply, statuses, words=words)
    return replace(outcome, retry_after=_reset(reply)) if outcome.state == "pending" else outcome


def taken(reply: Reply | Failure, count: int) -> Sequence[str | None]:
    """Return Brevo's names of the messages, one for each of ``count`` versions; None where it does not tell."""
    said = document(reply)
    ids = said.get("messageIds", [said.get("messageId")])
    if not isinstance(ids, list) or len(ids) != count:
        return [None] * count
    return [(text_of(each) or "").strip("<>") or None for each in ids]


def _names_messages(reply: Reply | Failure) -> bool:
    said = document(reply)
    return bool(said.get("messageId") or said.get("messageIds"))


def _reset(reply: Reply) -> float | None:
    """Return in how many seconds calls are allowed again."""
    said = (reply.headers.get(name, "") for name in ("retry-after", "x-sib-ratelimit-reset"))
    return next((float(each) for each in said if _SECONDS.fullmatch(each)), None)
