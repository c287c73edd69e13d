"""The fake of ``Provider`` and ``Audible``: accepts everybody, or answers as it is told, and knows whom it accepted."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from msdigest.errors import ForgedError, ProviderError, UnreadableError
from msdigest.model.delivery import Event, Heard, Outcome
from msdigest.ports import Caps, Failure, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from msdigest.model.delivery import Shipment
    from msdigest.ports import Posted

Answer = Reply | Failure
PROOF = {"fake-proof": "the fake itself"}
FORBIDDEN = 403
REFUSED = 400


def accepting(_delivery_ids: Sequence[str]) -> Answer:
    """Answer every call with success."""
    return Reply(status=200, url="fake:", headers={}, body=b"")


class FakeProvider:
    """Hands each call's delivery ids to ``answer``; 200 accepts, 400 rejects, 403 refuses the settings."""

    def __init__(
        self,
        answer: Callable[[Sequence[str]], Answer] = accepting,
        *,
        name: str = "fake",
        max_recipients: int = 10,
        substitutes: bool = True,
        whole: bool = True,
    ) -> None:
        """Take how to answer; ``accepted`` counts delivery ids, ``shipments`` keeps what was built."""
        self.name = name
        self.caps = Caps(max_recipients=max_recipients, substitutes=substitutes, whole=whole)
        self.accepted: Counter[str] = Counter()
        self.shipments: list[Shipment] = []
        self._answer = answer

    def build(self, shipment: Shipment) -> Request:
        """Write the delivery ids down as the body."""
        self.shipments.append(shipment)
        body = json.dumps([each.delivery for each in shipment.recipients]).encode()
        return Request(method="POST", url="fake:", body=body)

    def carry(self, request: Request) -> Answer:
        """Answer, and count whom that accepted."""
        ids = json.loads(request.body)
        reply = self._answer(ids)
        if isinstance(reply, Reply) and reply.status not in {FORBIDDEN, REFUSED}:
            self.accepted.update(ids)
        return reply

    def parse(self, reply: Answer, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient; raises ProviderError for 403."""
        people = shipment.recipients
        if isinstance(reply, Failure):
            return [Outcome("pending" if reply.sent == "no" else "unknown", reason=reply.reason)] * len(people)
        if reply.status == FORBIDDEN:
            message = "the fake refuses the settings"
            raise ProviderError(message)
        if reply.status == REFUSED:
            return [Outcome("rejected", reason="refused")] * len(people)
        return [Outcome("accepted", provider_id=each.delivery) for each in people]

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
