"""A data set is asked conditionally at each of its addresses, and what it no longer has is gone only if it says all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.collect.dataset.visiting import NOW, URL, Desk, answer, source

from msdigest.errors import AnswerError, CollectError, EmptyAnswerError, StatusError
from msdigest.model.source import Validators
from msdigest.ports import NO_VALIDATORS, Memory

ROWS = [{"id": "1", "title": "One", "state": "open"}, {"id": "2", "title": "Two", "state": "open"}]
NAMES = source(url="https://api.example/?q={name}", for_each=("a", "b", "c"), watch=("version",))
A, B, C = (f"https://api.example/?q={name}" for name in "abc")
NOTHING = answer({"error": {"code": "NOT_FOUND"}}, 404)


def test_conditional_visits() -> None:
    """Validators are sent back; after a 304 and for an equal body nothing is read."""
    desk = Desk(source(watch=("state",)))
    first = desk.visit(answer(ROWS, etag='W/"1"', last_modified="Fri", cache_control="max-age=60"))

    assert (first.status, len(first.entries), first.min_interval, first.filtered) == ("ok", 2, 60.0, True)
    assert desk.http.asked == [(URL, NO_VALIDATORS)]
    again = desk.visit(answer(b"", 304, etag='W/"2"'))
    assert (again.status, again.entries, again.body_hash) == ("unchanged", (), first.body_hash)
    assert desk.http.asked == [(URL, Validators('W/"1"', "Fri"))]
    same = desk.visit(answer(ROWS))
    assert desk.http.asked == [(URL, Validators('W/"2"', "Fri"))]
    assert (same.status, same.entries) == ("unchanged", ())
    changed = desk.visit(answer([{**ROWS[0], "state": "closed"}, ROWS[1]]))
    assert desk.http.asked == [(URL, NO_VALIDATORS)]
    assert [entry.facts[0].value for entry in changed.entries] == ["closed", "open"]


def test_new_settings_read_everything_again() -> None:
    """Without the hash of the last visit its notes do not count."""
    desk = Desk(source())
    desk.visit(answer(ROWS, etag='"1"'))
    desk.memory = replace(desk.memory, body_hash=None)

    assert desk.visit(answer(ROWS, etag='"1"')).status == "ok"
    assert desk.http.asked == [(URL, NO_VALIDATORS)]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(b"x", 503, retry_after="120"), StatusError),
        (answer(b"x", 404), StatusError),
        (answer(b"", 304), StatusError),
        (answer(b"\xef\xbb\xbf "), EmptyAnswerError),
        (answer(b"<html></html>"), AnswerError),
    ],
)
def test_refusals(reply, error: type[CollectError]) -> None:
    """A data set that cannot be had is an error."""
    with pytest.raises(error):
        Desk(source()).visit(reply)


def test_one_address_for_each_name() -> None:
    """404 means no rows for this name; what is found under two names is one entry; unchanged ones are not shown."""
    desk = Desk(NAMES)
    one, two = {"id": "1", "title": "One", "version": 1}, {"id": "2", "title": "Two", "version": 1}
    first = desk.visit({A: answer([one], etag='"a"'), B: NOTHING, C: answer([two, one], etag='"c"')})

    assert [entry.key for entry in first.entries] == ["1", "2"]
    assert first.warnings == ()
    second = desk.visit({A: answer(b"", 304), B: answer([two | {"version": 2}]), C: answer(b"", 304)})
    assert [(url, given.etag) for url, given in desk.http.asked] == [(A, '"a"'), (B, None), (C, '"c"')]
    assert [(entry.key, entry.facts[0].value) for entry in second.entries] == [("2", "2")]
    third = desk.visit({A: answer(b"", 304), B: NOTHING, C: answer([two, one])})
    assert (third.status, third.entries) == ("unchanged", ())
    fourth = desk.visit({A: answer(b"", 304), B: NOTHING, C: answer([two])})
    assert (fourth.status, [entry.key for entry in fourth.entries]) == ("ok", ["2"])


def test_failures_among_many_addresses() -> None:
    """One failure fails the visit, so that nothing is lost; if no name has anything, the address is wrong."""
    with pytest.raises(StatusError):
        Desk(NAMES).visit({A: answer(ROWS), B: answer(b"x", 500), C: NOTHING})

    with pytest.raises(AnswerError, match="none of its 3 addresses has anything"):
        Desk(NAMES).visit({A: NOTHING, B: NOTHING, C: NOTHING})


def test_gone() -> None:
    """A row that vanished is gone only from a data set that always has all rows, whatever the filter takes."""
    loose, strict = Desk(source(filter="One|Two")), Desk(source(filter="One|Two", complete=True))
    for desk in (loose, strict):
        desk.visit(answer(ROWS))
        assert desk.visit(answer([])).gone == ()
    other = {"id": "3", "title": "Three"}

    assert loose.visit(answer([ROWS[0], other])).gone == ()
    assert strict.visit(answer([ROWS[0], other])).gone == ("2",)
    assert strict.visit(answer([{**ROWS[0], "title": "Renamed"}, other])).gone == ()
    assert strict.visit(answer([other])).gone == ("1",)


def test_gone_needs_all_addresses() -> None:
    """Where an address is unchanged, what it still has is not known, so nothing is gone."""
    desk = Desk(replace(NAMES, options={**NAMES.options, "complete": True}))
    desk.visit({A: answer([ROWS[0]], etag='"a"'), B: answer([ROWS[1]]), C: NOTHING})

    assert desk.visit({A: answer(b"", 304), B: answer([]), C: NOTHING}).gone == ()
    assert desk.visit({A: answer([ROWS[0], {"id": "9", "title": "Nine"}]), B: NOTHING, C: NOTHING}).gone == ("2",)


def test_a_label_keeps_its_first_date() -> None:
    """A row that tells only its last change is dated by the first version that was seen, and updated by each."""
    desk = Desk(source(watch=("version",)))
    label = {"id": "1", "title": "Label", "version": 17, "effective_time": "20240501"}
    (old,) = desk.visit(answer([label])).entries
    (new,) = desk.visit(answer([label | {"version": 18, "effective_time": "20260512"}])).entries

    assert (str(old.published)[:10], str(old.updated)[:10], old.precision) == ("2024-05-01", "2024-05-01", "day")
    assert (str(new.published)[:10], str(new.updated)[:10], new.precision) == ("2024-05-01", "2026-05-12", "day")


def test_warnings_are_bounded() -> None:
    """Twenty sentences are enough for an editor."""
    rows = [{"id": n, "title": f"Row {n}", "date": "soon"} for n in range(30)]
    warnings = Desk(source()).visit(answer(rows)).warnings

    assert len(warnings) == 21
    assert warnings[-1] == "… and 10 more of this kind."


def test_a_move_is_told() -> None:
    """Where one address moved for good, the editor is told the new one."""
    moved = replace(answer(ROWS), moved_to="https://new.example/notices.json")

    assert Desk(source()).visit(moved).moved_to == "https://new.example/notices.json"
    assert Desk(source(), memory=Memory(now=NOW)).visit(answer(ROWS)).moved_to is None
