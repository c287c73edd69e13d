"""What is looked at before an issue goes out: every entry, and one variant at a time."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest
from tests.steps.scene import drafted

from msdigest.model.compiled import CompiledIssue
from msdigest.render.fitting import Weights
from msdigest.render.programs import Programs
from msdigest.steps.delivering import inspecting
from msdigest.store import issues as issue_store

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def app(database, tmp_path):
    """Return a site with a draft of three entries."""
    with drafted(tmp_path / "site", database) as app:
        yield app


def _bodies(app):
    with app.database.reading() as connection:
        return issue_store.programs_of(connection, 1)


@pytest.mark.parametrize(
    ("most", "rest"),
    [(3, {}), (2, {"rest": 1}), (1, {"rest": 1, "rest 2": 1})],
    ids=["all fit", "one is left", "two are left"],
)
def test_every_entry_is_in_some_message(app, most, rest) -> None:
    """What the largest message has no room for is what others get, who chose other topics."""
    issue = app.issue(1)
    examples = inspecting.examples(issue, Programs(_bodies(app)), app.post, most=most)
    first = [one for one in examples if one.variant == examples[0].variant]
    largest = next(one for one in first if one.which == "largest")

    assert {one.which: len(one.choice.entries) for one in first if one.which.startswith("rest")} == rest
    assert {entry for one in first for entry in one.choice.entries} == set(issue.entries)
    assert not any(
        set(largest.choice.entries) & set(one.choice.entries) for one in first if one.which.startswith("rest")
    )
    assert {one.which for one in examples if one not in first} == {"largest"}
    assert len({one.recipient.leave_url for one in examples}) == len(examples)


def test_a_fault_of_an_entry_that_few_get_is_found(app) -> None:
    """An editor's note with a mark of a template, beside an entry that the largest message leaves out."""
    digests = tuple(replace(digest, max_entries=1) for digest in app.settings.digests)
    object.__setattr__(app.settings, "digests", digests)
    issue = app.issue(1)
    largest = next(one for one in app.examples(issue) if one.which == "largest")
    (rare, *_) = (entry for entry in issue.entries if entry not in largest.choice.entries)
    issue = app.edit(issue, replace(issue.edits, notes={rare: "Dear {{ first_name }}, read this."}))
    found = [finding for finding in app.lint(issue) if finding.id == "tpl.placeholder"]

    assert [(finding.level, finding.part) for finding in found] == [("error", "html"), ("error", "text")]
    assert found[0].entry == rare
    assert "HTML part of the rest" in found[0].place


def test_an_entry_that_fits_into_no_message_ends_nothing(app) -> None:
    """Nobody gets it; the others are looked at all the same."""
    entries = app.issue(1).entries
    weights = Weights(0, dict.fromkeys(entries, 10) | {entries[0]: 1_000_000})
    left = inspecting.Choice(entries)

    assert inspecting._rest(weights, left, entries, most=9) == {"rest": inspecting.Choice(entries[1:])}


class _Counted(Programs):
    """Counts what lives of those that it decoded, whenever the next one is asked for."""

    def __init__(self, bodies) -> None:
        super().__init__(bodies)
        self.alive: list[int] = []

    def __getitem__(self, variant: str) -> CompiledIssue:
        self.alive.append(sum(isinstance(each, CompiledIssue) for each in gc.get_objects()))
        return super().__getitem__(variant)


def test_one_variant_at_a_time_is_in_memory(app) -> None:
    """All of them together would take a gigabyte; none waits for the garbage collector."""
    body = _bodies(app)["en.standard"]
    programs = _Counted({f"en.{number}": body for number in range(5)})
    gc.collect()
    before = sum(isinstance(each, CompiledIssue) for each in gc.get_objects())
    gc.disable()
    try:
        inspecting.examples(app.issue(1), programs, app.post, most=2)
    finally:
        gc.enable()

    assert len(programs.alive) >= 2 * len(programs)
    assert max(programs.alive) == before
    assert (len(programs), "en.4" in programs, "en.5" in programs) == (5, True, False)
