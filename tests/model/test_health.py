"""How a source fares, in one word and one sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from msdigest.model.health import Past, health, often, usual_gap
from msdigest.model.source import Source

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
FEN = Source(id="fen", kind="feed", url="https://fen.example/feed", name="Fen Notes")
VISITED = {"url": FEN.url, "last_success": NOW - DAY, "last_new": NOW - 2 * DAY, "next_check": NOW + DAY}


def fares(source: Source = FEN, *, reasons=(), dates=(), **past):
    return health(source, Past(**(VISITED | past)) if past else None, reasons=reasons, dates=dates, now=NOW)


def rhythm(gap: timedelta, *, last: timedelta, count: int = 6) -> list[datetime]:
    return [NOW - last - number * gap for number in range(count)]


STATES = {
    "never visited": ({}, "new", "It was not visited yet: `msdigest collect --source fen` does it now."),
    "well": ({"status": "ok"}, "ok", "All is well."),
    "nothing different": ({"status": "unchanged"}, "unchanged", "All is well; at the last visit nothing was different."),
    "failed once": (
        {"status": "failed", "failures": 1, "error": "the server answered 503"}, "failed",
        "The server answered 503. It is asked again by itself, less and less often.",
    ),
    "failed often": (
        {"status": "failed", "failures": 4, "error": "https://fen.example/feed is no feed."}, "failed",
        "https://fen.example/feed is no feed. It failed 4 times in a row. It is asked again by itself, less and less often.",
    ),
    "asked us to wait": (
        {"status": "failed", "failures": 1, "error": "too many requests", "not_before": NOW + DAY}, "waiting",
        "Too many requests. It asked not to be visited before 2026-11-21 12:00 UTC.",
    ),
    "the wait is over": (
        {"status": "failed", "failures": 1, "error": "too many requests", "not_before": NOW - DAY}, "failed",
        "Too many requests. It is asked again by itself, less and less often.",
    ),
    "gone for good": (
        {"status": "failed", "failures": 2, "error": "410", "gone_times": 2}, "gone",
        (
            "It said on two days that it is gone for good, and is not asked any more: correct its address or disable it "
            "in config/sources.toml; `msdigest collect --source fen` asks once more."
        ),
    ),
    "gone once": (
        {"status": "failed", "failures": 1, "error": "gone", "gone_times": 1}, "failed",
        "Gone. It is asked again by itself, less and less often.",
    ),
    "held as a whole": (
        {"status": "held", "error": "all names changed"}, "held",
        "All names changed. Look at it; if it is right, `msdigest collect --source fen --accept` takes it.",
    ),
    "moved": (
        {"status": "ok", "moved_to": "https://new.example/feed"}, "ok",
        "It has moved for good: write https://new.example/feed into config/sources.toml.",
    ),
    "asked at the new address": (
        {"status": "failed", "failures": 1, "error": "no", "address": "https://new.example/feed"}, "failed",
        (
            "No. It is asked again by itself, less and less often. It has moved for good: write "
            "https://new.example/feed into config/sources.toml."
        ),
    ),
    "moved to where it is asked": ({"status": "ok", "moved_to": FEN.url}, "ok", "All is well."),
    "another address now": (
        {"status": "ok", "url": "https://old.example/feed"}, "new",
        "Its address was changed, and this one was not visited yet: `msdigest collect --source fen` does it now.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", STATES)
def test_what_is_remembered_is_told_in_a_sentence(case) -> None:
    """One word, and why it is so with what to do about it."""
    past, status, sentence = STATES[case]

    found = fares(**past)

    assert (found.status, found.sentence) == (status, sentence)
    assert found.attention is (status in {"failed", "waiting", "gone", "held"} or "moved for good" in sentence)


def test_the_numbers_are_passed_on() -> None:
    """Failures, error and times stand beside the sentence; a past of another address tells its times alone."""
    found = fares(status="failed", failures=3, error="no")
    other = fares(status="failed", failures=3, error="no", url="https://old.example/feed")

    assert (found.failures, found.error, found.next_check) == (3, "no", NOW + DAY)
    assert (other.failures, other.error, other.next_check) == (0, None, None)
    assert other.last_success == found.last_success == NOW - DAY
    assert fares(status="failed", failures=2, error="410", gone_times=2).next_check is None


def test_things_that_are_held_are_counted() -> None:
    """The first one is told; a source that fails besides says so first."""
    held = fares(status="ok", reasons=["900 → 90 is a jump", "no date"])
    failing = fares(status="failed", failures=1, error="no answer", reasons=["900 → 90 is a jump"])

    assert (held.status, held.held) == ("held", 2)
    assert held.sentence.startswith("900 → 90 is a jump. (and 1 more) Look at it")
    assert (failing.status, failing.held, failing.attention) == ("failed", 1, True)
    assert fares(reasons=["x"]).sentence.startswith("X. Look at it")


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("Its selector was never tried.", "Its selector was never tried."),
        ("", "It is disabled in config/sources.toml, and no note says why."),
    ],
)
def test_a_disabled_source_says_its_note(note, sentence) -> None:
    """Whatever its last visit came to."""
    off = Source(id="off", kind="feed", url=FEN.url, enabled=False, note=note)

    found = fares(off, status="failed", failures=9, error="x")

    assert (found.status, found.sentence, found.next_check, found.attention) == ("disabled", sentence, None, False)


@pytest.mark.parametrize("past", [{}, {"status": "new"}, {"status": "unchanged"}])
def test_nobody_is_asked_for_what_editors_type(past) -> None:
    """It is well, visited or not."""
    found = fares(Source(id="manual", kind="editor", url=FEN.url), **past)

    assert found.status in {"ok", "unchanged"}
    assert "`msdigest entry add`" in found.sentence


@pytest.mark.parametrize(
    ("gap", "last", "silent"),
    [
        (3 * DAY, 29 * DAY, False),  # many gaps, but no 30 days
        (3 * DAY, 30 * DAY, True),
        (10 * DAY, 49 * DAY, False),
        (10 * DAY, 50 * DAY, True),
        (timedelta(), 31 * DAY, True),
        (timedelta(hours=1), -DAY, False),  # a date ahead
    ],
)
def test_silence_is_told_after_five_gaps_and_a_month(gap, last, silent) -> None:
    """Nothing new for much longer than usual: perhaps it has ended or moved."""
    found = fares(status="unchanged", dates=rhythm(gap, last=last))

    assert found.silent is silent
    assert found.attention is silent
    if silent:
        assert found.sentence == (
            f"Nothing new for {last.days} days, but before {often(gap)}: look whether it has ended or moved."
        )


def test_no_silence_without_a_rhythm() -> None:
    """Too few entries, a source without a rhythm of its own, or one that fails: other words tell that."""
    quiet = rhythm(DAY, last=300 * DAY)
    page = Source(id="page", kind="livingpage", url=FEN.url, own_rhythm=False)

    assert not fares(status="ok", dates=quiet[:3]).silent
    assert not fares(page, status="ok", dates=quiet).silent
    assert not fares(status="failed", failures=1, error="no", dates=quiet).silent
    assert fares(page, status="ok", dates=quiet).rhythm == ""


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (None, ""),
        (timedelta(), "several times a day"),
        (timedelta(hours=17), "several times a day"),
        (timedelta(hours=20), "about every day"),
        (DAY, "about every day"),
        (3 * DAY, "about every 3 days"),
        (6.4 * DAY, "about every 6 days"),
        (7 * DAY, "about every week"),
        (14 * DAY, "about every 2 weeks"),
        (31 * DAY, "about every 4 weeks"),
        (61 * DAY, "about every 2 months"),
        (330 * DAY, "about every 11 months"),
        (366 * DAY, "about every year"),
        (800 * DAY, "about every 2 years"),
    ],
)
def test_a_rhythm_in_words(gap, words) -> None:
    """As people say it."""
    assert often(gap) == words


def test_the_usual_gap_is_the_one_in_the_middle() -> None:
    """One long holiday makes no slow source; three gaps are needed."""
    dates = [NOW, NOW - DAY, NOW - 90 * DAY, NOW - 92 * DAY]

    assert usual_gap(dates) == 2 * DAY
    assert usual_gap(dates[:3]) is None
    assert usual_gap([]) is None
