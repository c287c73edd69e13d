"""People at the operators' door: what they wish, in and out again."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing

import pytest
from tests.cli.calling import call

ADDRESS = "new@example.org"
SECOND = """
[[digest]]
id = "second"
title = "The second"
cadence = "weekly mon 07:00"
zone = "UTC"
"""
THREE = (
    "weekly,moved-one@example.org,One,fatigue,2026-05-03,Yes\n"
    "weekly,moved-two@example.org,Two,sleep,,\n"
    'second,moved-two@example.org,Two,,2026-06-04,"Yes, both."\n'
)


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


def test_who_reads_a_language_that_mails_are_not_written_in_is_told_of(people, tmp_path) -> None:
    """Accepted, and said once with what there is."""
    file = tmp_path / "people.csv"
    file.write_text("email,language\none@example.org,fr\ntwo@example.org,xx\nthree@example.org,de\n", encoding="utf-8")
    imported, added, german = (
        people(*words)
        for words in (("import", file), ("add", ADDRESS, "--language", "xx"), ("add", ADDRESS, "--language", "de-AT"))
    )
    said = "a language that mails are not written in yet: English is sent (mails are written in en, de)."

    assert (imported.status, added.status) == (0, 0)
    assert " ".join(imported.out.split()).count(f"2 people read {said}") == 1
    assert " ".join(added.out.split()) == f"Added. One person reads {said}"
    assert german.out == "Changed.\n"


def test_an_export_carries_people_into_another_database(people, copy, tmp_path) -> None:
    """Each to their own digests, with what they chose, the day and way they agreed, and the want of evidence."""
    with (copy.parent / "digests.toml").open("a", encoding="utf-8") as digests:
        digests.write(SECOND)
    file = tmp_path / "people.csv"
    file.write_text("digest,email,name,topics,consent_at,consent_text\n" + THREE, encoding="utf-8")
    people("import", file)
    people("add", ADDRESS, "--neutral", "--kinds", "work;trial")
    exported = people("export").out
    for path in (copy.parent.parent / "var").glob("msdigest.db*"):
        path.unlink()
    file.write_text(exported, encoding="utf-8")
    report = json.loads(people("import", file, "--json").out)
    rows, again = (sorted(csv.reader(io.StringIO(text))) for text in (exported, people("export").out))
    told = [(row[0], row[1]) for row in rows if row[1].startswith("moved")]

    assert again == rows
    assert told == [
        ("second", "moved-two@example.org"),
        ("weekly", "moved-one@example.org"),
        ("weekly", "moved-two@example.org"),
    ]
    # One row of the file, and the two that `add` made, one for each digest.
    assert (report["without_evidence"], report["refused"], report["unknown_columns"]) == (3, [], [])


def test_who_asked_for_a_break_is_not_exported(people, copy) -> None:
    """An import would end the break: only active subscriptions are carried over."""
    before = people("export").out.splitlines()
    with closing(sqlite3.connect(copy.parent.parent / "var" / "msdigest.db")) as database, database:
        database.execute("UPDATE subscriptions SET state = 'paused'")
    after = people("export").out.splitlines()

    assert len(before) > 1
    assert after == before[:1]


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
    assert report["unknown_columns"] == []
