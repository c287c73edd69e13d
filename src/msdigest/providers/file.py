"""Provider ``file``: writes each message as an ``.eml`` into the outbox. Nothing leaves the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msdigest.model.delivery import Outcome
from msdigest.ports import Caps, Failure, Reply, Request
from msdigest.render.mime import message

if TYPE_CHECKING:
    from msdigest.model.delivery import Shipment


# What people keep from others: their address, their name and, by its entries, their topics.
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class FileProvider:
    """Writes to ``<outbox>/<issue>/<delivery>.eml``; writing the same delivery again replaces the same file."""

    name = "file"
    caps = Caps(max_recipients=100, substitutes=False, coding="mime")

    def __init__(self, outbox: Path) -> None:
        """Take the folder; it is made when the first message is written."""
        self._outbox = outbox

    def build(self, shipment: Shipment) -> Request:
        """Join all messages into one body: before each its file name and its length in bytes."""
        chunks = []
        for letter, people in shipment.parts:
            for recipient in people:
                raw = message(letter, recipient)
                chunks += [f"{letter.issue}/{recipient.delivery}.eml {len(raw)}\n".encode(), raw]
        return Request(method="WRITE", url=str(self._outbox), body=b"".join(chunks))

    def carry(self, request: Request) -> Reply | Failure:
        """Write the messages, each whole or not at all."""
        at = 0
        try:
            while at < len(request.body):
                end = request.body.index(b"\n", at)
                name, _, length = request.body[at:end].decode().rpartition(" ")
                at = end + 1 + int(length)
                _write(Path(request.url) / name, request.body[end + 1 : at])
        except OSError as error:
            return Failure("no", f"the outbox cannot be written ({error.strerror})")
        return Reply(status=200, url=request.url, headers={}, body=b"")

    def parse(self, reply: Reply | Failure, shipment: Shipment) -> list[Outcome]:
        """Accept everybody, or keep everybody pending: a file that was written is replaced by the next try."""
        if isinstance(reply, Failure):
            return [Outcome("pending", reason=reply.reason) for _ in shipment.recipients]
        return [Outcome("accepted", provider_id=recipient.delivery) for recipient in shipment.recipients]


def _write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE), "wb") as file:
        file.write(raw)
    half.replace(path)
