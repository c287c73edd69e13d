"""What makes a revision, and whether readers should know."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import process_time

import pytest

from msdigest.model.change import LONGEST_IN_ORDER, MATERIAL_SHARE, changed_share, compare, content_of
from msdigest.model.entry import Enclosure, Entry, Identifier

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TEXT = "one two three four five six seven eight nine ten"
OLD = Entry(
    key="k", source="s", title="A study", url="https://x.example", html=f"<p>{TEXT}</p>", text=TEXT,
    published=NOW, precision="day", section=("Trials",),
)  # fmt: skip


def changed(**words):
    return replace(OLD, **words)


@pytest.mark.parametrize(
    ("new", "difference"),
    [
        (OLD, None),
        (changed(topics=("sleep",)), None),
        (changed(identifiers=(Identifier("doi", "10.1/x"),)), None),
        (changed(evidence="preprint", kind="work", audience=("patient",)), None),
        (changed(updated=NOW, categories=("a",), language="en"), None),
        (changed(id="x", revision=7, first_seen=NOW), None),
        (changed(published=NOW + timedelta(days=1)), ("redated", True)),
        (changed(published=None), ("redated", True)),
        (changed(published=NOW + timedelta(days=1), section=("Results",)), ("redated", True)),
        (changed(section=("Results",)), ("moved", False)),
        (changed(section=()), ("moved", False)),
        (changed(text=TEXT.replace("ten", "tin")), ("edited", False)),
        (changed(text=TEXT.upper()), ("edited", False)),
        (changed(text=f"{TEXT} eleven twelve thirteen fourteen fifteen"), ("edited", True)),
        (changed(text="other words"), ("edited", True)),
        (changed(title="Retracted: a study"), ("edited", True)),
        (changed(text=TEXT.replace("ten", "tin"), published=None), ("edited", True)),
        (changed(text=TEXT.replace("ten", "tin"), section=()), ("edited", False)),
        (changed(html=f"<p><b>{TEXT}</b></p>"), ("edited", False)),
        (changed(text=f"{TEXT}!", html=f"<p>{TEXT}!</p>"), ("edited", False)),
        (changed(precision="minute"), ("edited", False)),
        (changed(url="https://y.example"), ("edited", False)),
        (changed(authors=("A",)), ("edited", False)),
        (changed(coi="none"), ("edited", False)),
        (changed(disclaimer="no advice"), ("edited", False)),
        (changed(enclosures=(Enclosure("https://x.example/a", "audio/mpeg"),)), ("edited", False)),
    ],
)
def test_how_an_entry_differs(new, difference) -> None:
    """The kind of change, and whether a reader of the old text should know."""
    assert compare(OLD, new) == difference


def test_a_difference_is_a_difference_of_content() -> None:
    """What ``compare`` passes over has equal content, so that equal hashes mean no revision."""
    assert content_of(OLD) == content_of(changed(topics=("x",), evidence="y", updated=NOW))
    assert content_of(OLD) != content_of(changed(text="x"))


@pytest.mark.parametrize(
    ("old", "new", "share"),
    [
        ("", "", 0.0),
        ("...", "!!!", 0.0),
        ("a b c", "a b c", 0.0),
        ("A, b; c.", "a b c", 0.0),
        ("", "a b", 1.0),
        ("a b", "", 1.0),
        ("a b", "c d", 1.0),
        ("a b c d", "a x c d", 0.25),
        ("a b c d", "b a c d", 0.25),
        ("a b", "a b c d", 1 / 3),
        ("a a a", "a a", 0.2),
    ],
)
def test_the_share_of_changed_words(old, new, share) -> None:
    """0 for none, 1 for all; marks and capitals do not count, order does."""
    assert changed_share(old, new) == pytest.approx(share)
    assert changed_share(new, old) == pytest.approx(share)


@pytest.mark.parametrize(
    ("old", "new", "share"),
    [
        ([f"w{n}" for n in range(2_000)], ["x"] * 2_000, 1.0),
        ([f"w{n}" for n in range(2_000)], [f"w{n}" for n in range(1_000, 3_000)], 0.5),
        ([f"w{n}" for n in range(2_000)], [f"w{n}" for n in range(2_000) if n != 1_000], 1 / 3_999),
        (["a", "b"] * 20_000, ["b", "a", "a"] * 13_333, None),
        (["a"] * 40_000, ["b"] * 40_000, 1.0),
    ],
    ids=["all others", "half", "one of many", "hostile", "more hostile"],
)
def test_long_texts_are_compared_in_time(old, new, share) -> None:
    """Where order would take too long, words are counted; an attacker's text costs no more than others."""
    assert max(len(old), len(new)) > LONGEST_IN_ORDER
    begin = process_time()
    found = changed_share(" ".join(old), " ".join(new))

    assert process_time() - begin < 2.0
    assert 0.0 <= found <= 1.0
    if share is not None:
        assert found == pytest.approx(share)


def test_a_small_edit_of_a_long_text_is_silent() -> None:
    """A whole new sentence in a page of words stays below the share; a rewritten one does not."""
    words = [f"w{n}" for n in range(1_000)]

    assert (
        changed_share(" ".join(words), " ".join([*words[:500], "and", "now", "for", "once", *words[500:]]))
        < MATERIAL_SHARE
    )
    assert changed_share(" ".join(words), " ".join(words[:500])) > MATERIAL_SHARE


def test_a_title_that_says_retracted_is_material() -> None:
    """One word more, and readers of the old title must know."""
    old = Entry(key="1", source="s", title="A trial of something", url="https://example.org/1", text="word " * 200)

    assert compare(old, replace(old, title="RETRACTED: A trial of something")) == ("edited", True)
    assert compare(old, replace(old, title="A trial of some thing")) == ("edited", False)
