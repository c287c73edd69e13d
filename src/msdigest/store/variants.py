"""In which ways issues are read: every variant that somebody ever chose, and nothing about who did.

People's choices are sealed, so an issue could not know what to compile without opening everybody. A variant stays
once it was chosen; it is sealed too, for where only one person reads it tells of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import insert, select

from msdigest import words
from msdigest.model.compiled import PLAIN, PROFESSIONAL, Variant
from msdigest.model.subscriber import THEMES
from msdigest.store.schema import facts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from msdigest.model.subscriber import Subscriber
    from msdigest.ports import Sealer

_PREFIX = "variant:"
_PROFESSIONALS = {"clinician", "researcher"}


def variant_of(person: Subscriber) -> Variant:
    """Return how a person's issue looks: their theme, their language if we speak it, plain or professional words."""
    return Variant(
        language=words.spoken_language(person.language),
        theme=person.theme if person.theme in THEMES else THEMES[0],
        neutral=person.neutral,
        audience=PROFESSIONAL if person.audience in _PROFESSIONALS else PLAIN,
    )


def note(connection: Connection, vault: Sealer, people: Iterable[Subscriber]) -> None:
    """Remember how ``people`` read."""
    note_all(connection, vault, [variant_of(person) for person in people])


def note_all(connection: Connection, vault: Sealer, variants: Iterable[Variant]) -> None:
    """Remember ``variants``."""
    known = {one.id for one in in_use(connection, vault)}
    wanted = sorted({variant.id for variant in variants} - known)
    rows = [{"name": f"{_PREFIX}{uuid4().hex}", "value": _sealed(vault, variant)} for variant in wanted]
    if rows:
        # Two who note the same at once keep it twice, which nobody sees.
        connection.execute(insert(facts), rows)


def in_use(connection: Connection, vault: Sealer) -> list[Variant]:
    """Return every variant that somebody chose, after the most common one, which is always there."""
    sealed = connection.execute(select(facts.c.value).where(facts.c.name.startswith(_PREFIX))).scalars()
    noted = {vault.open(bytes.fromhex(value), about=_PREFIX).decode() for value in sealed}
    first = Variant()
    return [first, *(Variant.of(one) for one in sorted(noted - {first.id}))]


def _sealed(vault: Sealer, variant: str) -> str:
    return vault.seal(variant.encode(), about=_PREFIX).hex()
