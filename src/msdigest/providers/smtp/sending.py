"""Provider ``smtp``: whole messages through any relay that speaks SMTP (RFC 5321), 50 over one connection at a time.

Each recipient has a message and an answer of their own. The relay is asked to report failures under the delivery's own
name where it can (RFC 3461); ``reports.py`` reads what it sends. Addresses are ASCII, as all that msdigest keeps are:
SMTPUTF8 is not spoken. A certificate of one's own is trusted by OpenSSL's ``SSL_CERT_FILE``.
"""

from __future__ import annotations

import json
import re
from email.utils import parseaddr
from typing import TYPE_CHECKING

from msdigest.errors import ProviderError
from msdigest.model.delivery import Outcome
from msdigest.ports import Caps, Failure, Reply, Request
from msdigest.postal.answers import json_of
from msdigest.providers.smtp.connections import Pool, RefusedError, Relay, UnreachedError
from msdigest.providers.smtp.examining import inquiries
from msdigest.providers.smtp.handing import TOO_LARGE, Parcel, Told, closed_meanwhile, hand_all, in_trouble
from msdigest.providers.smtp.phrases import told_without
from msdigest.render.mime import message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from msdigest.model.delivery import Shipment
    from msdigest.ports import Inquiry

# A batch is over then, in seconds: whoever waits for it gives no more.
_WHOLE = 45.0
_ANSWERED = 250
# Of our own: some message was not answered, or the first one with good-bye. Three such batches, and it is left alone.
_IN_TROUBLE = 599
# Of RCPT or DATA: says nothing of this recipient, but of what we may do or what we said.
_SETTINGS = frozenset((503, 530, 534, 535, 538, 555))
_HINT = "Check [providers.smtp] host, port, security, user and password, and that they may send as [mail] from"
_NO_ADDRESS = Outcome("rejected", reason="smtp: the address has characters that need SMTPUTF8, which is not spoken")
# What may stand between < and >. Everybody's address that was ever imported does.
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_QUEUED = re.compile(r"\bqueued as <?([\w.-]{4,64})|\bid=([\w.-]{4,64})", re.IGNORECASE)


class SmtpProvider:
    """Builds messages, hands them over and reads what the relay said to each."""

    name = "smtp"

    def __init__(self, options: Mapping[str, str], pool: Pool) -> None:
        """Take ``[providers.smtp]`` (host, port, security, user, password, connections) and the connections."""
        self.caps = Caps(
            max_recipients=50,
            substitutes=False,
            max_bytes=10_000_000,
            whole=False,
            parallel=int(options.get("connections", "4")),
            coding="mime",
        )
        self._pool = pool

    def build(self, shipment: Shipment) -> Request:
        """Join all messages into one body: before each its delivery, its envelope and its length in bytes."""
        chunks, name = [], "localhost"
        for letter, people in shipment.parts:
            sender = parseaddr(letter.sender)[1]
            name = sender.rpartition("@")[2]
            for recipient in people:
                if _ADDRESS.fullmatch(recipient.address):
                    raw = message(letter, recipient)
                    chunks += [f"{recipient.delivery} {sender} {recipient.address} {len(raw)}\n".encode(), raw]
        return Request(method="SEND", url=str(self._pool.relay), headers={"EHLO": name}, body=b"".join(chunks))

    def carry(self, request: Request) -> Reply | Failure:
        """Hand over the messages one after the other; the answer's body tells of each, in JSON."""
        try:
            return self._asked(request) if request.method == "NOOP" else self._handed(request)
        except UnreachedError as error:
            return Failure("no", str(error))
        except RefusedError as error:
            return _reply(error.code, request, error.words)

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Return what the relay said to each recipient's message.

        Raises ProviderError where it refused us or the sender, if it had taken nothing before.
        """
        if isinstance(reply, Failure):
            return [Outcome("pending" if reply.sent == "no" else "unknown", reason=reply.reason)] * len(
                shipment.recipients
            )
        said = json_of(reply)
        if reply.status not in {_ANSWERED, _IN_TROUBLE} or not isinstance(said, dict):
            raise _refused(reply.status, str(said))
        told = {delivery: Told(**each) for delivery, each in said.items()}
        begun = any(each.stage == "end" for each in told.values())
        return [
            _outcome(told[each.delivery], begun=begun) if each.delivery in told else _NO_ADDRESS
            for each in shipment.recipients
        ]

    def inquiries(self, *, domain: str) -> Sequence[Inquiry]:
        """Return what to ask."""
        return inquiries(str(self._pool.relay), domain=domain)

    def close(self) -> None:
        """Take leave of the relay."""
        self._pool.close()

    def _handed(self, request: Request) -> Reply:
        parcels, name = list(_parcels(request.body)), request.headers["EHLO"]
        deadline = self._pool.clock() + _WHOLE
        with self._pool.talking(name, deadline=deadline) as talk:
            used = talk.handed
            told = hand_all(talk, parcels)
        if used and closed_meanwhile(told):
            # Some relays take so many messages over one connection, others grow tired of waiting.
            with self._pool.talking(name, deadline=deadline, fresh=True) as talk:
                told = hand_all(talk, parcels)
        document = {
            parcel.delivery: {"stage": each.stage, "code": each.code, "words": told_without(each.words, parcel.address)}
            for parcel, each in zip(parcels, told, strict=True)
        }
        return _reply(_IN_TROUBLE if in_trouble(told) else _ANSWERED, request, document)

    def _asked(self, request: Request) -> Reply:
        deadline = self._pool.clock() + _WHOLE
        with self._pool.talking(request.headers["EHLO"], deadline=deadline, fresh=True) as talk:
            code = talk.code_of_noop()
            features = talk.esmtp_features
            talk.quit_politely()
        document = {"code": code, "features": sorted(features), "size": features.get("size", "")}
        return _reply(_ANSWERED, request, document)


def provider(options: Mapping[str, str], send: Callable[[Request], Reply | Failure]) -> SmtpProvider:  # noqa: ARG001  # HTTP is not spoken here
    """Make the provider of ``[providers.smtp]``."""
    return SmtpProvider(options, Pool(Relay.read(options)))


def _reply(status: int, request: Request, document: object) -> Reply:
    return Reply(status=status, url=request.url, headers={}, body=json.dumps(document).encode())


def _parcels(body: bytes) -> Iterator[Parcel]:
    """Read what ``build`` wrote."""
    at = 0
    while at < len(body):
        end = body.index(b"\n", at)
        delivery, sender, address, length = body[at:end].decode("ascii").split(" ")
        at = end + 1 + int(length)
        yield Parcel(delivery=delivery, sender=sender, address=address, content=body[end + 1 : at])


def _outcome(told: Told, *, begun: bool) -> Outcome:
    """Return what an answer means for a recipient; ``begun``: the content of some message was handed over."""
    words = told.words
    if told.code == 0:
        return Outcome("unknown" if told.stage == "end" else "pending", reason=f"smtp: {words}")
    reason = f"smtp answered {told.code}: {words or 'no reason given'}"
    kind = told.code // 100
    if told.stage == "end" and kind == 2:  # noqa: PLR2004  # the reply's first digit
        queued = _QUEUED.search(words)
        return Outcome("accepted", provider_id=(queued[1] or queued[2]) if queued else words or None)
    if kind == 4:  # noqa: PLR2004  # as above
        return Outcome("pending", reason=reason)
    if _of_everybody(told):
        if not begun:
            raise _refused(told.code, words)
        return Outcome("pending", reason=reason)
    if kind == 5:  # noqa: PLR2004  # as above
        return Outcome("rejected", reason=reason)
    return Outcome("unknown" if told.stage == "end" else "pending", reason=reason)


def _of_everybody(told: Told) -> bool:
    if told.stage == "mail":
        return told.code != TOO_LARGE
    return told.stage in {"rcpt", "data"} and told.code in _SETTINGS


def _refused(code: int, words: str) -> ProviderError:
    return ProviderError(f"smtp answered {code}: {told_without(words, '') or 'no reason given'}. {_HINT}")
