"""The fake of ``Provider``, ``Searchable`` and ``Audible``: it accepts everybody, or answers as it is told.

It knows whom it accepted. A call it makes again within ``repeats`` is answered like the first one, and sends nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from msdigest.errors import ForgedError, ProviderError, UnreadableError
from msdigest.model.delivery import Event, Found, Heard, Outcome
from msdigest.ports import Caps, Failure, Reply, Request
from msdigest.postal.answers import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from msdigest.model.delivery import Doubt, OutcomeState, Shipment
    from msdigest.ports import Posted

Answer = Reply | Failure
PROOF = {"fake-proof": "the fake itself"}
OK = 200
FORBIDDEN = 403
REFUSED = 400
TOO_MANY = 429
BROKEN = 500
# One person's answer each, in the body: delivery id → state.
EACH = 207
_STATES: dict[int, OutcomeState] = {REFUSED: "rejected", FORBIDDEN: "pending", TOO_MANY: "pending"}
# The call never arrived, or it did and was acted on: whoever made it cannot tell.
LOST = Failure("maybe", "the connection broke after the body")
TAKEN_AND_LOST = Failure("maybe", "the connection broke before the answer")


def replying(status: int, body: bytes = b"", **headers: str) -> Reply:
    """Return an answer of the fake; names of headers with underscores."""
    return Reply(status=status, url="fake:", headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body)


def accepting(_delivery_ids: Sequence[str]) -> Answer:
    """Answer every call with success."""
    return replying(OK)


class FakeProvider:
    """Hands each call's delivery ids to ``answer``.

    200 accepts, 207 tells each (``EACH``), 400 rejects, 403 refuses the settings, 429 asks to wait, 500 and more leave
    everybody unknown.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[str]], Answer] = accepting,
        *,
        name: str = "fake",
        max_recipients: int = 10,
        substitutes: bool = True,
        **caps: Any,
    ) -> None:
        """Take how to answer, and its ``Caps``.

        accepted: counts delivery ids. shipments: what was built. taken: attempt → whom it accepted of it.
        asked: attempts that were asked about. asking: answers a question about an attempt; None = as it is.
        """
        self.name = name
        self.caps = Caps(max_recipients=max_recipients, substitutes=substitutes, **caps)
        self.accepted: Counter[str] = Counter()
        self.shipments: list[Shipment] = []
        self.taken: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.asking: Callable[[str], Answer | None] = lambda _: None
        self._first: dict[str, Answer] = {}
        self._answer = answer

    def build(self, shipment: Shipment) -> Request:
        """Write the delivery ids down as the body."""
        self.shipments.append(shipment)
        body = json.dumps([each.delivery for each in shipment.recipients]).encode()
        return Request(method="POST", url="fake:", headers={"attempt": shipment.attempt}, body=body)

    def carry(self, request: Request) -> Answer:
        """Answer, and count whom that accepted."""
        attempt = request.headers["attempt"]
        if request.method == "GET":
            self.asked.append(attempt)
            told = json.dumps(self.taken.get(attempt, [])).encode()
            return self.asking(attempt) or replying(OK, told)
        if self.caps.repeats is not None and attempt in self._first:
            return self._first[attempt]
        ids = json.loads(request.body)
        reply = self._answer(ids)
        if accepted := [each for each in ids if reply is TAKEN_AND_LOST or _outcome(reply, each).state == "accepted"]:
            self.taken[attempt] = accepted
            self._first[attempt] = replying(OK) if reply is TAKEN_AND_LOST else reply
            self.accepted.update(accepted)
        return reply

    def parse(self, reply: Answer, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient; raises ProviderError for 403."""
        _refuse_settings(reply)
        return [_outcome(reply, each.delivery) for each in shipment.recipients]

    def search(self, doubt: Doubt, *, page: str = "") -> Request:  # noqa: ARG002  # everything fits one page
        """Ask whom it accepted of an attempt."""
        return Request(method="GET", url="fake:", headers={"attempt": doubt.attempt})

    def found(self, reply: Answer, doubt: Doubt) -> Found:  # noqa: ARG002  # it tells of one attempt only
        """Read the delivery ids; raises ProviderError for 403."""
        _refuse_settings(reply)
        if isinstance(reply, Failure):
            return Found(trouble=reply.reason)
        if reply.status != OK:
            return Found(trouble=f"the fake answered {reply.status}", retry_after=retry_after(reply))
        return Found(accepted={each: each for each in json.loads(reply.body)})

    def hear(self, posted: Posted, *, now: datetime) -> Heard:
        """Return the events of an array (kind, address and more), each of them just now, of who shows ``PROOF``.

        The header ``fake-mark`` is the call's own mark, ``fake-confirm`` an address to visit.
        """
        if not PROOF.items() <= posted.headers.items():
            raise ForgedError
        try:
            events = [Event(at=now, **told) for told in json.loads(posted.body)]
        except (ValueError, TypeError):
            raise UnreadableError from None
        headers = posted.headers
        return Heard(events=events, once=headers.get("fake-mark", ""), confirm=headers.get("fake-confirm", ""))


def _refuse_settings(reply: Answer) -> None:
    if isinstance(reply, Reply) and reply.status == FORBIDDEN:
        message = "the fake refuses the settings"
        raise ProviderError(message)


def _outcome(reply: Answer, delivery: str) -> Outcome:
    if isinstance(reply, Failure):
        return Outcome("pending" if reply.sent == "no" else "unknown", reason=reply.reason)
    state = json.loads(reply.body)[delivery] if reply.status == EACH else _STATES.get(reply.status)
    if state is None:
        state = "unknown" if reply.status >= BROKEN else "accepted"
    if state == "accepted":
        return Outcome("accepted", provider_id=delivery)
    reason = "refused" if state == "rejected" else f"the fake answered {reply.status}"
    return Outcome(state, reason=reason, retry_after=retry_after(reply) if state == "pending" else None)
