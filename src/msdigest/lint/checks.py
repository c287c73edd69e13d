"""The list of checks, and ``lint``, which makes them all: static, without network, a few hundredths of a second."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from msdigest.lint.bodies import duties, parts, sizes, times
from msdigest.lint.finding import LEVELS, Finding, Level
from msdigest.lint.headers import headers
from msdigest.lint.images import pictures
from msdigest.lint.issue import issue
from msdigest.lint.leftovers import leftovers, tokens
from msdigest.lint.links import links
from msdigest.lint.message import Message
from msdigest.lint.reading import images, reading
from msdigest.lint.structure import forbidden, structure
from msdigest.lint.styles import styles
from msdigest.lint.support import AUDIENCE_CLIENTS, support
from msdigest.lint.wording import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from msdigest.lint.inspected import Inspected

_E: tuple[Level, ...] = ("error",)
_W: tuple[Level, ...] = ("warning",)
_I: tuple[Level, ...] = ("info",)

# Every check: its levels, the hardest first, and what it looks for.
_TABLE: Mapping[str, tuple[tuple[Level, ...], str]] = {
    "size.clip": (_E + _W, "the HTML part is over 102,000 bytes, where Gmail cuts it; a warning from 95,000 on"),
    "size.message": (_E + _W, "the message is over the provider's limit; a warning from 150,000 bytes on"),
    "part.text-missing": (_E, "there is no plain text"),
    "part.text-drift": (_W, "an entry or a link of the HTML part is absent from the plain text"),
    "html.lang": (_E, "html or the first element of body does not tell the language"),
    "html.dir": (_E, "html or the first element of body does not tell the direction"),
    "html.title": (_E, "the title is absent or a template's default"),
    "html.charset": (_W, "the head does not say UTF-8"),
    "html.viewport": (_W, "the head does not say width=device-width"),
    "html.color-scheme": (_W, "the head does not say that the dark scheme is known"),
    "html.doctype": (_W, "the mail does not begin with <!DOCTYPE html>"),
    "html.forbidden": (_E, "scripts, frames, forms, objects, events, pixels that count; or an entry kept uncleaned"),
    "html.unbalanced": (_E, "elements are not well nested, in conditional comments too"),
    "a11y.table-role": (_E, "a table for layout without role=presentation, or a table of data with it"),
    "a11y.alt-missing": (_E, "an image without alt"),
    "a11y.alt-filename": (_W, "an alt text that is the name of a file"),
    "a11y.heading-order": (_W, "a rank of headings is left out"),
    "a11y.h1-count": (_E, "there is not exactly one heading of the first rank"),
    "a11y.link-text": (_E + _W, "a link without words; a warning for “here”, “read more” and bare addresses"),
    "a11y.link-underline": (_W, "a link in a sentence that only its colour tells apart"),
    "a11y.contrast-light": (_E, "less contrast than 4.5 (3 for large letters) in the light scheme"),
    "a11y.contrast-dark": (_E, "less contrast than 4.5 (3 for large letters) in the dark scheme"),
    "a11y.font-size": (_W + _I, "letters below 13 px; said from 16 px down"),
    "a11y.justify": (_W, "text that is justified on both sides"),
    "a11y.all-caps": (_W, "text in capitals"),
    "img.dimensions": (_W, "an image without width and height"),
    "img.http": (_E, "an image that is not loaded over https"),
    "img.weight": (_W, "an image over 200 kB (of those elsewhere only when their servers are asked)"),
    "img.type": (_W, "an image in a form that Outlook or Gmail do not show: SVG, WebP, built-in"),
    "img.only": (_W, "hardly any words beside images"),
    "link.scheme": (_E + _W, "a link that is not https, mailto or tel; a warning for a source's own http address"),
    "link.relative": (_E, "a link without https:// and host"),
    "link.empty": (_E, "a link that leads nowhere"),
    "link.localhost": (_E, "a link to a host that only this machine or nobody knows, unless the site is one"),
    "link.broken": (_W, "a link that answers 404, 410, a server's fault or nothing (only when asked for)"),
    "link.tracking": (_I, "a link that carries identifiers such as utm_source"),
    "tpl.placeholder": (_E, "marks of templates or values that were none (None, nan, Undefined, {{)"),
    "tpl.refused": (_E, "a template that cannot be compiled, or no message at all to look at"),
    "css.unsupported": (_E + _W + _I, "what a client of the audience does not know; an error for position and scripts"),
    "css.positional": (_W, "a selector that asks for neighbours, in the inlined stylesheet"),
    "css.premailer-unsafe": (_E, "what premailer gets wrong, in the inlined stylesheet"),
    "css.external": (_E, "a stylesheet, font or image of a stylesheet that is loaded from elsewhere"),
    "hdr.from": (_E, "not exactly one sender, or one of another domain than [mail] from"),
    "hdr.subject-empty": (_E, "no subject"),
    "hdr.subject-length": (_W, "a subject of more than 60 characters, or more than 78"),
    "hdr.preheader": (_W, "a preview of less than 40 characters although the entries have more to tell"),
    "hdr.list-unsubscribe": (_E, "List-Unsubscribe without the reader's own https address"),
    "hdr.one-click": (_E, "no List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
    "hdr.list-id": (_E, "not exactly one List-Id with a <name>"),
    "hdr.message-id": (_E, "not exactly one Message-ID of the form <unique@domain>, or one that stands twice"),
    "hdr.date": (_E, "not exactly one Date with a zone, or one in the future"),
    "hdr.injection": (_E, "a line end or NUL in a header"),
    "neutral.header": (_E, "a neutral mail's sender, subject, List-Id or preview tells the disease"),
    "body.unsubscribe": (_E, "no visible link to leave"),
    "body.postal": (_E, "no postal address"),
    "body.reason": (_E, "not said why its reader gets it"),
    "body.disclaimer": (_E, "not said that it is no medical advice, or an entry's COI line or disclaimer got lost"),
    "body.duplicate": (_W + _I, "the same address or number twice; said when entries are about one work"),
    "body.stale": (_W, "an entry older than the issue's window, or a meeting that is over"),
    "body.timezone": (_W, "a time of day without zone or city"),
    "token.entropy": (_E, "a leave link whose token has less than 128 bits"),
    "token.leak": (_E, "a reader's token in another message or on the public page"),
    "words.grade": (_W, "prose that asks for more than 12 years of school"),
    "words.long-sentence": (_I, "a sentence of more than 40 words"),
    "words.abbreviation": (_W, "an abbreviation that is nowhere explained"),
}
CHECKS: Mapping[str, str] = {check: sentence for check, (_, sentence) in _TABLE.items()}
LEVELS_OF: Mapping[str, tuple[Level, ...]] = {check: levels for check, (levels, _) in _TABLE.items()}
# Each message shows them where they stand first in it, and that is not the same place in all.
_OF_THE_WHOLE = frozenset((
    "a11y.all-caps", "a11y.contrast-dark", "a11y.contrast-light", "a11y.font-size", "a11y.justify", "css.unsupported",
    "words.abbreviation",
))  # fmt: skip
# Nobody reads more of one kind; how many there are is said.
_MOST_OF_A_KIND = 25


def lint(inspected: Inspected, *, clients: Sequence[str] = AUDIENCE_CLIENTS) -> tuple[Finding, ...]:
    """Make every static check; what several messages have in common is said once. The worst comes first.

    clients: names of mail clients in caniemail whose readers are to be thought of.
    """
    if not inspected.specimens:
        return (_nothing_to_look_at(),)
    found = [*styles(inspected), *issue(inspected), *tokens(inspected)]
    for specimen in inspected.specimens:
        found += _message(Message(specimen, inspected), clients)
    merged = _merged(found)
    return tuple(sorted(_capped(merged), key=lambda finding: LEVELS.index(finding.level)))


def _message(message: Message, clients: Sequence[str]) -> Iterator[Finding]:
    for check in (
        sizes, headers, structure, forbidden, reading, images, pictures, links, leftovers, parts, duties, times,
        wording,
    ):  # fmt: skip
        yield from check(message)
    yield from support(message, clients=clients)


def _nothing_to_look_at() -> Finding:
    return Finding(
        id="tpl.refused",
        level="error",
        message="no message could be made, so nothing was looked at",
        place="issue",
        part="issue",
        way_out="See what compose says of the templates.",
    )


def _merged(found: Iterable[Finding]) -> list[Finding]:
    """Keep one of equal findings; it belongs to no variant if it was found in several."""
    kept: dict[tuple[str, ...], Finding] = {}
    for finding in found:
        key: tuple[str, ...] = (finding.id, finding.level, finding.message, finding.part)
        if finding.id not in _OF_THE_WHOLE:
            key = (*key, finding.entry, finding.excerpt)
        first = kept.setdefault(key, finding)
        if first.variant != finding.variant and first.variant:
            kept[key] = replace(first, variant="")
    return list(kept.values())


def _capped(found: Sequence[Finding]) -> Iterator[Finding]:
    """Leave out what nobody would read, and say how much that was."""
    numbers = Counter((finding.id, finding.level) for finding in found)
    told: Counter[tuple[str, Level]] = Counter()
    for finding in found:
        kind = (finding.id, finding.level)
        told[kind] += 1
        if told[kind] < _MOST_OF_A_KIND or numbers[kind] == _MOST_OF_A_KIND:
            yield finding
        elif told[kind] == _MOST_OF_A_KIND:
            more = numbers[kind] - _MOST_OF_A_KIND
            yield replace(finding, message=f"{finding.message}; and {more} more of this kind")
