"""What Postmark's error codes mean, for a whole call and for each of its messages.

Codes: Postmark's developer documentation, list of API error codes. Those for streams are a range: which of them a call
to send brings is not written there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msdigest.errors import ProviderError
from msdigest.model.delivery import Outcome
from msdigest.postal.answers import Statuses, document, judged, text_of, told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msdigest.ports import Failure, Reply

_HINT = "Check [providers.postmark]: server_token and message_stream, and the sender's domain at Postmark"
_STATUSES = Statuses(provider="postmark", hint=_HINT)
_ACCEPTED, _INVALID, _MAINTENANCE, _TOO_MANY = 0, 300, 100, 429
# Token, sender's signature, credits, an account that may not send (yet), a call that is not as it should be, streams.
_SETTINGS = frozenset((10, 400, 401, 402, 403, 405, 409, 410, 412, 413, *range(1221, 1240)))
# An invalid message whose fault is ours, and so everybody's.
_OURS = re.compile(r"'(From|Reply-?To|Headers|Metadata|Tag|MessageStream)'|\bmetadata\b", re.IGNORECASE)


def whole(reply: Reply | Failure) -> Outcome:
    """Return what an answer means for the whole call; ``accepted``: each message is answered for itself."""
    said = document(reply)
    code, words = _code(said), text_of(said.get("Message")) or ""
    if code == _MAINTENANCE:
        return Outcome("pending", reason=_reason(code, words))
    if code is not None and code in _SETTINGS:
        raise ProviderError(_refusal(code, words))
    return judged(reply, _STATUSES, words=words)


def single(answer: object) -> tuple[Outcome, str | None]:
    """Return what an answer means for its message, and why that may be everybody's."""
    said: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    provider_id, words = text_of(said.get("MessageID")), text_of(said.get("Message")) or ""
    # A code may be missing where the service is slow and says so.
    code = _ACCEPTED if provider_id and "ErrorCode" not in said else _code(said)
    if code is None:
        return Outcome("unknown", reason="postmark accepted without a word on this message"), None
    if code == _ACCEPTED:
        return Outcome("accepted", provider_id=provider_id), None
    if code in {_MAINTENANCE, _TOO_MANY}:
        return Outcome("pending", reason=_reason(code, words)), None
    if code in _SETTINGS or (code == _INVALID and _OURS.search(words)):
        return Outcome("pending", reason=_reason(code, words)), _refusal(code, words)
    return Outcome("rejected", reason=_reason(code, words)), None


def _code(said: Mapping[str, Any]) -> int | None:
    found = said.get("ErrorCode")
    return found if isinstance(found, int) else None


def _reason(code: int, words: str) -> str:
    return f"postmark answered with the error code {code}: {told(words) or 'no reason given'}"


def _refusal(code: int, words: str) -> str:
    return f"{_reason(code, words)}. {_HINT}"
