"""Entries on the command line: shown with all that is known, and typed by an editor."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest
from tests.cli.calling import call


@pytest.fixture
def desk(copy: Path) -> Path:
    """The main file of a site for which editors type."""
    path = copy.parent / "sources.toml"
    typed = '\n[[source]]\nid = "manual"\nkind = "editor"\n'
    path.write_text(path.read_text(encoding="utf-8") + typed, encoding="utf-8")
    return copy


CALL = (
    "entry", "add", "--kind", "event", "--title", "Ask a neurologist", "--url", "https://example.org/call",
    "--at", "2026-12-03 19:00", "--city", "London", "--speaker", "Ada Example (GB)", "--speaker", "Bo Sample",
    "--join", "https://example.org/room", "--topic", "fatigue", "--text", "Bring your questions.",
)  # fmt: skip


def _added(told) -> str:
    assert told.status == 0, told.err
    return re.search(r"[0-9a-f-]{36}", told.out)[0]


def test_an_event_is_typed(desk) -> None:
    """Told with its id, listed with its details, and shown with everything."""
    told = call("--config", desk, *CALL)
    entry = json.loads(call("--config", desk, "entries", "--source", "manual", "--json").out)["entries"][0]
    shown = call("--config", desk, "entry", "show", _added(told)).out

    assert told.out == f"Added event {entry['id']}: Ask a neurologist\n"
    assert entry["event"] == {
        "start": "2026-12-03T19:00:00Z",
        "places": [{"city": "London", "zone": "Europe/London", "local": "2026-12-03T19:00"}],
        "speakers": [{"name": "Ada Example", "country": "GB"}, {"name": "Bo Sample"}],
        "join": "https://example.org/room",
    }
    assert entry["facts"] == [{"name": "start", "label": "start", "value": "2026-12-03T19:00Z"}]
    assert (entry["trial"], entry["work"], entry["figure"]) == (None, None, None)
    assert entry["topics"] == ["fatigue"]
    assert re.search(r"^start +2026-12-03 19:00 UTC$", shown, re.MULTILINE)
    assert re.search(r"^speakers +Ada Example GB, Bo Sample$", shown, re.MULTILINE)


def test_typed_again_it_changes(desk) -> None:
    """The change is told with before and after, in the table and in the document."""
    first = _added(call("--config", desk, *CALL))
    again = call("--config", desk, *CALL, "--at", "2026-12-10 19:00")
    same = call("--config", desk, *CALL, "--at", "2026-12-10 19:00")
    shown = call("--config", desk, "entry", "show", first).out
    document = json.loads(call("--config", desk, "entry", "show", first, "--json").out)

    assert again.out == f"Changed event {first}: Ask a neurologist\n"
    assert same.out == f"Nothing is different about event {first}: Ask a neurologist\n"
    assert re.search(r"manual +date +start +2026-12-03T19:00Z +2026-12-10T19:00Z$", shown, re.MULTILINE)
    (change,) = document["changes"]
    assert (change["label"], change["before"], change["after"]) == ("start", "2026-12-03T19:00Z", "2026-12-10T19:00Z")
    assert [each["number"] for each in document["revisions"]] == [1, 2]


def test_a_recording_and_a_figure_are_typed(desk) -> None:
    """With a document of what was kept, and how it differs from before."""
    recording = call(
        "--config", desk, "entry", "add", "--kind", "recording", "--title", "Sleep", "--url", "https://example.org/12",
        "--file", "https://example.org/12", "--type", "audio/mpeg", "--length", "1000", "--duration", "58:58", "--json",
    )  # fmt: skip
    figure = call(
        "--config", desk, "entry", "add", "--kind", "figure", "--title", "Register", "--number", "14,500",
        "--unit", "people", "--date", "2026-12", "--source", "manual", "--json",
    )  # fmt: skip
    heard, counted = json.loads(recording.out), json.loads(figure.out)

    assert heard["enclosures"] == [
        {"url": "https://example.org/12", "type": "audio/mpeg", "length": 1000, "duration": 3538}
    ]
    assert (heard["change"], counted["change"]) == ("new", "new")
    assert counted["figure"] == {"name": "Register", "number": 14500.0, "unit": "people", "as_of": "2026-12"}
    assert (counted["precision"], counted["published"]) == ("month", "2026-12-01T00:00:00Z")
    assert re.search(r" 2026-12 +figure ", call("--config", desk, "entries").out)
    assert counted["url"].endswith(f"/entry/{counted['id']}/")


def test_a_text_comes_from_a_file_or_standard_input(desk, tmp_path, monkeypatch) -> None:
    """As it stands there; words and a file together are too many."""
    path = tmp_path / "text.txt"
    path.write_text("First.\n\nSecond: https://example.org/x.", encoding="utf-8")
    note = ("entry", "add", "--kind", "note", "--title", "From a file")
    first = _added(call("--config", desk, *note, "--text-file", path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"From a pipe.")))
    again = _added(call("--config", desk, *note, "--text-file", "-"))
    both = call("--config", desk, *note, "--text", "x", "--text-file", path)
    document = json.loads(call("--config", desk, "entry", "show", first, "--json").out)

    assert first == again
    assert [each["text"] for each in document["revisions"]] == [
        "First.\n\nSecond: https://example.org/x.",
        "From a pipe.",
    ]
    assert (both.status, "not both" in both.err) == (2, True)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(b"Zo\xeb"), "save it as UTF-8"),
        (Path.mkdir, "cannot be read (Is a directory)"),
        (lambda _: None, "cannot be read (No such file or directory)"),
    ],
)
def test_a_text_that_cannot_be_read_is_told(desk, tmp_path, spoil, sentence) -> None:
    """By its name."""
    path = tmp_path / "text.txt"
    spoil(path)
    status, out, err = call("--config", desk, "entry", "add", "--kind", "note", "--title", "x", "--text-file", path)

    assert (status, out) == (1, "")
    assert f"{path}: {sentence}" in err


def test_every_fault_is_told_with_its_option(desk) -> None:
    """Status 2, a line each, in the order of the options; nothing is kept."""
    status, out, err = call(
        "--config", desk, "entry", "add", "--kind", "event", "--title", " ", "--url", "x", "--date", "soon",
        "--topic", "ocrelizumap", "--at", "2026-12-03", "--zone", "Europe/London", "--speaker", "Ada (Narnia)",
    )  # fmt: skip

    assert (status, out) == (2, "")
    assert re.findall(r"(--[a-z-]+): ['i]", err.partition("Invalid value:")[2]) == [
        "--title", "--url", "--date", "--topic", "--at", "--speaker",
    ]  # fmt: skip
    assert "did you mean ocrelizumab?" in err
    assert json.loads(call("--config", desk, "entries", "--source", "manual", "--json").out) == {"entries": []}


def test_a_city_in_place_of_a_zone_is_told_its_option(desk) -> None:
    """Where the word is a city whose clock is known."""
    event = ("entry", "add", "--kind", "event", "--title", "Call", "--at", "2026-12-03 19:00", "--zone")

    assert ", or --city London" in " ".join(call("--config", desk, *event, "London").err.split())
    assert ", or --city" not in call("--config", desk, *event, "Gotham").err


def test_without_a_source_for_it_nothing_is_typed(config) -> None:
    """What to add to the configuration is said."""
    status, _, err = call("--config", config, "entry", "add", "--kind", "note", "--title", "x")

    assert status == 1
    assert 'add [[source]] with id = "manual" and kind = "editor" to config/sources.toml' in err


def test_an_entry_is_shown_with_what_is_watched_on_it(config) -> None:
    """Facts stand in the document of every entry."""
    entries = json.loads(call("--config", config, "entries", "--json").out)["entries"]

    assert all(isinstance(entry["facts"], list) for entry in entries)
    assert all({"trial", "work", "event", "figure"} <= entry.keys() for entry in entries)
