"""Provider ``ses``: Amazon SES, one letter a call with variables for up to 50 recipients.

Endpoint, fields and limits: Amazon's description of the SES API v2, ``POST /v2/email/outbound-bulk-emails``, with the
letter in the call itself. Tracking is switched off in every call. No tag names a topic or an address.
It cannot be asked what it took: webhooks decide. Not verified: whether tags of a recipient add to those of a call or
replace them (so each recipient has all of them), and that addresses are refused each for itself.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msdigest.errors import ProviderError
from msdigest.ports import Caps, Failure, Request
from msdigest.postal.sigv4 import Signer
from msdigest.providers.ses.answers import outcomes
from msdigest.providers.ses.examining import inquiries
from msdigest.providers.ses.hearing import Ear
from msdigest.providers.ses.writing import written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msdigest.model.clock import Clock
    from msdigest.model.delivery import Heard, Outcome, Shipment
    from msdigest.ports import Inquiry, Posted, Reply


class _Machine:
    """The machine's clock: a signature is good for a few minutes around it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SesProvider:
    """Builds requests, reads answers; the call itself is signed here and made by ``send``."""

    name = "ses"
    # A call with a letter in it may be 1 MB long.
    caps = Caps(max_recipients=50, max_bytes=1_000_000, substitutes=True, whole=False, parallel=2, coding="json")

    def __init__(
        self, options: Mapping[str, str], send: Callable[[Request], Reply | Failure], *, clock: Clock | None = None
    ) -> None:
        """Take ``[providers.ses]`` (region, access_key …), the door to the network and a clock to sign by.

        clock: the machine's own, where none is handed in.
        """
        region = options["region"]
        self._base = options.get("base_url") or f"https://email.{region}.amazonaws.com"
        self._options = options
        self._signer = Signer(
            access_key=options["access_key"], secret_key=options["secret_key"], region=region, service="ses"
        )
        self._send = send
        self._clock = clock or _Machine()
        self._ear = Ear(topic=options.get("topic", ""), send=send)

    def build(self, shipment: Shipment) -> Request:
        """Make one call for one letter, not yet signed; raises ProviderError if a shipment holds several."""
        if len(shipment.parts) != 1:
            message = f"ses takes one letter a call, not {len(shipment.parts)}"
            raise ProviderError(message)
        ((letter, people),) = shipment.parts
        configuration_set = self._options.get("configuration_set", "")
        body = written(letter, people, attempt=shipment.attempt, configuration_set=configuration_set)
        url = f"{self._base}/v2/email/outbound-bulk-emails"
        return Request(method="POST", url=url, headers={"Content-Type": "application/json"}, body=body)

    def carry(self, request: Request) -> Reply | Failure:
        """Sign the call and make it: a signature holds the moment, and so is no part of what is built."""
        return self._send(self._signer.signed(request, at=self._clock.now()))

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Return one outcome for each recipient: SES takes or refuses each message for itself.

        Raises ProviderError where the account or the settings are refused and nobody was sent anything.
        """
        return outcomes(reply, number=len(shipment.recipients))

    def hear(self, posted: Posted, *, now: datetime) -> Heard:
        """Return what was told; raises ForgedError, StaleError or UnreadableError.

        Raises ProviderError where the certificate that a call is proven by cannot be had: it has to be told again.
        """
        return self._ear.hear(posted, now=now)

    def inquiries(self, *, domain: str) -> Sequence[Inquiry]:
        """Return what to ask about the account, not yet signed; ``domain``: of the sender's address."""
        return inquiries(
            self._base,
            domain=domain,
            configuration_set=self._options.get("configuration_set", ""),
            topic=self._options.get("topic", ""),
        )


def provider(
    options: Mapping[str, str], send: Callable[[Request], Reply | Failure], *, clock: Clock | None = None
) -> SesProvider:
    """Make the provider of ``[providers.ses]``."""
    return SesProvider(options, send, clock=clock)
