"""What is known of a person stays where it is."""

from __future__ import annotations

from datetime import UTC, datetime

from msdigest.model.subscriber import AUDIENCES, FREQUENCIES, THEMES, Consent, Subscriber, Subscription


def test_nothing_personal_is_told_by_accident() -> None:
    """Neither address nor name nor topic stands in a log."""
    consent = Consent(at=datetime(2026, 5, 3, tzinfo=UTC))
    person = Subscriber(id="s1", address="ada@x.example", name="Ada")
    chosen = Subscription(subscriber="s1", digest="weekly", consent=consent, topics=("pml",), kinds=("safety",))

    assert not any(word in repr((person, chosen)) for word in ("ada@", "Ada", "pml", "safety"))
    assert "s1" in repr(person)


def test_a_person_who_chose_nothing_gets_everything() -> None:
    """In English, in the standard theme, with every issue."""
    consent = Consent(at=datetime(2026, 5, 3, tzinfo=UTC))
    person, chosen = (
        Subscriber(id="s1", address="a@x.example"),
        Subscription(subscriber="s1", digest="w", consent=consent),
    )

    assert (person.language, person.zone, person.theme, person.audience, person.neutral) == (
        "en", "UTC", THEMES[0], "", False,
    )  # fmt: skip
    assert (chosen.topics, chosen.kinds, chosen.frequency, chosen.state) == ((), (), FREQUENCIES[0], "active")
    assert AUDIENCES[0] == "patient"
