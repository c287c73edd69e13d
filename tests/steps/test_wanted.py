"""What an editor wants in one go: each change sees the one before it, and the issue is compiled once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.steps.scene import drafted, file_provider

from msdigest.errors import RefusedError
from msdigest.steps.composing.wanted import Wanted, whole_id
from msdigest.store import entries as entry_store

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def app(database, tmp_path):
    with drafted(tmp_path / "site", database) as app:
        app.__dict__["provider"] = file_provider(app)
        yield app


def edit(app, **words):
    """Edit the draft; return the numbers of its entries in their order."""
    issue = app.issue(1)
    app.edit(issue, app.edits_after(issue, Wanted(**words)))
    return order(app)


def order(app):
    return [name for entry in app.issue(1).entries for name, each in names(app).items() if each == entry]


def names(app):
    """Return number → entry id."""
    with app.database.reading() as connection:
        return {entry.title.removeprefix("Entry "): entry.id for entry in entry_store.newest(connection)}


def ids(app, *numbers):
    return [names(app)[each] for each in numbers]


def test_moves_build_on_each_other(app) -> None:
    """Twice up is two places; what was moved first is still where it was put when the next one is moved."""
    a, b, c = before = order(app)

    assert edit(app, moves={"up": ids(app, c, c)}) == [c, a, b]
    assert edit(app, moves={"down": ids(app, c), "last": ids(app, a)}) == [c, b, a]
    assert edit(app, moves={"first": ids(app, a)}) == [a, c, b]
    assert edit(app, clear=True) == before


def test_everything_in_one_go(app) -> None:
    """Shown, moved, pinned and hidden entries, an intro and a note: all of it is kept."""
    a, b, c = order(app)
    edit(app, moves={"hide": ids(app, a)})
    after = edit(
        app, moves={"show": ids(app, a), "last": ids(app, a), "pin": ids(app, c), "hide": ids(app, b)},
        intro="A quiet week.", notes=[(names(app)[a], "Read this first.")],
    )  # fmt: skip
    edits = app.issue(1).edits

    assert after == [c, a]
    assert (edits.intro, dict(edits.notes)) == ("A quiet week.", {names(app)[a]: "Read this first."})
    assert (list(edits.pinned), list(edits.hidden)) == (ids(app, c), ids(app, b))


def test_what_is_cleared_comes_back_before_the_rest_is_done(app) -> None:
    """An entry that was hidden can be pinned in the same go; words and notes of before are gone."""
    a, b, c = order(app)
    edit(app, moves={"hide": ids(app, c), "first": ids(app, b)}, intro="Words.", notes=[(names(app)[a], "Note.")])

    assert edit(app, clear=True, moves={"pin": ids(app, c)}) == [c, a, b]
    assert (app.issue(1).edits.intro, app.issue(1).edits.notes) == ("", {})


def test_words_are_taken_back_by_none(app) -> None:
    """Empty is not the same as not spoken of."""
    a, _, _ = order(app)
    edit(app, intro="Words.", notes=[(names(app)[a], "Note.")])
    edit(app, moves={"pin": ids(app, a)})
    kept = app.issue(1).edits
    edit(app, intro="", notes=[(names(app)[a], "")])

    assert (kept.intro, list(kept.notes.values())) == ("Words.", ["Note."])
    assert (app.issue(1).edits.intro, app.issue(1).edits.notes) == ("", {})


@pytest.mark.parametrize(
    ("wanted", "is_any"),
    [
        (Wanted(), False),
        (Wanted(moves={"up": []}), False),
        (Wanted(intro=""), True),
        (Wanted(clear=True), True),
        (Wanted(moves={"up": ["x"]}), True),
        (Wanted(notes=[("x", "")]), True),
    ],
)
def test_whether_anything_is_wanted(app, wanted, is_any) -> None:  # every test of this file has one
    """No words are wanted words."""
    assert bool(wanted) is is_any


def test_the_beginning_of_an_id_is_enough(app) -> None:
    """Six letters in any case, also of a hidden entry; fewer, others and several are refused with the way out."""
    issue = app.issue(1)
    entry = issue.entries[0]

    assert whole_id(issue, entry[:6].upper()) == entry
    edit(app, moves={"hide": [entry[:8]]})
    assert whole_id(app.issue(1), entry[:6]) == entry
    for beginning in (entry[:5], "zzzzzzzz", ""):
        with pytest.raises(RefusedError, match="`msdigest issue show 1` lists its entries"):
            whole_id(issue, beginning)
    twin = replace(issue, sections=(("A", ("abcdef-1", "abcdef-2")),))
    with pytest.raises(RefusedError, match="several entries begin with abcdef"):
        whole_id(twin, "abcdef")


def test_a_move_that_cannot_be_leaves_the_draft_alone(app) -> None:
    """One fault among several changes, and none of them is made."""
    before = app.issue(1)

    with pytest.raises(RefusedError, match="among those that are hidden"):
        edit(app, intro="Words.", moves={"show": [before.entries[0]]})
    assert app.issue(1) == before
