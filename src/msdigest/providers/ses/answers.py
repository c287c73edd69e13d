"""What answers of SES mean, for a whole call and for each of its messages.

Types of errors and the statuses of messages: Amazon's description of the SES API v2.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msdigest.errors import ProviderError
from msdigest.model.delivery import Outcome
from msdigest.ports import Failure
from msdigest.postal.answers import Statuses, document, judged, retry_after, text_of, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.model.delivery import OutcomeState
    from msdigest.ports import Reply

_HINT = (
    "Check [providers.ses] (region, keys, configuration_set), the rights of the keys, the clock and the account at SES"
)
_STATUSES = Statuses(provider="ses", hint=_HINT)
# Said with a status that means something else for the rest.
_THROTTLED = frozenset((
    "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException",
))  # fmt: skip
_SETTINGS = frozenset((
    "AccountSuspendedException", "SendingPausedException", "MailFromDomainNotVerifiedException", "NotFoundException",
))  # fmt: skip
_MESSAGES: Mapping[str, OutcomeState] = {
    "SUCCESS": "accepted",
    "MESSAGE_REJECTED": "rejected",
    "INVALID_PARAMETER": "rejected",
    "FAILED": "rejected",
    "TRANSIENT_FAILURE": "pending",
    "ACCOUNT_THROTTLED": "pending",
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": "pending",
    # The rest is the same for everybody, as things stand.
    "ACCOUNT_SUSPENDED": "pending",
    "ACCOUNT_SENDING_PAUSED": "pending",
    "CONFIGURATION_SET_NOT_FOUND": "pending",
    "CONFIGURATION_SET_SENDING_PAUSED": "pending",
    "INVALID_SENDING_POOL_NAME": "pending",
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": "pending",
    "TEMPLATE_NOT_FOUND": "pending",
}
_LATER = frozenset(("TRANSIENT_FAILURE", "ACCOUNT_THROTTLED", "ACCOUNT_DAILY_QUOTA_EXCEEDED"))
# A day's quota comes back little by little.
_UNTIL_QUOTA = 3_600.0
# Said of a message where the sender, or in the sandbox any address, is not verified.
_NOT_VERIFIED = re.compile(r"not verified|sandbox", re.IGNORECASE)


def outcomes(reply: Reply | Failure, *, number: int) -> list[Outcome]:
    """Return what an answer means for each of ``number`` recipients.

    Raises ProviderError where the account or the settings are refused and nobody was sent anything.
    """
    whole = _whole(reply)
    if whole.state != "accepted":
        return [whole] * number
    each = document(reply).get("BulkEmailEntryResults")
    if not isinstance(each, list) or len(each) != number:
        return [Outcome("unknown", reason="ses accepted without a word on each message")] * number
    told_each, refusals = zip(*map(_single, each), strict=True)
    refusal = next(filter(None, refusals), None)
    if refusal and all(one.state == "rejected" or why for one, why in zip(told_each, refusals, strict=True)):
        message = f"{refusal}. {_HINT}"
        raise ProviderError(message)
    return list(told_each)


def _whole(reply: Reply | Failure) -> Outcome:
    """Return what an answer means for the whole call; ``accepted``: each message is answered for itself."""
    if isinstance(reply, Failure):
        return judged(reply, _STATUSES)
    said = document(reply)
    # "Type:http://…" in the header, "namespace#Type" in the body.
    named = reply.headers.get("x-amzn-errortype") or text_of(said.get("__type")) or ""
    kind = named.partition(":")[0].rpartition("#")[2]
    words = " ".join(filter(None, (kind, text_of(said.get("message")) or text_of(said.get("Message")))))
    if reply.status not in _STATUSES.accepted and kind in _THROTTLED:
        reason = f"ses answered {reply.status}: {told(words)}"
        return Outcome("pending", reason=reason, retry_after=retry_after(reply))
    outcome = judged(reply, _STATUSES, words=words)
    if outcome.state == "rejected" and (kind in _SETTINGS or _NOT_VERIFIED.search(words)):
        message = f"{outcome.reason}. {_HINT}"
        raise ProviderError(message)
    return outcome


def _single(answer: object) -> tuple[Outcome, str | None]:
    """Return what an answer means for its message, and why that may be everybody's."""
    said: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    status, words = text_of(said.get("Status")) or "", text_of(said.get("Error"), most=1_000) or ""
    state = _MESSAGES.get(status, "unknown")
    if state == "accepted":
        return Outcome("accepted", provider_id=text_of(said.get("MessageId"))), None
    reason = f"ses answered {told(status) or 'nothing'} for this message: {told(words) or 'no reason given'}"
    outcome = Outcome(state, reason=reason)
    if status == "ACCOUNT_DAILY_QUOTA_EXCEEDED":
        outcome = replace(outcome, retry_after=_UNTIL_QUOTA)
    if state == "rejected" and _NOT_VERIFIED.search(words):
        return replace(outcome, state="pending"), reason
    return outcome, reason if state == "pending" and status not in _LATER else None
