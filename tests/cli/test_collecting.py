"""Collecting by hand: what is held is taken only by name, and long rounds tell how far they are."""

from __future__ import annotations

import json
import sqlite3

import pytest
from tests.cli.calling import call

from msdigest.app import App
from msdigest.steps.collecting.reports import SourceReport


def test_accept_needs_a_source(config) -> None:
    """Nobody takes unseen what all sources hold."""
    status, out, err = call("--config", config, "collect", "--accept")

    assert (status, out) == (2, "")
    assert "look at what is held, then name its source: --source ID --accept" in err


def _rename_entries(config) -> None:
    """Make the feed's entries look unknown and yet older than the last visit, as if all names had changed."""
    with sqlite3.connect(config.parents[1] / "var" / "msdigest.db") as database:
        database.execute("update places set key = 'old' || key where source = 'kestrel'")
        database.execute("delete from marks")
        database.execute("update sources set body_hash = null, etag = null, last_modified = null where id = 'kestrel'")
    database.close()


def test_what_is_held_is_taken_when_an_editor_says_so(copy) -> None:
    """Held with a reason first; with --accept it is kept, and nothing is held any more."""
    _rename_entries(copy)
    held = call("--config", copy, "collect", "--source", "kestrel")
    listed = json.loads(call("--config", copy, "sources", "--json").out)["sources"]
    taken = json.loads(call("--config", copy, "collect", "--source", "kestrel", "--accept", "--json").out)["sources"]
    after = json.loads(call("--config", copy, "sources", "--json").out)["sources"]

    assert held.status == 0
    assert "as if it had given known posts other ids" in held.out
    assert "Held: look at it; if it is right, `msdigest collect --source kestrel --accept` takes it." in held.out
    assert next(row for row in listed if row["id"] == "kestrel")["status"] == "held"
    assert (taken[0]["status"], taken[0]["new"] > 0) == ("ok", True)
    assert next(row for row in after if row["id"] == "kestrel")["held"] == []


def test_the_command_of_each_held_source_is_told(copy, monkeypatch) -> None:
    """Each on a line of its own, to be copied."""
    names = ("kestrel", "harbour")
    reports = [SourceReport(id=name, status="held") for name in names]
    monkeypatch.setattr(App, "collect", lambda *_, **__: reports)

    told = call("--config", copy, "collect").out

    assert told.splitlines()[-2:] == [f"`msdigest collect --source {name} --accept`" for name in names]


def test_a_long_round_tells_how_far_it_is(copy) -> None:
    """Sources done and entries new so far, on standard error; standard output has the table alone."""
    (copy.parents[1] / "var" / "msdigest.db").unlink()
    status, out, err = call("--config", copy, "collect")

    assert status == 0
    assert err.splitlines()[-1].startswith("sources: 3 of 3, ")
    assert err.endswith(" entries new\n")
    assert "sources:" not in out


@pytest.mark.parametrize("words", [(), ("--source", "manual")])
def test_what_editors_type_is_no_source_that_fails(copy, words) -> None:
    """It is unchanged; where all others fail the round has failed."""
    sources = copy.parent / "sources.toml"
    text = sources.read_text(encoding="utf-8").replace("http://127.0.0.1:", "http://127.0.0.1:9/x")
    sources.write_text(text + '\n[[source]]\nid = "manual"\nkind = "editor"\n', encoding="utf-8")
    status, out, _ = call("--config", copy, "collect", "--json", *words)
    reports = {each["id"]: each["status"] for each in json.loads(out)["sources"]}

    assert reports["manual"] == "unchanged"
    assert status == (0 if words else 1)
