"""DKIM (RFC 6376): the keys by which receivers prove who signed; their names come from the provider or a message."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdigest.errors import NamesError
from msdigest.postal.proofs import rsa_bits
from msdigest.steps.examining.verdicts import AGAIN, bad, good, pairs, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdigest.ports import Names, Verdict

SUBJECT = "DKIM"
MIDDLE = "._domainkey."
LEAST_BITS, ENOUGH_BITS = 1024, 2048
_ED25519_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What stands in the DNS where a key should. alias: where the name leads to, if it does; silent: no answer."""

    place: str
    records: tuple[str, ...] = ()
    alias: str = ""
    silent: bool = False


def places_of(selector: str, *, domain: str) -> list[str]:
    """Return the names at which a key may stand, the likeliest first.

    Providers tell the whole name, or only the selector; with that they may sign for ``domain`` or for one above it.
    """
    name = selector.lower().removesuffix(".")
    if MIDDLE in name:
        return [name]
    labels = domain.split(".")
    above = [".".join(labels[at:]) for at in range(1, len(labels) - 1)]
    return [f"{name}{MIDDLE}{each}" for each in (domain, *above)]


def domain_of(place: str) -> str:
    """Return the domain in whose name a key signs."""
    return place.partition(MIDDLE)[2]


def gather(names: Names, place: str) -> Key:
    """Look a key up."""
    try:
        return Key(place=place, records=names.texts(place))
    except NamesError as error:
        if error.why == "failed":
            return Key(place=place, silent=True)
    try:
        return Key(place=place, alias=names.cname(place))
    except NamesError as none:
        return Key(place=place, silent=none.why == "failed")


def find(names: Names, places: Sequence[str]) -> Key:
    """Return the key at the first of ``places`` where anything is or nobody answers; else that the first is empty."""
    keys = (gather(names, place) for place in places)
    return next((key for key in keys if key.records or key.alias or key.silent), Key(place=places[0]))


def judge(key: Key) -> Iterator[Verdict]:
    """Say whether receivers can prove a signature by this key."""
    place = key.place
    if key.silent:
        yield warning(SUBJECT, f"the DNS does not answer for {place}: {AGAIN}")
    elif key.alias:
        yield bad(SUBJECT, f"{place} leads to {key.alias}, where no key is: compare it with what your provider shows")
    elif not key.records:
        yield bad(SUBJECT, f"no key is at {place}: enter the record that your provider shows")
    elif len(key.records) > 1:
        yield bad(SUBJECT, f"{place} holds {len(key.records)} records, receivers take any of them: keep the one key")
    else:
        yield _key(place, pairs(key.records[0]))


def without_names(*, provider: str) -> Verdict:
    """Say that no key could be looked up."""
    return warning(
        SUBJECT,
        f"{provider} does not tell under which names its keys stand: send yourself a test (`issue test N --to`), save "
        "the mail that arrives as a file and name it with --message, then its key is looked up",
    )


def _key(place: str, tags: dict[str, str]) -> Verdict:
    if "p" not in tags or tags.get("v", "DKIM1") != "DKIM1":
        return bad(SUBJECT, f"what is at {place} is no key: compare it with what your provider shows")
    if not tags["p"]:
        return bad(SUBJECT, f"the key at {place} was withdrawn (p= is empty): enter the one your provider shows now")
    if "sha256" not in tags.get("h", "sha256").split(":"):
        return bad(SUBJECT, f"the key at {place} does not allow SHA-256 (h=), which all sign by: leave h= out")
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return bad(SUBJECT, f"the key at {place} is not for mail (s=): leave s= out")
    if "y" in tags.get("t", "").split(":"):
        return warning(SUBJECT, f"the key at {place} says that it is only tried out (t=y): take t=y out of the record")
    kind = tags.get("k", "rsa").lower()
    return _rsa(place, tags["p"]) if kind == "rsa" else _other(place, kind, text=tags["p"])


def _rsa(place: str, text: str) -> Verdict:
    bits = rsa_bits(text)
    if bits is None:
        return bad(SUBJECT, f"the key at {place} cannot be read: it was cut or changed when it was entered")
    if bits < LEAST_BITS:
        return bad(SUBJECT, f"the key at {place} has {bits} bits, which receivers refuse: {ENOUGH_BITS} are usual")
    if bits < ENOUGH_BITS:
        return warning(SUBJECT, f"the key at {place} has {bits} bits: {ENOUGH_BITS} are better, if your provider can")
    return good(SUBJECT, f"the key at {place} has {bits} bits")


def _other(place: str, kind: str, *, text: str) -> Verdict:
    if kind != "ed25519":
        return bad(SUBJECT, f"the key at {place} is of a kind that receivers do not know (k={kind[:20]})")
    try:
        whole = len(base64.b64decode(text, validate=True)) == _ED25519_BYTES
    except ValueError:  # of base64, too
        whole = False
    if not whole:
        return bad(SUBJECT, f"the key at {place} cannot be read: it was cut or changed when it was entered")
    return warning(SUBJECT, f"the key at {place} is Ed25519, which many receivers cannot check: sign by RSA, too")
