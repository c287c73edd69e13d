"""The ways in which people read: each once, whoever chose it, and nobody's name with it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.conftest import NOW

from msdigest.model.compiled import Variant
from msdigest.model.subscriber import Subscriber
from msdigest.store import audience, variants

PERSON = Subscriber(id="0" * 32, address="a@example.org")


@pytest.mark.parametrize(
    ("of", "variant"),
    [
        ({}, "en.standard"),
        ({"language": "de-CH", "theme": "low-glare"}, "de.low-glare"),
        ({"language": "xx", "theme": "gone"}, "en.standard"),
        ({"neutral": True, "audience": "researcher"}, "en.standard.neutral.professional"),
        ({"audience": "clinician"}, "en.standard.professional"),
        ({"audience": "patient"}, "en.standard"),
    ],
    ids=str,
)
def test_how_a_person_reads(of, variant) -> None:
    """Their theme and language if we have them; professionals are not told what they know."""
    found = variants.variant_of(replace(PERSON, **of))

    assert found.id == variant
    assert Variant.of(variant) == found


def test_every_way_that_somebody_chose_is_known(database, vault) -> None:
    """The standard one always; another from the moment that somebody has it, also if they change their mind."""
    with database.writing() as connection:
        before = variants.in_use(connection, vault)
        audience.add_people(connection, vault, [("l1", replace(PERSON, theme="large"))], now=NOW)
        audience.change_person(connection, vault, replace(PERSON, language="de"), now=NOW)
        audience.change_person(connection, vault, replace(PERSON, language="de"), now=NOW)
        after = variants.in_use(connection, vault)

    assert before == [Variant()]
    assert after == [Variant(), Variant(language="de"), Variant(theme="large")]


def test_what_was_sealed_before_is_read(database, vault) -> None:
    """A record without the newer choices means that they were not made."""
    import json

    old = ["a@example.org", "Ada", "en", "UTC", "large", ""]
    sealed = vault.seal(json.dumps(old).encode(), about=PERSON.id)
    new = replace(PERSON, name="Ada", theme="large", neutral=True)

    assert audience.open_subscriber(vault, PERSON.id, sealed) == replace(new, neutral=False)
    assert audience.open_subscriber(vault, PERSON.id, audience.seal_subscriber(vault, new)) == new
