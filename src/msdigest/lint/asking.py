"""The two checks that need the network: only on request, through a door that the caller holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdigest.lint.images import HEAVIEST
from msdigest.lint.links import addresses
from msdigest.lint.message import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from msdigest.lint.finding import Finding
    from msdigest.lint.inspected import Inspected

_GONE = (404, 410)
_SERVER_FAULT = 500


def broken_links(inspected: Inspected, ask: Callable[[str], int | None]) -> tuple[Finding, ...]:
    """Ask for every address of the issue once, never for one with a token.

    ask: address → HTTP status of its answer, None if there is none; it bounds time and refuses private addresses.
    Sites that refuse programs (403, 429) are not called broken.
    """
    found = []
    for address, message in _first(_messages(inspected)).items():
        status = ask(address)
        if status is None or status in _GONE or status >= _SERVER_FAULT:
            link = next(each for each in message.page.all("a", "area") if each.get("href").strip() == address)
            found.append(
                message.found(
                    "link.broken",
                    "warning",
                    "a link's server does not answer" if status is None else f"a link answers {status}",
                    element=link,
                    excerpt=address,
                    way_out="Look whether it has moved, or take the entry out.",
                )
            )
    return tuple(found)


def heavy_images(inspected: Inspected, weigh: Callable[[str], int | None]) -> tuple[Finding, ...]:
    """Ask for the bytes of every image once; ``weigh``: address → bytes, None if nobody knows."""
    found, told = [], set()
    for message in _messages(inspected):
        for image in message.page.all("img"):
            address = image.get("src").strip()
            if not address.startswith(("https://", "http://")) or address in told:
                continue
            told.add(address)
            weight = weigh(address)
            if weight is not None and weight > HEAVIEST:
                found.append(
                    message.found(
                        "img.weight",
                        "warning",
                        f"an image weighs {weight / 1000:.0f} kB",
                        element=image,
                        excerpt=address,
                        way_out=f"Make it lighter than {HEAVIEST // 1000} kB.",
                    )
                )
    return tuple(found)


def _messages(inspected: Inspected) -> list[Message]:
    return [Message(specimen, inspected) for specimen in inspected.specimens]


def _first(messages: Sequence[Message]) -> dict[str, Message]:
    """Tell each address with the first message that holds it."""
    found: dict[str, Message] = {}
    for message in messages:
        for address in addresses(message):
            found.setdefault(address, message)
    return found
