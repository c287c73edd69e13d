"""Words that tell what a mail is about, in a text and in a sender."""

from __future__ import annotations

import pytest

from msdigest.model.neutral import telling_words, word_told, word_told_by
from msdigest.model.topic import Topic, Vocabulary

WORDS = ("MS", "pwMS", "multiple sclerosis", "sclerosis", "RECOVERY", "Ocrevus", "B-cell")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("MS news", "MS"),
        ("Ms Example", None),
        ("forms and items", None),
        ("DMS", None),
        ("Multiple Sclerosis today", "multiple sclerosis"),
        ("Multiple-sclerosis", "multiple sclerosis"),
        ("sclerosing", None),
        ("your recovery", None),
        ("RECOVERY", "RECOVERY"),
        ("OCREVUS for you", "Ocrevus"),
        ("pwms", None),
        ("b cell", "B-cell"),
        ("", None),
    ],
)
def test_words_in_a_text(text, word) -> None:
    """Whole words, in any case but for acronyms."""
    assert word_told(text, WORDS) == word


@pytest.mark.parametrize(
    ("mailbox", "word"),
    [
        ("Your update <digest@example.org>", None),
        ("MS update <digest@example.org>", "MS"),
        ("Your update <ms@example.org>", "MS"),
        ("Your update <MS-digest@example.org>", "MS"),
        ("digest@ms.example.org", "MS"),
        ("digest@ms2.example.org", "MS"),
        ("digest@systems.example.org", None),
        ("pwms@example.org", "pwMS"),
        ("multiplesclerosis@example.org", "multiple sclerosis"),
        ("multiple-sclerosis@example.org", "sclerosis"),
        ("ocrevus.news@example.org", "Ocrevus"),
        ("my.recovery@example.org", "RECOVERY"),
        ("b.cell@example.org", None),
        ('"Ms, Example" <a@example.org>', None),
        ("", None),
    ],
)
def test_words_in_a_sender(mailbox, word) -> None:
    """In the name as in any text; in the address as a part of its own, in any case."""
    assert word_told_by(mailbox, WORDS) == word


def test_the_disease_and_its_medicines_tell() -> None:
    """Symptoms do not: half of the world is tired."""
    topics = [
        Topic(id="a", name="ocrelizumab", kind="dmt", synonyms=("Ocrevus",)),
        Topic(id="b", name="tolebrutinib", kind="pipeline", synonyms=("tolebrutinib",)),
        Topic(id="c", name="fatigue", kind="symptom", synonyms=("tired",)),
    ]
    words = telling_words(Vocabulary(tuple(topics)))

    assert {"MS", "sclerosis", "Sklerose", "ocrelizumab", "Ocrevus", "tolebrutinib"} <= set(words)
    assert not {"fatigue", "tired"} & set(words)
