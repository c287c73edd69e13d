"""People at the operators' door: what they wish, in and out again."""

from __future__ import annotations

import csv
import io
import json

import pytest
from tests.cli.calling import call

ADDRESS = "new@example.org"


@pytest.fixture
def people(copy):
    """Call a command about people of a copy of the demo's site."""
    return lambda *words: call("--config", copy, "subscribers", *words)


def shown(people):
    return json.loads(people("show", ADDRESS, "--json").out)


def test_wishes_of_somebody_who_is_added(people) -> None:
    """Kinds of entries and neutral mails are kept, and told by `show` in both forms."""
    added = people("add", ADDRESS, "--neutral", "--kinds", "work;trial")
    document, told = shown(people), people("show", ADDRESS).out

    assert (added.status, added.out) == (0, "Added.\n")
    assert (document["neutral"], document["subscriptions"][0]["kinds"]) == (True, ["work", "trial"])
    assert "neutral     yes" in told
    assert "work, trial" in told


def test_adding_again_leaves_wishes_that_are_not_spoken_of(people) -> None:
    """Nobody's mail tells more than before because an option was left out."""
    people("add", ADDRESS, "--neutral", "--kinds", "work")
    people("add", ADDRESS, "--name", "New")
    kept = shown(people)
    people("add", ADDRESS, "--no-neutral", "--kinds", "")
    taken_back = shown(people)

    assert (kept["name"], kept["neutral"], kept["subscriptions"][0]["kinds"]) == ("New", True, ["work"])
    assert (taken_back["neutral"], taken_back["subscriptions"][0]["kinds"]) == (False, [])


@pytest.mark.parametrize(("kinds", "word"), [("paper", "'paper'"), ("work,trial", "separate kinds with ;")])
def test_a_kind_that_is_none(people, kinds, word) -> None:
    """Refused with those that there are."""
    told = people("add", ADDRESS, "--kinds", kinds)

    assert (told.status, told.out) == (1, "")
    assert word in told.err
    assert "post, note, work, trial" in told.err


def test_what_is_exported_can_be_imported(people, tmp_path) -> None:
    """With every wish: nothing is refused, and nothing changes."""
    people("add", ADDRESS, "--neutral", "--kinds", "work;trial")
    exported = people("export").out
    (row,) = [row for row in csv.DictReader(io.StringIO(exported)) if row["email"] == ADDRESS]
    file = tmp_path / "people.csv"
    file.write_text(exported, encoding="utf-8")
    report = json.loads(people("import", file, "--json").out)

    assert (row["neutral"], row["kinds"]) == ("yes", "work;trial")
    assert (report["new"], report["updated"], report["refused"]) == (0, 0, [])
    assert report["unknown_columns"] == ["digest"]
